import Controllers
import KubernetesModel
import Planning
import Synchronization
import XDB

/// Lets only so many leaders leave nodes that are offline at the same time.
///
/// Groups decide at the same time, each with a count that is a moment old.
final class HandoverGate: Sendable {
    private let entering = Mutex<Set<ObjectKey>>([])

    /// Throws `StatusConflict` when as many others leave already as may.
    func enter(_ group: ObjectKey, _ caches: Caches) throws {
        let leaving = Set(try caches.list(XDBGroup.self).filter(\.isLeavingOfflineNode).map(\.key))
        try entering.withLock { entering in
            let others = leaving.union(entering).subtracting([group])
            guard others.count < OfflineNodes.handoversAtOnce else { throw StatusConflict(group: group) }
            entering.insert(group)
        }
    }

    /// To be called when what was recorded is in the caches.
    func leave(_ group: ObjectKey) { entering.withLock { _ = $0.remove(group) } }
}
