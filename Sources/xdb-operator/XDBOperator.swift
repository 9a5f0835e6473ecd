import ArgumentParser

/// The operator's command line.
@main
struct XDBOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xdb-operator",
        abstract: "Runs groups of MariaDB servers with a leader, followers and loggers on Kubernetes.",
        version: version,
        subcommands: [RunCommand.self, DefinitionsCommand.self, VersionCommand.self]
    )

    static let version = "0.1.0-dev"
}

/// Prints the version.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print(XDBOperator.version)
    }
}
