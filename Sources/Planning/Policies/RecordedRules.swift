import KubernetesModel
import XDB

/// The rules about changes.
///
/// A server that knows the Common Expression Language refuses such changes itself; for others the spec is compared with
/// what was recorded when the group was made.
enum RecordedRules {
    static func problems(of group: XDBGroup) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let storage = group.status.storage, !storage.isSamePlace(as: group.spec.storage) {
            problems.append(
                FieldProblem(
                    "spec.storage",
                    "storage cannot be changed while the group exists: set it back, or make a new group"
                )
            )
        }
        return problems
    }
}
