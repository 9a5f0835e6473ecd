import Controllers
import KubernetesModel
import Logging
import Planning
import XDB

/// Carries out operations on nodes, which concern groups of all namespaces: marks nodes, makes operations on groups, and
/// follows what the groups make of it.
///
/// As with groups, the status is recorded before anything is done, and every effect can be repeated.
final class NodeController: Reconciler {
    private let cluster: any ClusterAccess
    private let caches: Caches
    private let namespace: String
    private let dataBytes: @Sendable (ObjectKey) -> Int?
    private let passed: @Sendable (CrashPoint?) -> Void
    private let logger: Logger

    /// Makes the controller of operations in the operator's own namespace; those elsewhere are refused.
    ///
    /// - Parameters:
    ///   - dataBytes: How many bytes the data of a member of a group are; nil where nobody has said yet.
    ///   - passed: Told of what was recorded, and of every action that has been carried out.
    init(
        cluster: any ClusterAccess,
        caches: Caches,
        namespace: String,
        dataBytes: @escaping @Sendable (ObjectKey) -> Int?,
        passed: @escaping @Sendable (CrashPoint?) -> Void,
        logger: Logger
    ) {
        self.cluster = cluster
        self.caches = caches
        self.namespace = namespace
        self.dataBytes = dataBytes
        self.passed = passed
        self.logger = logger
    }

    func observe(_ key: ObjectKey) async throws -> NodeWorkObservation? {
        guard let operation = try caches.get(XDBOperation.self, key), operation.isOnNodes, !operation.isFinished,
            !operation.metadata.isBeingDeleted
        else { return nil }
        var observation = NodeWorkObservation(
            operation: operation,
            now: WallClock.now(),
            operatorNamespace: namespace
        )
        observation.nodes = try caches.list(Node.self).map(NodeObservation.init)
        observation.groups = try caches.list(XDBGroup.self)
        observation.operations = try caches.list(XDBOperation.self)
        if operation.spec.balance != nil {
            for group in observation.groups { observation.dataBytes[group.key] = dataBytes(group.key) }
        }
        return observation
    }

    func decide(_ observation: NodeWorkObservation, now: Time) -> NodeWorkPlan { plan(observation) }

    func apply(_ plan: NodeWorkPlan, to observation: NodeWorkObservation) async throws -> Followup {
        if plan.status != observation.operation.status {
            var operation = observation.operation
            operation.status = plan.status
            // The watch brings the newer version; until then nothing that is decided here could be recorded.
            guard let written = try await cluster.writeStatus(of: operation) else {
                return .again(after: .milliseconds(100))
            }
            caches.wrote(written)
            passed(.nodeWorkRecorded)
        }
        for action in plan.actions {
            try await carryOut(action, for: observation.operation)
            passed(CrashPoint(action))
        }
        return plan.checkAgain.map { .again(after: $0) } ?? .done
    }

    private func carryOut(_ action: NodeWorkAction, for operation: XDBOperation) async throws {
        switch action {
        case .mark(let node, let isOffline):
            logger.notice(
                isOffline ? "taking a node offline" : "bringing a node back",
                metadata: ["node": "\(node)", "operation": "\(operation.key)"]
            )
            // Not into the cache: whoever watches nodes is told of changes that come from the API server.
            _ = try await cluster.setLabel(Label.offline, to: isOffline ? "true" : nil, ofNode: node)
        case .createOperation(let key, let spec):
            guard let group = spec.group,
                let owner = try caches.get(XDBGroup.self, ObjectKey(namespace: key.namespace, name: group))
            else { return }
            let body = GroupReference(owner.metadata).operationBody(key.name, spec)
            if let made = try await cluster.create(body, as: XDBOperation.self) { caches.wrote(made) }
        }
    }

    func status(
        _ observation: NodeWorkObservation,
        _ plan: NodeWorkPlan,
        _ result: Result<Followup, any Error>
    ) async throws {
        // Recorded already, before the effects.
    }
}

extension XDBOperation {
    /// True for work that concerns nodes, and so groups of all namespaces.
    var isOnNodes: Bool { group == nil }
}
