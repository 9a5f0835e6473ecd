import KubernetesModel
import XDB

/// The rules about changes.
///
/// A server that knows the Common Expression Language refuses such changes itself; for others the spec is compared with
/// what was recorded when the group was made.
enum RecordedRules {
    static func problems(of group: XDBGroup) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        let members = group.status.members.filter { !$0.isSuccessor }
        if !members.isEmpty {
            let candidates = members.count { $0.kind == .candidate }
            let loggers = members.count { $0.kind == .logger }
            if (candidates, loggers) != (group.spec.members.candidates, group.spec.members.loggers) {
                problems.append(
                    FieldProblem(
                        "spec.members",
                        "voters cannot be changed while the group exists: set candidates back to \(candidates) and "
                            + "loggers back to \(loggers)"
                    )
                )
            }
        }
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
