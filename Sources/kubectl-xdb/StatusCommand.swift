import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

extension Document.Format: ExpressibleByArgument {}

/// Shows how groups are.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Show how a group is, what goes on, what is wrong and what to do; without a name, every group on a line."
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String?

    @Flag(name: [.customShort("A"), .long], help: "The groups of all namespaces.")
    var allNamespaces = false

    @Flag(name: .shortAndLong, help: "Go on showing it.")
    var watch = false

    @Option(name: .shortAndLong, help: "The objects as json or yaml.")
    var output: Document.Format?

    @Flag(help: "End with 10 when members are lacking, 11 when there are no writes, 12 when that is not known.")
    var exitCode = false

    func validate() throws {
        guard group == nil || !allNamespaces else { throw ValidationError("a group is in one namespace: leave out -A") }
        guard !watch || output == nil else { throw ValidationError("--watch is for people: leave out -o") }
        guard !watch || !exitCode else { throw ValidationError("--watch does not end: leave out --exit-code") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        if watch { return try await goOn(connection) }
        let verdicts: [GroupVerdict]
        if let group {
            let found = try await connection.group(group)
            if let output {
                Output.write(Document.text(JSONValue(found), output))
            } else {
                Output.write(
                    GroupScreen.text(try await connection.scene(of: found), Terminal.style(), width: Terminal.width())
                )
            }
            verdicts = [GroupVerdict(found)]
        } else {
            let groups = try await connection.groups(everywhere: allNamespaces)
            Output.write(text(groups, connection, now: .now))
            verdicts = groups.map { GroupVerdict($0) }
        }
        if exitCode { try (verdicts.map(\.outcome).max { $0.rawValue < $1.rawValue } ?? .done).end() }
    }

    private func text(_ groups: [XDBGroup], _ connection: Connection, now: Time) -> String {
        if let output { return Document.text(Document.list(groups.map { JSONValue($0) }), output) }
        if groups.isEmpty {
            let place = allNamespaces ? "the cluster" : "namespace \(connection.namespace)"
            return "no groups in \(place)\n"
        }
        return GroupTable.text(groups, namespaced: allNamespaces, now: now, Terminal.style(), width: Terminal.width())
    }

    /// Until somebody ends it, or the group is gone.
    private func goOn(_ connection: Connection) async throws {
        var screen = LiveScreen()
        LiveScreen.begin()
        try await Follower(connection).forever {
            if let group {
                var scene = try await connection.scene(of: connection.group(group))
                let text = GroupScreen.text(scene, Terminal.style(), width: Terminal.width())
                scene.now = Time(seconds: 0)
                screen.show(text, stable: GroupScreen.text(scene, Style()))
            } else {
                let groups = try await connection.groups(everywhere: allNamespaces)
                screen.show(
                    self.text(groups, connection, now: .now),
                    stable: self.text(groups, connection, now: Time(seconds: 0))
                )
            }
        }
    }
}

/// Shows which members are on which node.
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "Show every node with its zone, its state and the members on it.",
        discussion: "Members of all namespaces, as far as you may see them; with -n those of one."
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Flag(name: [.customShort("A"), .long], help: "The groups of all namespaces (the default).")
    var allNamespaces = false

    @Option(name: .shortAndLong, help: "The same as json or yaml.")
    var output: Document.Format?

    func validate() throws {
        guard !allNamespaces || connectionOptions.namespace == nil else {
            throw ValidationError("-A and -n exclude each other")
        }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        var notes: [String] = []
        var isNamespaced = connectionOptions.namespace == nil
        let groups: [XDBGroup]
        do {
            groups = try await connection.groups(everywhere: isNamespaced)
        } catch let error as APIError where error.isForbidden && isNamespaced && !allNamespaces {
            isNamespaced = false
            groups = try await connection.groups()
            notes.append("groups of other namespaces: \(Complaint(refusal: error).message)")
        }
        let nodes = try await connection.optional("zones and states of nodes") {
            try await connection.client.list(Node.self).items
        }
        notes += [nodes.hidden].compactMap(\.self)
        let report = NodeReport(nodes: nodes.value, groups: groups)
        if let output { return Output.write(Document.text(report.json, output)) }
        Output.write(report.text(namespaced: isNamespaced, now: .now, Terminal.style(), width: Terminal.width()))
        for note in notes { Output.note("Not shown: \(note)") }
    }
}
