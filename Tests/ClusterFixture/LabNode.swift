import Kubernetes
package import KubernetesModel
import XDB

/// What people ask of nodes.
package enum LabNode {
    /// Where operations on nodes are made.
    package static let namespace = "xdb-system"

    /// Makes an operation with a part of its specification in YAML, and returns its name.
    package static func work(_ work: String, in namespace: String = namespace) async throws -> String {
        try await Lab.kubectl(
            "create",
            "-f",
            "-",
            "-o",
            "jsonpath={.metadata.name}",
            input: """
                apiVersion: xdb-operator.github.io/v1alpha1
                kind: XDBOperation
                metadata: {generateName: node-, namespace: \(namespace)}
                spec: {\(work)}
                """
        )
    }

    /// An operation as it is now.
    package static func operation(_ name: String, in namespace: String = namespace) async throws -> JSONValue {
        try await Lab.client.get(XDBOperation.resource, ObjectKey(namespace: namespace, name: name))
    }

    /// Changes what is asked for; null takes a field away.
    package static func change(_ operation: String, _ spec: String) async throws {
        let patch = "{\"spec\": \(spec)}"
        try await Lab.kubectl("patch", "xop", operation, "-n", namespace, "--type=merge", "-p", patch)
    }

    /// Moves a member of a kind, but no leader, to the node of its zone that has the most members already.
    package static func crowd(_ groups: [LabGroup], with kind: String) async throws {
        var counts: [String: Int] = [:]
        for group in groups {
            for node in try await group.members().compactMap(\.node) { counts[node, default: 0] += 1 }
        }
        var best: (group: LabGroup, member: String, node: String, surplus: Int)?
        for group in groups {
            let members = try await group.members()
            for member in members where member.kind == kind && member.role != "Leader" {
                for node in try await Lab.nodes() where !members.contains(where: { $0.node == node }) {
                    guard try await Lab.zone(of: node) == member.zone else { continue }
                    let surplus = counts[node, default: 0] - counts[member.node ?? "", default: 0]
                    if surplus > best?.surplus ?? .min { best = (group, member.name, node, surplus) }
                }
            }
        }
        guard let best else { throw NotInTime(what: "a node for one more member", last: "\(counts)") }
        let operation = try await best.group.migrate(member: best.member, to: best.node)
        _ = try await best.group.operation(operation, reaches: "Succeeded")
        try await best.group.isAsWanted()
    }

    /// Waits until an operation has ended, however that is, and returns its state and what it says.
    package static func ends(
        _ name: String,
        in namespace: String = namespace
    ) async throws -> (state: String, message: String) {
        try await eventually("\(name) has ended", within: .seconds(900)) { () -> (state: String, message: String)? in
            let status = try await operation(name, in: namespace)["status"]
            guard let state = status?["state"]?.stringValue.flatMap({ XDBOperation.State(rawValue: $0) }), state.isFinal
            else { return nil }
            return (state.rawValue, status?["message"]?.stringValue ?? "")
        }
    }

    /// Runs `kubectl xdb` on the cluster.
    package static func plugin(_ words: String...) async throws -> Lab.Ended {
        try await Lab.run(["\(Lab.programs)/kubectl-xdb"] + words + ["--kubeconfig", "\(Lab.state)/kubeconfig"])
    }

    /// Waits until the API server has said for so long that a node is not ready.
    package static func isAway(_ node: String, seconds: Int) async throws {
        try await eventually("\(node) has been away for \(seconds) s") { () -> Bool? in
            let ready = try await Lab.client.get(Node.self, ObjectKey(name: node)).status.conditions["Ready"]
            guard let ready, ready.status != .true, let since = ready.lastTransitionTime else { return nil }
            return Time.now.since(since) >= .seconds(seconds) ? true : nil
        }
    }
}
