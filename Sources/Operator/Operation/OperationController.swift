import Controllers
import KubernetesModel
import Logging
import XDB

/// What concerns operations alone: those whose group is not there are ended, and records whose time is over are deleted.
///
/// The work itself, and how far it is, is the group controller's.
final class OperationController: Reconciler {
    /// An operation, and whether its group is there.
    struct Snapshot: Sendable {
        var operation: XDBOperation
        /// True, too, when it concerns all groups.
        var hasGroup: Bool
    }

    /// What to do about an operation.
    enum Plan: Hashable, Sendable {
        case nothing
        /// Another look after this time.
        case wait(Duration)
        /// It can never be done.
        case fail(XDBOperation)
        case delete
    }

    private let cluster: any ClusterAccess
    private let caches: Caches
    private let logger: Logger

    init(cluster: any ClusterAccess, caches: Caches, logger: Logger) {
        self.cluster = cluster
        self.caches = caches
        self.logger = logger
    }

    func observe(_ key: ObjectKey) async throws -> Snapshot? {
        guard let operation = try caches.get(XDBOperation.self, key) else { return nil }
        let group = try operation.group.map { try caches.get(XDBGroup.self, $0) }
        return Snapshot(operation: operation, hasGroup: group.map { $0 != nil } ?? true)
    }

    func decide(_ snapshot: Snapshot, now: Time) -> Plan { Self.plan(snapshot, now: now) }

    /// The decision, as a pure function.
    static func plan(_ snapshot: Snapshot, now: Time) -> Plan {
        let operation = snapshot.operation
        if operation.metadata.isBeingDeleted { return .nothing }
        if operation.isFinished {
            guard let end = operation.status.completionTime else { return .nothing }
            let left = .seconds(operation.spec.ttlSecondsAfterFinished) - now.since(end)
            return left > .zero ? .wait(left) : .delete
        }
        guard !snapshot.hasGroup else { return .nothing }
        // It may have been applied a moment before its group, in one file.
        let age = operation.metadata.creationTimestamp.map { now.since($0) } ?? grace
        guard age >= grace else { return .wait(grace - age) }
        var failed = operation
        failed.status.type = operation.spec.kind
        failed.status.state = .failed
        failed.status.task = nil
        failed.status.message = "there is no XDBGroup \(operation.group?.description ?? "")"
        failed.status.completionTime = now.wholeSeconds
        return .fail(failed)
    }

    /// How long a group may come after its operation.
    static let grace = Duration.seconds(10)

    func apply(_ plan: Plan, to snapshot: Snapshot) async throws -> Followup {
        switch plan {
        case .nothing: return .done
        case .wait(let pause): return .again(after: pause)
        case .fail(let operation):
            if let written = try await cluster.writeStatus(of: operation) { caches.wrote(written) }
        case .delete:
            logger.info("deleting a finished operation", metadata: ["operation": "\(snapshot.operation.key)"])
            try await cluster.deleteOperation(snapshot.operation.key, uid: snapshot.operation.metadata.uid)
        }
        return .done
    }

    func status(_ snapshot: Snapshot, _ plan: Plan, _ result: Result<Followup, any Error>) async throws {
        // Written as the effect.
    }
}
