import KubernetesModel
import XDB

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
