import Controllers
import KubernetesModel
import Logging
import Planning
import XDB

/// Deletes finished cleanup pods whose group is gone: they have no owner that would take them along.
///
/// While the group is there, its own controller says when a finished pod is not needed any more.
final class CleanupController: Reconciler {
    /// A cleanup pod, and whether its group is there.
    struct Snapshot: Sendable {
        var pod: Pod
        var hasGroup: Bool
    }

    /// What to do about a cleanup pod.
    enum Plan: Hashable, Sendable {
        case keep
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

    /// The group that a pod cleans up for; nil for other pods.
    static func group(of pod: Pod) -> ObjectKey? {
        let labels = pod.metadata.labels
        guard labels[Label.cleanup] != nil, let namespace = labels[Label.namespace], let name = labels[Label.group]
        else { return nil }
        return ObjectKey(namespace: namespace, name: name)
    }

    func observe(_ key: ObjectKey) async throws -> Snapshot? {
        guard let pod = try caches.get(Pod.self, key), let owner = Self.group(of: pod) else { return nil }
        let group = try caches.get(XDBGroup.self, owner)
        return Snapshot(pod: pod, hasGroup: group?.metadata.uid == pod.metadata.labels[Label.cleanup])
    }

    func decide(_ snapshot: Snapshot, now: Time) -> Plan { Self.plan(snapshot) }

    /// The decision, as a pure function.
    ///
    /// A pod that still has to run does so: what it removes is nobody's.
    static func plan(_ snapshot: Snapshot) -> Plan {
        guard !snapshot.hasGroup, !snapshot.pod.metadata.isBeingDeleted else { return .keep }
        return CleanupObservation(snapshot.pod).isFinished ? .delete : .keep
    }

    func apply(_ plan: Plan, to snapshot: Snapshot) async throws -> Followup {
        if plan == .delete {
            logger.info("deleting a finished cleanup pod", metadata: ["pod": "\(snapshot.pod.key)"])
            try await cluster.deletePod(snapshot.pod.key, uid: snapshot.pod.metadata.uid)
        }
        return .done
    }

    func status(_ snapshot: Snapshot, _ plan: Plan, _ result: Result<Followup, any Error>) async throws {
        // A pod's status is the kubelet's.
    }
}
