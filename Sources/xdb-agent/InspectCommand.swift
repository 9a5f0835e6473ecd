import Agent
import ArgumentParser
import FoundationEssentials

/// Runs `xdb-agent inspect`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Prints what is in a member's directory, as JSON; nothing is changed.",
        discussion: """
            It reads the files alone: whose directory it is, what was promised, where the log begins and ends, and the \
            transactions beyond what is noted as committed. An agent may run beside it, or none.
            """
    )

    @Option(help: "Where everything of this life is.")
    var directory = "/var/lib/xdb"

    func run() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(DirectoryInspection.look(at: directory)), as: UTF8.self))
    }
}
