import KubernetesModel
import XDB

/// Learners that the spec does not want any more: first the pod goes, then the data, then the record.
enum RetirementPolicy {
    static func apply(_ draft: inout Draft) {
        for member in draft.retired {
            let pods = draft.observation.pods.filter { $0.member == member.name }
            guard pods.isEmpty else {
                for pod in pods where !pod.isBeingDeleted {
                    draft.act(.deletePod(name: pod.name, uid: pod.uid, why: "the spec does not want \(member.name)"))
                }
                continue
            }
            if removeData(of: member, &draft) {
                draft.status.members.removeAll { $0.name == member.name }
                draft.findings[member.name] = nil
            }
        }
        // A pod that is done stays until what it did is recorded.
        for cleanup in draft.observation.cleanups
        where cleanup.isFinished && !draft.cleanups.contains(cleanup.pod) {
            draft.act(.deleteCleanup(pod: cleanup.pod))
        }
    }

    /// Plans the removal of a learner's data; true when none are left.
    private static func removeData(of member: XDBGroup.MemberStatus, _ draft: inout Draft) -> Bool {
        guard let storage = draft.status.storage, storage.onDelete == .delete else { return true }
        guard let path = storage.hostPath?.path else {
            let claims = draft.observation.claims.filter { $0.member == member.name }
            for claim in claims where !claim.isBeingDeleted { draft.act(.deleteClaim(name: claim.name)) }
            return claims.isEmpty
        }
        guard let node = member.node else { return true }
        let directory = "\(draft.names.directory(of: path))/\(member.name)"
        return Cleanup(node: node, directory: directory).plan(&draft) == .done
    }
}

/// The removal of one directory tree from one node, by a pod.
struct Cleanup {
    enum Progress: Hashable {
        case done
        case running
        /// The node is not ready, so nothing can run there.
        case waiting
        case failed(String)
    }

    let node: String
    let directory: String

    /// Plans the next step, and says how far it is.
    func plan(_ draft: inout Draft) -> Progress {
        // A node that was deleted from the cluster took its directories along.
        guard let state = draft.node(node) else { return .done }
        let pod = draft.names.cleanupPod(
            uid: draft.observation.group.metadata.uid,
            node: node,
            directory: directory
        )
        draft.cleanups.insert(pod)
        switch draft.observation.cleanups.first(where: { $0.pod == pod }) {
        case nil:
            guard state.ready == .true else { return .waiting }
            draft.act(.createCleanup(pod: pod, node: node, directory: directory))
            return .running
        case .some(let cleanup) where cleanup.phase == .succeeded:
            return .done
        case .some(let cleanup) where cleanup.phase == .failed:
            draft.act(.deleteCleanup(pod: pod))
            return .failed(cleanup.message ?? "the pod \(pod) failed")
        case .some:
            return state.ready == .true ? .running : .waiting
        }
    }
}
