import Kubernetes
package import KubernetesModel
import XDB

// What people ask of a group.
extension LabGroup {
    /// Asks for another leader.
    package func changeLeader(_ operation: String, to member: String) async throws {
        try await ask("name: \(operation)", "changeLeader: {to: \(member)}")
    }

    /// Asks for a leader without a majority.
    package func forceLeader(_ operation: String, _ member: String, acceptDataLoss: Bool) async throws {
        try await ask("name: \(operation)", "forceLeader: {member: \(member), acceptDataLoss: \(acceptDataLoss)}")
    }

    /// Asks for a member to be made anew, and returns the name of the operation.
    package func rebuild(
        member: String,
        mode: String = "Auto",
        node: String? = nil,
        source: String? = nil,
        bytesPerSecond: String? = nil,
        changeLeaderFirst: Bool? = nil,
        discardFirst: Bool? = nil
    ) async throws -> String {
        let flags = [("changeLeaderFirst", changeLeaderFirst), ("discardFirst", discardFirst)]
            .map { name, value in (name, value.map { "\($0)" }) }
        let choices = ([("node", node), ("source", source), ("bytesPerSecond", bytesPerSecond)] + flags)
            .compactMap { name, value in value.map { ", \(name): \($0)" } }
        return try await ask(
            "generateName: rebuild-\(member)-",
            "rebuild: {member: \(member), mode: \(mode)\(choices.joined())}"
        )
    }

    /// Asks for a restart of one member, or of all, and returns the name of the operation.
    package func restart(member: String? = nil) async throws -> String {
        try await ask("generateName: restart-", "restart: {\(member.map { "member: \($0)" } ?? "")}")
    }

    /// Asks for the recovery of the group, and returns the name of the operation.
    package func recover() async throws -> String {
        try await ask("generateName: recover-", "recoverGroup: {}")
    }

    /// Changes the specification; null takes a field away.
    package func change(_ spec: String) async throws {
        let patch = "{\"spec\": \(spec)}"
        try await Lab.kubectl("patch", "xdb", name, "-n", namespace, "--type=merge", "-p", patch)
    }

    /// Changes how much of a copy is sent in a second; 0 for no limit.
    package func limit(_ operation: String, to bytesPerSecond: String) async throws {
        try await change(operation, "{\"rebuild\": {\"bytesPerSecond\": \"\(bytesPerSecond)\"}}")
    }

    /// Takes an operation back.
    package func cancel(_ operation: String) async throws { try await change(operation, "{\"cancel\": true}") }

    func change(_ operation: String, _ spec: String) async throws {
        let patch = "{\"spec\": \(spec)}"
        try await Lab.kubectl("patch", "xop", operation, "-n", namespace, "--type=merge", "-p", patch)
    }

    /// Waits until a rebuild is in the middle of its copy.
    package func copies(_ operation: String) async throws {
        try await eventually("the copy of \(operation) goes on") { () -> Bool? in
            let status = try await self.operation(operation)["status"]
            return status?[path: "progress", "bytesDone"]?.integerValue ?? 0 > 0 ? true : nil
        }
    }

    /// What an operation says.
    package func message(of operation: String) async throws -> String {
        try await self.operation(operation)[path: "status", "message"]?.stringValue ?? ""
    }

    /// Waits until nothing of a rebuild is left that is to be removed.
    package func owesNothing() async throws {
        try await eventually("nothing is left of the old lives of \(name)") { () -> Bool? in
            let status = try await object()["status"]
            return status?["rebuild"] == nil && status?["debts"]?.arrayValue?.isEmpty ?? true ? true : nil
        }
    }

    /// Waits until the group is as its present specification wants it, and nothing is left to remove.
    package func isAsWanted() async throws {
        try await eventually("\(name) is as its spec wants it") { () -> Bool? in
            let group = try await object()
            guard group[path: "status", "observedGeneration"] == group[path: "metadata", "generation"],
                group[path: "status", "debts"]?.arrayValue?.isEmpty ?? true,
                try await condition("Progressing")?.reason == "AsWanted"
            else { return nil }
            return try await condition("FullyRedundant")?.status == "True" ? true : nil
        }
    }

    /// The members that vote in the newest epoch.
    package func voters() async throws -> [String] {
        try await newestEpoch()["voters"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// Writes go on, the group is whole, and all that was acknowledged is on every member.
    package func settle(_ writer: Writer) async throws {
        try await writer.progress(by: 40)
        try await wait(for: "FullyRedundant")
        try await expectSame(as: writer)
    }

    /// Makes an operation with a part of its metadata and of its specification in YAML, and returns its name.
    @discardableResult
    func ask(_ metadata: String, _ work: String) async throws -> String {
        try await Lab.kubectl(
            "create",
            "-f",
            "-",
            "-o",
            "jsonpath={.metadata.name}",
            input: """
                apiVersion: xdb-operator.github.io/v1alpha1
                kind: XDBOperation
                metadata: {\(metadata), namespace: \(namespace)}
                spec: {group: \(name), \(work)}
                """
        )
    }

    /// An operation as it is now.
    package func operation(_ operation: String) async throws -> JSONValue {
        try await Lab.client.get(XDBOperation.resource, ObjectKey(namespace: namespace, name: operation))
    }

    /// Waits until an operation has ended, however that is, and returns its state.
    package func ends(_ operation: String) async throws -> String {
        try await eventually("\(operation) has ended", within: .seconds(1200)) { try await end(of: operation) }
    }

    /// Whether an operation has ended, however that is.
    package func hasEnded(_ operation: String) async throws -> Bool { try await end(of: operation) != nil }

    /// The state of an operation; empty before it is looked at.
    package func state(of operation: String) async throws -> String {
        try await self.operation(operation)[path: "status", "state"]?.stringValue ?? ""
    }

    /// The state in which an operation has ended; nil before.
    private func end(of operation: String) async throws -> String? {
        let state = try await state(of: operation)
        return XDBOperation.State(rawValue: state)?.isFinal == true ? state : nil
    }

    /// What became of an operation.
    package struct Operation {
        package var message: String
        package var steps: [String]
        /// How long each step took, in milliseconds.
        package var phases: [String: Double]
        package var certificate: JSONValue?
    }

    /// Waits until an operation has a state.
    package func operation(_ operation: String, reaches state: String) async throws -> Operation {
        try await eventually("\(operation) is \(state)") { () -> Operation? in
            guard let status = try await self.operation(operation)["status"], status["state"]?.stringValue == state
            else {
                return nil
            }
            let steps = status["steps"]?.arrayValue ?? []
            return Operation(
                message: status["message"]?.stringValue ?? "",
                steps: steps.compactMap { $0["name"]?.stringValue },
                phases: steps.reduce(into: [:]) { phases, step in
                    guard let name = step["name"]?.stringValue, let time = step["milliseconds"]?.integerValue else {
                        return
                    }
                    phases[name] = Double(time)
                },
                certificate: status["certificate"]
            )
        }
    }
}
