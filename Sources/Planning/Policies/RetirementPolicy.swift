import KubernetesModel
import XDB

/// Members that leave: from the record to what is owed, so that `DebtPolicy` removes pod, data and certificate, also from a
/// node that is away.
enum RetirementPolicy {
    static func apply(_ draft: inout Draft) {
        for member in draft.retired where isDone(member, draft) {
            DebtPolicy.owe(member, "the spec does not want \(member.name) any more", isMember: true, &draft)
            draft.status.former.removeAll { $0.name == member.name }
            var former = XDBGroup.FormerMember()
            former.name = member.name
            former.incarnations = max(member.incarnations, member.incarnation)
            draft.status.former.append(former)
            draft.status.former.sort { $0.name < $1.name }
            draft.status.members.removeAll { $0.name == member.name }
            draft.findings[member.name] = nil
            draft.tell(
                .changingMembers,
                "\(member.name) is no member any more; its pod, data and certificate are removed"
            )
        }
        sweep(&draft)
    }

    /// Pods of members that were removed: an operator that was late has made them when their member had gone.
    ///
    /// What is not recorded as removed is left alone, whatever it is.
    private static func sweep(_ draft: inout Draft) {
        let known = Set(draft.status.members.map(\.life) + draft.status.debts.map(\.life))
        for pod in draft.observation.pods where !known.contains(pod.name) {
            var nobody = XDBGroup.MemberStatus()
            nobody.name = pod.member
            nobody.incarnation = pod.incarnation
            nobody.node = pod.node
            guard nobody.life == pod.name,
                draft.status.former.contains(where: { $0.name == pod.member && $0.incarnations >= pod.incarnation })
            else { continue }
            DebtPolicy.owe(nobody, "\(pod.name) was made again after its member was removed", isMember: true, &draft)
        }
    }

    /// Whether nothing waits for it: it was recorded as leaving before this round, its rebuild has ended, and the leader of
    /// the epoch without it takes writes, so that nothing of its log is asked for any more.
    private static func isDone(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        guard draft.observation.group.status.members.contains(where: { $0.name == member.name && $0.leaving }),
            draft.successor(of: member.name) == nil
        else { return false }
        if member.kind == .learner || draft.status.epoch == .none { return true }
        if case .leads(isWritable: true) = draft.leadership { return true }
        return false
    }
}
