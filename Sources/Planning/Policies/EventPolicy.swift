import KubernetesModel
import XDB

/// Tells what has changed since the status was written last.
///
/// What has not changed is not told again, so that the events of a group are its story and not its noise.
enum EventPolicy {
    static func apply(_ draft: inout Draft) {
        let old = draft.observation.group.status
        conditions(old, &draft)
        members(old, &draft)
    }

    private static func conditions(_ old: XDBGroup.Status, _ draft: inout Draft) {
        for type in [ConditionType.specValid, .writable, .progressing, .repairPending] {
            guard let condition = draft.status.conditions[type.rawValue],
                let reason = Reason(rawValue: condition.reason)
            else { continue }
            let before = old.conditions[type.rawValue]
            guard before?.reason != condition.reason || before?.status != condition.status else { continue }
            switch type {
            case .specValid where !condition.isTrue: draft.tell(reason, condition.message)
            case .writable where condition.isTrue: draft.tell(.writable, condition.message)
            case .writable where before != nil && reason != .bootstrapping: draft.tell(reason, condition.message)
            case .repairPending: draft.tell(reason, condition.message)
            case .progressing
            where groupProblems.contains(reason) || draft.problems.contains { $0.reason == reason }:
                draft.tell(reason, condition.message)
            default: break
            }
        }
    }

    /// Reasons that concern no single member, and are told by the condition Progressing alone.
    private static let groupProblems: Set<Reason> = [
        .secretMissing, .storageClassMissing, .deleting, .cleanupPending, .cleanupFailed, .changeWaits,
        .rollingChange,
    ]

    private static func tail(of member: XDBGroup.MemberStatus, _ old: XDBGroup.Status, _ draft: inout Draft) {
        let before = old.members.first { $0.name == member.name }?.discardedTail
        guard member.discardedTail != before, let tail = draft.heard(member)?.discardedTail else { return }
        draft.tell(
            .tailDiscarded,
            "\(member.name) had transactions that the group does not have, \(tail.after.map { "after \($0) " } ?? "")up to "
                + "\(tail.to); no client was told that they were committed. They were removed, and are kept for a look: "
                + "kubectl exec \(member.name) -- mariadb-binlog -v \(tail.file)"
        )
    }

    private static func maintenance(of member: XDBGroup.MemberStatus, _ old: XDBGroup.Status, _ draft: inout Draft) {
        let before = old.members.first { $0.name == member.name }?.maintenance ?? false
        guard member.maintenance != before, !member.isSuccessor else { return }
        draft.tell(
            .maintenance,
            member.maintenance
                ? "\(member.name) is taken out (spec.maintenance): it is not repaired, and does not lead while another can"
                : "\(member.name) is put back: it is repaired again, and may lead"
        )
    }

    private static func members(_ old: XDBGroup.Status, _ draft: inout Draft) {
        for member in draft.status.members {
            tail(of: member, old, &draft)
            maintenance(of: member, old, &draft)
            guard let text = member.reason, let reason = Reason(rawValue: text) else { continue }
            let before = old.members.first { $0.name == member.name }
            guard before?.reason != text else { continue }
            let wasWarning = before?.reason.flatMap { Reason(rawValue: $0) }?.isWarning ?? false
            if reason.isWarning {
                draft.tell(reason, "\(member.name): \(member.message ?? "")")
            } else if reason == .healthy, wasWarning {
                draft.tell(.healthy, "\(member.name) plays its part again")
            }
        }
        let known = Set(old.members.filter(\.joined).map(\.life))
        for action in draft.plan.actions {
            // What is refused is tried again and again, and told by its reason.
            guard case .createPod(let pod) = action,
                !draft.observation.refusals.contains(where: { $0.object == ObjectName("Pod", pod.name) })
            else { continue }
            let again = known.contains(pod.name) ? "again on the same data" : "for the first time"
            draft.tell(.podCreated, "pod \(pod.name) of \(pod.member) is made \(again)")
        }
    }
}
