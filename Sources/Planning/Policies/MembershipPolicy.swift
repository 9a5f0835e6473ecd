import KubernetesModel
import XDB

/// Records the wanted members and where their data are, before anything is made for them, and who goes.
///
/// A candidate or logger that is not wanted any more stays as it is until it has no vote (`VoterPolicy`). Then, and a
/// learner at once, it is recorded as leaving, which is never taken back: a member that is wanted later is another one.
enum MembershipPolicy {
    static func apply(_ draft: inout Draft) {
        let wanted = WantedMembers(draft)
        let recorded = draft.status.members.filter { !$0.isSuccessor }
        var members = wanted.members + draft.status.members.filter(\.isSuccessor)
        for member in recorded where !wanted.members.contains(where: { $0.name == member.name }) {
            members.append(draft.mayLeaveNow(member) ? leaving(member, &draft) : member)
        }
        tell(wanted.members, recorded, &draft)
        draft.status.members = members.sorted { ($0.ordinal, $0.incarnation) < ($1.ordinal, $1.incarnation) }
        draft.unwanted = wanted.surplus.map(\.name).filter { draft.member($0)?.leaving == false }
        draft.lacking = wanted.lacking
        if draft.status.storage == nil {
            draft.status.storage = draft.spec.storage
        }
        // What becomes of the data when the group goes may be changed at any time.
        let onDelete = draft.spec.storage.onDelete
        draft.status.storage?.onDelete = onDelete
    }

    private static func leaving(_ member: XDBGroup.MemberStatus, _ draft: inout Draft) -> XDBGroup.MemberStatus {
        guard !member.leaving else { return member }
        var member = member
        member.leaving = true
        member.voter = false
        member.newcomer = false
        draft.tell(.changingMembers, "\(member.name) is removed: the spec does not want it any more")
        return member
    }

    /// A new group has no story yet.
    private static func tell(
        _ wanted: [XDBGroup.MemberStatus],
        _ recorded: [XDBGroup.MemberStatus],
        _ draft: inout Draft
    ) {
        guard draft.status.epoch > .none else { return }
        for member in wanted {
            let before = recorded.first { $0.name == member.name }
            if let before, before.kind != member.kind {
                draft.tell(
                    .changingMembers,
                    "\(member.name) becomes a candidate, as its learner set \(before.learnerSet ?? "") gives it up; it gets a "
                        + "vote when it has the log"
                )
            } else if before == nil {
                let set = member.learnerSet.map { " of the set \($0)" } ?? ""
                let vote = member.newcomer ? "; it gets a vote when it has the log" : ""
                draft.tell(
                    .changingMembers,
                    "\(member.name) is added, a \(member.kind.rawValue.lowercased())\(set)\(vote)"
                )
            }
        }
    }
}

extension WantedMembers {
    /// What is left of members that were removed are their pods, and what is owed on nodes that are away.
    init(_ draft: Draft) {
        let status = draft.status
        self.init(
            spec: draft.spec,
            recorded: status.members,
            names: draft.names,
            hasLed: status.epoch > .none,
            former: status.former,
            occupied: Set(draft.observation.pods.map(\.member) + status.debts.map(\.member)),
            now: draft.observation.now
        )
    }
}

extension Draft {
    /// Whether a member that is not wanted any more has nothing that the group could still need.
    ///
    /// It has no vote. If a leader was forced without it, it may have the only copy of what was lost then: it must have
    /// come back and follow, so that it has what the group has and nothing else, or be gone for good.
    fileprivate func mayLeaveNow(_ member: XDBGroup.MemberStatus) -> Bool {
        if member.leaving { return true }
        if !status.epochs.isEmpty, voters.contains(where: { $0.name == member.name }) { return false }
        guard member.kind.votes, !member.newcomer, !status.epochs.isEmpty, !member.discarded else { return true }
        if member.reason == Reason.awaitingVote.rawValue { return true }
        return self.status.storage?.hostPath != nil && !observation.nodes.isEmpty && node(member.node) == nil
    }
}
