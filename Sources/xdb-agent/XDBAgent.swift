import Agent
import ArgumentParser

/// The program that runs beside every member's server.
@main
struct XDBAgent {
    static func main() async {
        // The supervisor must stay tiny and start first of all: it needs nothing of what follows.
        if CommandLine.arguments.dropFirst().first == "init" {
            Supervisor.run(Array(CommandLine.arguments.dropFirst(2)))
        }
        MemberAgent.prepareProcess()
        if CommandLine.arguments.dropFirst().first == "rebuild" { RebuildJob.prepareProcess() }
        await Root.main()
    }
}

/// The commands, for people who ask for help.
struct Root: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xdb-agent",
        abstract: "The agent of one member of a group of MariaDB servers.",
        version: Build.version,
        subcommands: [
            RunCommand.self, RebuildCommand.self, InspectCommand.self, InitCommand.self, VersionCommand.self,
        ]
    )
}

/// Runs `xdb-agent version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() {
        print(Build.version)
    }
}

/// Explains `xdb-agent init`, which is handled before anything is parsed; here for the help only.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Supervises the agent as the first process of a container.",
        discussion: """
            Runs `xdb-agent` with the given arguments, starts it again when it dies, passes SIGTERM on, and reaps the \
            processes that lost their parents. A crash of the agent does not stop the server.
            """
    )

    @Argument(parsing: .captureForPassthrough, help: "The arguments of the supervised agent.")
    var arguments: [String] = []
}

/// What this build is.
enum Build {
    static let version = "0.1.0"
}
