import Foundation
import KubernetesModel
import Testing

/// A group on the local cluster.
struct TestGroup: Sendable {
    let name: String
    let namespace = "default"

    /// What a test varies of the specification.
    struct Shape {
        var candidates = 2
        var loggers = 1
        var learners = "[]"
        var storage = "{hostPath: {path: /var/lib/xdb}}"
        var image = "localhost/xdb-engine:dev"
        var zones = "[]"
        var configuration = "{innodb_buffer_pool_size: 64M}"
    }

    /// Applies the group's YAML.
    func apply(_ shape: Shape = Shape()) async throws {
        try await Lab.kubectl(
            "apply",
            "-f",
            "-",
            input: """
                apiVersion: xdb-operator.github.io/v1alpha1
                kind: XDBGroup
                metadata: {name: \(name), namespace: \(namespace)}
                spec:
                  image: \(shape.image)
                  members: {candidates: \(shape.candidates), loggers: \(shape.loggers), learners: \(shape.learners)}
                  placement: {zones: \(shape.zones)}
                  storage: \(shape.storage)
                  configuration: \(shape.configuration)
                """
        )
    }

    /// The group as it is now.
    func object() async throws -> JSONValue {
        try JSONValue(json: try await Lab.kubectl("get", "xdb", name, "-n", namespace, "-o", "json"))
    }

    /// A condition's status, reason and message.
    func condition(_ type: String) async throws -> (status: String, reason: String, message: String)? {
        let conditions = try await object()[path: "status", "conditions"]?.arrayValue ?? []
        guard let found = conditions.first(where: { $0["type"]?.stringValue == type }) else { return nil }
        return (
            found["status"]?.stringValue ?? "", found["reason"]?.stringValue ?? "",
            found["message"]?.stringValue ?? ""
        )
    }

    /// Waits until a condition holds.
    func wait(for type: String) async throws {
        try await eventually("\(name) \(type)") { () -> Bool? in
            try await condition(type)?.status == "True" ? true : nil
        }
    }

    /// A member, as status and pods show it.
    struct Member: Sendable {
        var name: String
        var kind: String
        var role: String?
        var podIP: String?
        var node: String?
        var zone: String?
        var hasData: Bool { kind != "Logger" }
    }

    /// All members.
    func members() async throws -> [Member] {
        (try await object()[path: "status", "members"]?.arrayValue ?? []).map {
            Member(
                name: $0["name"]?.stringValue ?? "",
                kind: $0["kind"]?.stringValue ?? "",
                role: $0["role"]?.stringValue,
                podIP: $0["podIP"]?.stringValue,
                node: $0["node"]?.stringValue,
                zone: $0["zone"]?.stringValue
            )
        }
    }

    /// The leader, by the label that the Service selects by.
    func leaderAddress() async throws -> String? {
        let text = try await Lab.kubectl(
            "get",
            "pods",
            "-n",
            namespace,
            "-l",
            "xdb-operator.github.io/group=\(name),xdb-operator.github.io/role=Leader",
            "-o",
            "jsonpath={.items[*].status.podIP}"
        )
        return text.split(separator: " ").first.map(String.init)
    }

    /// The password of an account.
    func password(of account: String = "app") async throws -> String {
        let text = try await Lab.kubectl(
            "get",
            "secret",
            "\(name)-\(account)",
            "-n",
            namespace,
            "-o",
            "jsonpath={.data.password}"
        )
        return String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self)
    }

    /// Kills a process of a member at once.
    func kill(_ process: Process, of member: String) async throws {
        switch process {
        case .server: try await Lab.kubectl("exec", member, "-n", namespace, "--", "pkill", "-KILL", "-x", "mariadbd")
        case .agent:
            try await Lab.kubectl("exec", member, "-n", namespace, "--", "pkill", "-KILL", "-f", "xdb-agent run")
        case .pod:
            let old = try await podUID(of: member)
            try await Lab.kubectl(
                "delete",
                "pod",
                member,
                "-n",
                namespace,
                "--grace-period=0",
                "--force",
                "--wait=false"
            )
            // Until the operator has acted, the status is the one of before, and nothing could be concluded from it.
            try await eventually("a new pod of \(member)") { () -> Bool? in
                let new = try await podUID(of: member)
                return new.isEmpty || new == old ? nil : true
            }
        }
    }

    /// Empty when there is no pod.
    private func podUID(of member: String) async throws -> String {
        try await Lab.kubectl(
            "get",
            "pod",
            member,
            "-n",
            namespace,
            "--ignore-not-found",
            "-o",
            "jsonpath={.metadata.uid}"
        )
    }

    /// The member that plays a part.
    func member(in role: String) async throws -> Member? {
        try await members().first { $0.role == role }
    }

    /// The number of the newest epoch.
    func epoch() async throws -> Int { Int(try await object()[path: "status", "epoch"]?.integerValue ?? 0) }

    /// The record of the newest epoch.
    func newestEpoch() async throws -> JSONValue { try await object()[path: "status", "epochs"]?[0] ?? [:] }

    /// Waits until an epoch has a leader that takes writes.
    func reaches(epoch: Int) async throws {
        try await eventually("\(name) reaches epoch \(epoch)") { () -> Bool? in
            try await self.epoch() >= epoch ? true : nil
        }
        try await wait(for: "Writable")
    }

    /// Asks for another leader.
    func changeLeader(_ operation: String, to member: String) async throws {
        try await Lab.kubectl(
            "create",
            "-f",
            "-",
            input: """
                apiVersion: xdb-operator.github.io/v1alpha1
                kind: XDBOperation
                metadata: {name: \(operation), namespace: \(namespace)}
                spec: {group: \(name), changeLeader: {to: \(member)}}
                """
        )
    }

    /// Asks for a leader without a majority.
    func forceLeader(_ operation: String, _ member: String, acceptDataLoss: Bool) async throws {
        try await Lab.kubectl(
            "create",
            "-f",
            "-",
            input: """
                apiVersion: xdb-operator.github.io/v1alpha1
                kind: XDBOperation
                metadata: {name: \(operation), namespace: \(namespace)}
                spec: {group: \(name), forceLeader: {member: \(member), acceptDataLoss: \(acceptDataLoss)}}
                """
        )
    }

    /// What became of an operation.
    struct Operation {
        var message: String
        var steps: [String]
        var certificate: JSONValue?
    }

    /// Waits until an operation has a state.
    func operation(_ operation: String, reaches state: String) async throws -> Operation {
        try await eventually("\(operation) is \(state)") { () -> Operation? in
            let text = try await Lab.kubectl("get", "xop", operation, "-n", namespace, "-o", "json")
            guard let status = try JSONValue(json: text)["status"], status["state"]?.stringValue == state else {
                return nil
            }
            return Operation(
                message: status["message"]?.stringValue ?? "",
                steps: (status["steps"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue },
                certificate: status["certificate"]
            )
        }
    }

    /// Stops the agent of a member in its tracks: its connections stay, and nothing comes over them.
    func freeze(_ member: String) async throws {
        try await Lab.kubectl("exec", member, "-n", namespace, "--", "pkill", "-STOP", "-f", "xdb-agent run")
    }

    /// Lets it go on.
    func thaw(_ member: String) async throws {
        try await Lab.kubectl("exec", member, "-n", namespace, "--", "pkill", "-CONT", "-f", "xdb-agent run")
    }

    /// Waits until a condition with this reason names something, and an event tells the same.
    func expectComplaint(
        _ reason: String,
        naming word: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually("\(name) complains of \(reason) and names \(word)") { () -> Bool? in
            let status = try await object()["status"]
            let places = (status?["conditions"]?.arrayValue ?? []) + (status?["members"]?.arrayValue ?? [])
            return places.contains {
                $0["reason"]?.stringValue == reason && $0["message"]?.stringValue?.contains(word) == true
            } ? true : nil
        }
        try await eventually("an event of \(name) with \(reason)") { () -> Bool? in
            try await eventReasons().contains(reason) ? true : nil
        }
    }

    /// What is killed.
    enum Process: String, CaseIterable, Sendable {
        case server, agent, pod
    }

    /// Deletes the group and waits until it is gone.
    func delete() async throws {
        try await Lab.kubectl("delete", "xdb", name, "-n", namespace, "--ignore-not-found", "--wait=false")
        try await eventually("\(name) is gone") { () -> Bool? in
            try await Lab.kubectl("get", "xdb", name, "-n", namespace, "--ignore-not-found").isEmpty ? true : nil
        }
    }

    /// Reasons of the events about the group.
    func eventReasons() async throws -> Set<String> {
        let text = try await Lab.kubectl(
            "get",
            "events",
            "-n",
            namespace,
            "--field-selector",
            "involvedObject.kind=XDBGroup,involvedObject.name=\(name)",
            "-o",
            "jsonpath={.items[*].reason}"
        )
        return Set(text.split(separator: " ").map(String.init))
    }
}
