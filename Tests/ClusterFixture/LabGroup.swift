import Foundation
import Kubernetes
package import KubernetesModel
import XDB

/// A group on the local cluster.
package struct LabGroup: Sendable {
    package let name: String
    package let namespace: String

    package init(name: String, namespace: String = "default") {
        self.name = name
        self.namespace = namespace
    }

    /// What a test varies of the specification.
    package struct Shape: Sendable {
        package var candidates: Int
        package var loggers: Int
        package var learners: String
        package var storage: String
        package var image: String
        package var zones: String
        package var configuration: String
        package var repair: String
        package var resources: String

        package init(
            candidates: Int = 2,
            loggers: Int = 1,
            learners: String = "[]",
            storage: String = "{hostPath: {path: /var/lib/xdb}}",
            image: String = "localhost/xdb-engine:dev",
            zones: String = "[]",
            configuration: String = "{innodb_buffer_pool_size: 64M}",
            // Most tests are about members that recover by themselves, however long that takes here.
            repair: String = "{mode: Manual}",
            resources: String = "{}"
        ) {
            self.candidates = candidates
            self.loggers = loggers
            self.learners = learners
            self.storage = storage
            self.image = image
            self.zones = zones
            self.configuration = configuration
            self.repair = repair
            self.resources = resources
        }
    }

    /// Applies the group's YAML.
    package func apply(_ shape: Shape = Shape()) async throws {
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
                  repair: \(shape.repair)
                  resources: \(shape.resources)
                """
        )
    }

    /// The group as it is now.
    package func object() async throws -> JSONValue {
        try await Lab.client.get(XDBGroup.resource, ObjectKey(namespace: namespace, name: name))
    }

    /// A condition's status, reason and message.
    package func condition(_ type: String) async throws -> (status: String, reason: String, message: String)? {
        let conditions = try await object()[path: "status", "conditions"]?.arrayValue ?? []
        guard let found = conditions.first(where: { $0["type"]?.stringValue == type }) else { return nil }
        return (
            found["status"]?.stringValue ?? "", found["reason"]?.stringValue ?? "",
            found["message"]?.stringValue ?? ""
        )
    }

    /// Waits until a condition holds.
    package func wait(for type: String) async throws {
        try await eventually("\(name) \(type)") { () -> Bool? in
            try await condition(type)?.status == "True" ? true : nil
        }
    }

    /// A member, as status and pods show it.
    package struct Member: Sendable {
        package var name: String
        /// The name of its pod: which life of its data it is in.
        package var life: String
        package var kind: String
        package var role: String?
        package var podIP: String?
        package var node: String?
        package var zone: String?
        package var hasData: Bool { kind != "Logger" }
    }

    /// All members.
    package func members() async throws -> [Member] {
        (try await object()[path: "status", "members"]?.arrayValue ?? []).map {
            let name = $0["name"]?.stringValue ?? ""
            let incarnation = $0["incarnation"]?.integerValue ?? 1
            // The entry of a successor has the name of its life already.
            let isFirst = incarnation == 1 || $0["successorOf"] != nil
            return Member(
                name: name,
                life: isFirst ? name : "\(name)-i\(incarnation)",
                kind: $0["kind"]?.stringValue ?? "",
                role: $0["role"]?.stringValue,
                podIP: $0["podIP"]?.stringValue,
                node: $0["node"]?.stringValue,
                zone: $0["zone"]?.stringValue
            )
        }
    }

    /// The members' pods by their names: a pod that was made again has another uid.
    package func podUIDs() async throws -> [String: String] {
        var uids: [String: String] = [:]
        for member in try await members() {
            uids[member.name] = try await pod(of: member.life)?.metadata.uid
        }
        return uids
    }

    /// What members lack of what the specification wants, for each that lacks something.
    package func outdated() async throws -> [String] {
        (try await object()[path: "status", "members"]?.arrayValue ?? []).compactMap { $0["outdated"]?.stringValue }
    }

    /// The pod of a life of a member, while there is one.
    private func pod(of life: String) async throws -> Pod? {
        try await Lab.client.find(Pod.self, ObjectKey(namespace: namespace, name: life))
    }

    /// The leader's pod, by the label that the Service selects by.
    package func leaderAddress() async throws -> String? {
        let leads = Selection(
            labels: ["xdb-operator.github.io/group": name, "xdb-operator.github.io/role": "Leader"]
        )
        return try await Lab.client.list(Pod.self, in: namespace, ListOptions(leads)).items.first?.status.podIP
    }

    /// The address of the Service that leads to the leader.
    package func leaderService() async throws -> String {
        try await eventually("the Service of \(name)") { () -> String? in
            try await Lab.client.get(
                Service.resource,
                ObjectKey(namespace: namespace, name: "\(name)-leader")
            )[path: "spec", "clusterIP"]?.stringValue
        }
    }

    /// The password of an account.
    package func password(of account: String = "app") async throws -> String {
        let key = ObjectKey(namespace: namespace, name: "\(name)-\(account)")
        let text = try await Lab.client.get(Secret.resource, key)[path: "data", "password"]?.stringValue ?? ""
        return String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self)
    }

    /// Kills a process of a life of a member at once.
    package func kill(_ process: Process, of life: String) async throws {
        switch process {
        case .server: try await Lab.kubectl("exec", life, "-n", namespace, "--", "pkill", "-KILL", "-x", "mariadbd")
        case .agent:
            try await Lab.kubectl("exec", life, "-n", namespace, "--", "pkill", "-KILL", "-f", "xdb-agent run")
        case .pod:
            let old = try await pod(of: life)?.metadata.uid
            try await Lab.kubectl(
                "delete",
                "pod",
                life,
                "-n",
                namespace,
                "--grace-period=0",
                "--force",
                "--wait=false"
            )
            // Until the operator has acted, the status is the one of before, and nothing could be concluded from it.
            try await eventually("a new pod of \(life)") { () -> Bool? in
                guard let new = try await pod(of: life)?.metadata.uid else { return nil }
                return new == old ? nil : true
            }
        }
    }

    /// The member that plays a part.
    package func member(in role: String) async throws -> Member? {
        try await members().first { $0.role == role }
    }

    /// The number of the newest epoch.
    package func epoch() async throws -> Int { Int(try await object()[path: "status", "epoch"]?.integerValue ?? 0) }

    /// The record of the newest epoch.
    package func newestEpoch() async throws -> JSONValue { try await object()[path: "status", "epochs"]?[0] ?? [:] }

    /// Waits until an epoch has a leader that takes writes.
    package func reaches(epoch: Int) async throws {
        try await eventually("\(name) reaches epoch \(epoch)") { () -> Bool? in
            try await self.epoch() >= epoch ? true : nil
        }
        try await wait(for: "Writable")
    }

    /// Stops the agent of a life of a member in its tracks: its connections stay, and nothing comes over them.
    package func freeze(_ life: String) async throws {
        try await Lab.kubectl("exec", life, "-n", namespace, "--", "pkill", "-STOP", "-f", "xdb-agent run")
    }

    /// Lets it go on.
    package func thaw(_ life: String) async throws {
        try await Lab.kubectl("exec", life, "-n", namespace, "--", "pkill", "-CONT", "-f", "xdb-agent run")
    }

    /// What is said of a member; nil when there is no such member.
    package func complaint(of member: String) async throws -> (reason: String, message: String)? {
        let members = try await object()[path: "status", "members"]?.arrayValue ?? []
        return members.first { $0["name"]?.stringValue == member }.map {
            ($0["reason"]?.stringValue ?? "", $0["message"]?.stringValue ?? "")
        }
    }

    /// Waits until a condition with this reason names something, and an event tells the same.
    package func expectComplaint(
        _ reason: String,
        naming word: String
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

    /// Waits until an event with this reason tells something.
    package func expectTold(_ reason: String, naming words: String) async throws {
        try await eventually("an event of \(name) with \(reason): \(words)") { () -> Bool? in
            try await Lab.kubectl(
                "get",
                "events",
                "-n",
                namespace,
                "--field-selector",
                "involvedObject.kind=XDBGroup,involvedObject.name=\(name),reason=\(reason)",
                "-o",
                "jsonpath={.items[*].message}"
            ).contains(words) ? true : nil
        }
    }

    /// Where the data of a life of a member are on its node.
    package func folder(of member: Member) -> String {
        let number = member.life == member.name ? "i1" : member.life.split(separator: "-").last.map(String.init) ?? ""
        return "/var/lib/xdb/\(namespace)/\(name)/\(member.name)/\(number)"
    }

    /// What is killed.
    package enum Process: String, CaseIterable, Sendable {
        case server, agent, pod
    }

    /// Deletes the group without waiting for it: `Remainder` sees to it that all of them go.
    package func letGo() async throws {
        try await Lab.kubectl("delete", "xdb", name, "-n", namespace, "--ignore-not-found", "--wait=false")
    }

    /// Deletes the group and waits until it is gone.
    package func delete() async throws {
        try await letGo()
        try await eventually("\(name) is gone") { () -> Bool? in
            try await Lab.client.find(XDBGroup.self, ObjectKey(namespace: namespace, name: name)) == nil ? true : nil
        }
    }

    /// Reasons of the events about the group.
    package func eventReasons() async throws -> Set<String> {
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
