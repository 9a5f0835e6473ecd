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
