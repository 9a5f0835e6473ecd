import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

/// Shows operations.
struct OpsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ops",
        abstract: "Show operations, the newest first; one of them in detail, or those of one group."
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "An operation, or a group.", completion: .operations)
    var name: String?

    @Flag(name: [.customShort("A"), .long], help: "The operations of all namespaces.")
    var allNamespaces = false

    @Flag(name: .shortAndLong, help: "Go on showing them; of one, until its end, which the exit code tells.")
    var watch = false

    @Option(name: .shortAndLong, help: "The objects as json or yaml.")
    var output: Document.Format?

    func validate() throws {
        guard name == nil || !allNamespaces else { throw ValidationError("a name is of one namespace: leave out -A") }
        guard !watch || output == nil else { throw ValidationError("--watch is for people: leave out -o") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        guard let name else { return try await list(nil, connection) }
        if let operation = try await connection.client.find(XDBOperation.self, connection.key(name)) {
            return try await show(operation, connection)
        }
        let isGroup = try await connection.client.find(XDBGroup.self, connection.key(name)) != nil
        if isGroup { return try await list(name, connection) }
        try await show(try await connection.operation(name), connection)
    }

    private func list(_ group: String?, _ connection: Connection) async throws {
        func look() async throws -> [XDBOperation] {
            try await connection.operations(of: group, everywhere: allNamespaces)
        }
        func text(_ operations: [XDBOperation], now: Time) -> String {
            if operations.isEmpty {
                let hint = group.map { "; what its spec asks for: \(connection.invocation.command("status \($0)"))" }
                return Paragraph.plain("no operations\(hint ?? "")\n")
            }
            return OperationTable.text(
                operations,
                namespaced: allNamespaces,
                now: now,
                Terminal.style(),
                width: Terminal.width()
            )
        }
        if let output {
            return Output.write(Document.text(Document.list(try await look().map { JSONValue($0) }), output))
        }
        guard watch else { return Output.write(text(try await look(), now: .now)) }
        var screen = LiveScreen()
        LiveScreen.begin()
        try await Follower(connection).forever {
            let operations = try await look()
            screen.show(text(operations, now: .now), stable: text(operations, now: Time(seconds: 0)))
        }
    }

    private func show(_ operation: XDBOperation, _ connection: Connection) async throws {
        func text(_ operation: XDBOperation, now: Time) -> String {
            OperationScreen.text(
                operation,
                now: now,
                invocation: connection.invocation,
                Terminal.style(),
                width: Terminal.width()
            )
        }
        if let output { return Output.write(Document.text(JSONValue(operation), output)) }
        guard watch else { return Output.write(text(operation, now: .now)) }
        var screen = LiveScreen()
        LiveScreen.begin()
        let ended = try await Follower(connection).poll("", every: .seconds(1)) { () -> XDBOperation? in
            let operation = try await connection.operation(operation.metadata.name)
            screen.show(text(operation, now: .now), stable: text(operation, now: Time(seconds: 0)))
            return operation.isFinished ? operation : nil
        }
        try OperationResult.outcome(of: ended)?.end()
    }
}

/// Explains what was done, and what is not done.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell why a group failed over, waits or refuses; or what an operation did, with its certificate."
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "A group or an operation.", completion: .operations)
    var name: String

    @Option(name: .shortAndLong, help: "The same as json or yaml.")
    var output: Document.Format?

    func run() async throws {
        let connection = try connectionOptions.connect()
        if let group = try await connection.client.find(XDBGroup.self, connection.key(name)) {
            let scene = try await connection.scene(of: group)
            if let output { return Output.write(Document.text(ExplanationDocument.json(scene), output)) }
            return Output.write(GroupExplanation.text(scene, Terminal.style(), width: Terminal.width()))
        }
        let operation = try await connection.operation(name)
        if let output {
            let document = ExplanationDocument.json(operation, connection.invocation)
            return Output.write(Document.text(document, output))
        }
        Output.write(
            OperationScreen.text(
                operation,
                isExplained: true,
                now: .now,
                invocation: connection.invocation,
                Terminal.style(),
                width: Terminal.width()
            )
        )
    }
}
