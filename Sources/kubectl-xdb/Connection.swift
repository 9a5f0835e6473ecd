import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import Logging
import Planning
import XDB

/// The options of every command that asks the API server: kubectl's own, and where the operator is.
struct ConnectionOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The namespace; by default that of the context.")
    var namespace: String?

    @Option(help: "A kubeconfig file, instead of those of KUBECONFIG or ~/.kube/config.", completion: .file())
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig; its current one when this is not given.")
    var context: String?

    @Option(help: "The namespace of the operator.")
    var operatorNamespace = "xdb-system"

    func validate() throws {
        for name in [namespace, operatorNamespace].compactMap(\.self) where !Self.isName(name) {
            throw ValidationError("'\(name)' is no name of a namespace")
        }
    }

    /// Names become parts of paths.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// The way to the cluster.
    func connect() throws -> Connection {
        let configuration = try Configuration.load(file: kubeconfig, context: context)
        let options = [("--kubeconfig", kubeconfig), ("--context", context)]
            .flatMap { name, value in value.map { [name, $0] } ?? [] }
        return Connection(
            configuration,
            namespace: namespace ?? configuration.namespace,
            operatorNamespace: operatorNamespace,
            options: options,
            invocation: Invocation(
                program: CalledAs.current.command,
                options: options + (namespace.map { ["-n", $0] } ?? [])
            )
        )
    }
}

/// A cluster, and what the user chose of it.
struct Connection: Sendable {
    let client: KubernetesClient
    private(set) var namespace: String
    let operatorNamespace: String
    /// The options by which kubectl finds the same cluster.
    let options: [String]
    private(set) var invocation: Invocation

    init(
        _ configuration: Configuration,
        namespace: String,
        operatorNamespace: String,
        options: [String],
        invocation: Invocation
    ) {
        // Errors are the user's to read; the client's own words would only be in their way.
        var logger = Logger(label: "kubectl-xdb")
        logger.logLevel = .critical
        client = KubernetesClient(
            configuration,
            fieldManager: "kubectl-xdb",
            limits: KubernetesClient.Limits(attempts: 3, timeout: .seconds(30)),
            logger: logger
        )
        self.namespace = namespace
        self.operatorNamespace = operatorNamespace
        self.options = options
        self.invocation = invocation
    }

    /// The same in the operator's namespace, where operations on nodes are made.
    var atOperator: Connection {
        var other = self
        other.namespace = operatorNamespace
        other.invocation.options = options + ["-n", operatorNamespace]
        return other
    }

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }
}

// MARK: Reading

extension Connection {
    /// A group; a complaint with the names that there are when there is none of this name.
    func group(_ name: String) async throws -> XDBGroup {
        do {
            return try await client.get(XDBGroup.self, key(name))
        } catch let error as APIError where error.isNotFound && !error.status.name.isEmpty {
            throw try await unknownGroup(name)
        }
    }

    /// Groups of this namespace, or of all.
    func groups(everywhere: Bool = false) async throws -> [XDBGroup] {
        try await client.list(XDBGroup.self, in: everywhere ? "" : namespace).items
    }

    private func unknownGroup(_ name: String) async throws -> Complaint {
        let all = try? await groups(everywhere: true)
        let here: [XDBGroup]
        if let all {
            here = all.filter { $0.metadata.namespace == namespace }
        } else {
            here = try await groups()
        }
        var words = "there is no group \(name) in namespace \(namespace); "
        words +=
            here.isEmpty
            ? "there are none"
            : "there \(here.count == 1 ? "is" : "are") \(Phrase.list(here.map(\.metadata.name).sorted()))"
        let elsewhere = (all ?? []).filter { $0.metadata.name == name }.map(\.metadata.namespace).sorted()
        if !elsewhere.isEmpty { words += ". One of this name is in \(Phrase.list(elsewhere)): choose it with -n" }
        return Complaint(words, .notFound)
    }

    /// The operations of this namespace, or of all; those of one group where it is named.
    func operations(of group: String? = nil, everywhere: Bool = false) async throws -> [XDBOperation] {
        let all = try await client.list(XDBOperation.self, in: everywhere ? "" : namespace).items
        return OperationTable.sorted(all.filter { group == nil || $0.spec.group == group })
    }

    /// An operation; a complaint with the newest names when there is none of this name.
    func operation(_ name: String) async throws -> XDBOperation {
        do {
            return try await client.get(XDBOperation.self, key(name))
        } catch let error as APIError where error.isNotFound && !error.status.name.isEmpty {
            let names = try await operations().prefix(5).map(\.metadata.name)
            throw Complaint(
                "there is no operation \(name) in namespace \(namespace); "
                    + (names.isEmpty ? "there are none" : "the newest are \(Phrase.list(Array(names)))"),
                .notFound
            )
        }
    }

    /// Everything that the user may see of a group.
    func scene(of group: XDBGroup) async throws -> GroupScene {
        let namespace = group.metadata.namespace
        let name = group.metadata.name
        async let operations = optional("operations") {
            try await client.list(XDBOperation.self, in: namespace).items.filter { $0.spec.group == name }
        }
        async let nodes = optional("whether nodes are ready") { try await client.list(Node.self).items }
        async let state = operatorState()
        let (seenOperations, seenNodes, seenState) = (try await operations, try await nodes, try await state)
        return GroupScene(
            group: group,
            operations: seenOperations.value.map { OperationTable.sorted($0) },
            nodes: seenNodes.value,
            operatorState: seenState,
            hidden: [seenOperations.hidden, seenNodes.hidden].compactMap(\.self),
            now: .now,
            invocation: invocation
        )
    }

    /// The operator's settings and its lease, as far as they may be read; most users may not, and need not be told.
    func operatorState() async throws -> OperatorState {
        let key = ObjectKey(namespace: operatorNamespace, name: "xdb-operator")
        async let settings = optional("") { try await client.find(ConfigMap.self, key) }
        async let lease = optional("") { try await client.find(Lease.self, key) }
        var state = OperatorState(namespace: operatorNamespace)
        if let found = try await settings.value {
            // Without the map or the entry the default holds.
            let word = found?.data["failover"] ?? XDBGroup.FailoverMode.automatic.rawValue
            state.failoverMode = XDBGroup.FailoverMode(rawValue: word)
        }
        state.lease = try await lease.value.flatMap(\.self)?.spec
        return state
    }

    /// What a right may be missing for, without which the rest is still worth showing.
    func optional<Value: Sendable>(
        _ what: String,
        _ read: @Sendable () async throws -> Value
    ) async throws -> (value: Value?, hidden: String?) {
        do {
            return (try await read(), nil)
        } catch let error as APIError {
            return (nil, "\(what): \(Complaint(refusal: error).message)")
        }
    }
}
