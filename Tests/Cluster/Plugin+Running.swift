import ClusterFixture
import Foundation
import KubernetesModel
import Testing

/// How the tests of the plugin run it, and what they look at.
extension ClusterTests.Plugin {
    /// Runs the plugin on the cluster.
    func run(_ words: [String], kubeconfig: String = kubeconfig) async throws -> Lab.Ended {
        let command = words.prefix { $0 != "--" }
        let rest = words.dropFirst(command.count)
        return try await Lab.run(["\(Lab.programs)/kubectl-xdb"] + command + ["--kubeconfig", kubeconfig] + rest)
    }

    func xdb(_ words: String..., kubeconfig: String = kubeconfig) async throws -> Lab.Ended {
        try await run(words, kubeconfig: kubeconfig)
    }

    /// What it prints when it succeeds.
    func says(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let ended = try await run(words)
        #expect(ended.code == 0, "\(words): \(ended.errors)", sourceLocation: sourceLocation)
        return ended.output
    }

    /// The same with single spaces: how wide columns are depends on the other groups that there are.
    func squeezed(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws
        -> String
    {
        let ended = try await run(words)
        #expect(ended.code == 0, "\(words): \(ended.errors)", sourceLocation: sourceLocation)
        return singleSpaced(ended.output)
    }

    func singleSpaced(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The name in `operation NAME is made`.
    func made(_ output: String) throws -> String {
        let words = try #require(output.split(separator: "\n").first { $0.hasSuffix(" is made") })
        return String(words.split(separator: " ")[1])
    }

    func temporary(_ name: String) -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)").path
    }

    /// A node without a member of the group.
    func freeNode() async throws -> String? {
        let taken = try await Self.group.members().compactMap(\.node)
        return try await Lab.nodes().first { !taken.contains($0) }
    }

    /// What would be changed if something were done: the operations, the group's generation, and its members.
    func state() async throws -> String {
        let operations = try await Lab.kubectl("get", "xop", "-A", "-o", "name")
        let object = try await Self.group.object()
        let generation = object[path: "metadata", "generation"]?.integerValue ?? 0
        return "\(operations)\(generation) \(try await Self.group.podUIDs().sorted { $0.key < $1.key })"
    }

    /// A kubeconfig of a ServiceAccount that may read groups.
    func kubeconfigWithFewRights() async throws -> String {
        try await Lab.kubectl("apply", "-f", "-", input: Self.fewRights)
        let token = try await eventually("the token of the ServiceAccount") { () -> String? in
            let text = try await Lab.kubectl("get", "secret", "plug-few", "-o", "jsonpath={.data.token}")
            return Data(base64Encoded: text).flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
        }
        let file = temporary("kubeconfig")
        try FileManager.default.copyItem(atPath: Self.kubeconfig, toPath: file)
        let config = ["kubectl", "--kubeconfig", file, "config"]
        try await Lab.command(config + ["set-credentials", "few", "--token", token])
        try await Lab.command(config + ["set-context", "--current", "--user", "few"])
        return file
    }

    static let fewRights = """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: plug-few, namespace: default}
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: plug-few
          namespace: default
          annotations: {kubernetes.io/service-account.name: plug-few}
        type: kubernetes.io/service-account-token
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: plug-few, namespace: default}
        rules:
        - {apiGroups: [xdb-operator.github.io], resources: [xdbgroups], verbs: [get, list]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: plug-few, namespace: default}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: plug-few}
        subjects:
        - {kind: ServiceAccount, name: plug-few, namespace: default}
        """
}
