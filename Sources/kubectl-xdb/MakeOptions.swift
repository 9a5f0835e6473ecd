import ArgumentParser
import Console
import KubernetesModel
import XDB

/// For how long an operation may take.
struct TimeoutOption: ParsableArguments {
    @Option(
        name: .customLong("timeout"),
        help: """
            For how many seconds the operation may wait for its turn and take (a migration: between two moves), before it \
            fails; 600 by default.
            """
    )
    var seconds: Int?

    func validate() throws {
        guard seconds.map({ (1...86400).contains($0) }) ?? true else {
            throw ValidationError("--timeout must be 1 to 86400")
        }
    }
}

/// The options of commands that make an operation.
struct MakeOptions: ParsableArguments {
    @OptionGroup var timeout: TimeoutOption

    @Flag(help: "Make nothing: the server checks the operation, and it is printed as it would be made.")
    var dryRun = false

    @OptionGroup var waiting: WaitOptions

    func validate() throws {
        guard !dryRun || !waiting.wait else { throw ValidationError("--dry-run makes nothing to --wait for") }
    }
}

/// The options of commands whose operation is planned by the operator, and can be planned alone.
struct PlanOptions: ParsableArguments {
    @OptionGroup var waiting: WaitOptions

    @Flag(help: "Plan it and do nothing: the operator writes the plan, which is printed; the operation is deleted.")
    var dryRun = false

    @Option(name: .shortAndLong, help: "With --dry-run: the plan as json or yaml.")
    var output: Document.Format?

    func validate() throws {
        guard output == nil || dryRun else { throw ValidationError("-o is for the plan of a --dry-run") }
        guard !dryRun || !waiting.wait else { throw ValidationError("--dry-run waits by itself: leave out --wait") }
    }
}

/// The options of commands that copy data.
struct CopyOptions: ParsableArguments {
    @Option(help: "How much of a copy is sent in a second at most, for example 50Mi.")
    var bytesPerSecond: String?

    var limit: Quantity? { bytesPerSecond.flatMap { Quantity($0) } }

    func validate() throws {
        guard bytesPerSecond == nil || limit != nil else {
            throw ValidationError("--bytes-per-second must be an amount, for example 50Mi")
        }
    }
}

/// A group, and how an operation on it is made.
struct GroupWork: ParsableArguments {
    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var options: MakeOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    /// Connects, and looks it up.
    func find() async throws -> (connection: Connection, group: XDBGroup) {
        let connection = try connectionOptions.connect()
        return (connection, try await connection.group(group))
    }
}

/// A node, and how an operation on it is made.
struct NodeWork: ParsableArguments {
    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var options: MakeOptions

    @Argument(help: "The node.", completion: .nodes)
    var node: String

    /// Connects, to the operator's namespace.
    func connect() throws -> Connection { try connectionOptions.connect().atOperator }
}
