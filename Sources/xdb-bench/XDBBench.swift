import ArgumentParser

/// Measures what the project claims; `hack/bench` builds and starts it.
@main
struct XDBBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xdb-bench",
        abstract: "Measures what the project claims.",
        subcommands: [
            Start.self, Write.self, Failover.self, Rebuild.self, Migrate.self, Offline.self, Client.self,
            ClientRound.self,
        ]
    )
}
