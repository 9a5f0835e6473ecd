import Controllers
import KubernetesModel
import Planning
import Synchronization

/// Lets one group after the other begin a rebuild, so that each decides with those before it in sight.
///
/// When a node dies, several groups want to rebuild a member at the same moment, and there are limits for all of them.
final class RebuildGate: Sendable {
    private let inside = Mutex<ObjectKey?>(nil)

    /// Throws `StatusConflict` when another group is inside, or has been since the decision was made.
    func enter(_ group: ObjectKey, _ caches: Caches, expecting seen: [OtherRebuild]) throws {
        let isFree = inside.withLock { inside in
            guard inside == nil else { return false }
            inside = group
            return true
        }
        guard isFree else { throw StatusConflict(group: group) }
        do {
            let present = try GroupObserver(caches: caches).otherRebuilds(besides: group)
            guard present == seen else { throw StatusConflict(group: group) }
        } catch {
            leave(group)
            throw error
        }
    }

    /// To be called when what was recorded is in the caches.
    func leave(_ group: ObjectKey) {
        inside.withLock { if $0 == group { $0 = nil } }
    }
}
