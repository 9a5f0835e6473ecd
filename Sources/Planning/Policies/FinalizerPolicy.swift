import KubernetesModel
import XDB

/// Before anything is made, the finalizer makes sure that it will be removed again.
enum FinalizerPolicy {
    static func apply(_ draft: inout Draft) {
        if !draft.observation.group.metadata.finalizers.contains(Label.finalizer) {
            draft.act(.addFinalizer)
        }
    }
}
