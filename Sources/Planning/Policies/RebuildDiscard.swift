import KubernetesModel
import XDB

/// The step of a rebuild in which the data of the old life go before there are new ones (`discardFirst`).
///
/// A voter's may be what makes a commit durable on a majority. So its seat is vacant first, as when a vote passes on; the
/// leader then counts the new life, which has nothing yet, in its place; and the data go when a majority of the voters
/// without this one has all that the old life may have been counted for. See docs/safety.md.
struct RebuildDiscard {
    let rebuild: XDBGroup.RebuildStatus
    let successor: XDBGroup.MemberStatus
    let member: XDBGroup.MemberStatus
    let operation: XDBOperation?

    /// Plans what is next: each round does one of these, and what it records says which.
    func goOn(_ draft: inout Draft) {
        if isOverdue(&draft) {
            let last = rebuild.message ?? "nothing was heard of it"
            let words = RebuildWatch.words(RebuildWatch.patience)
            RebuildPolicy.end(
                .failed,
                member.discarded
                    ? "\(member.life) could not be removed within \(words): \(last)"
                    : "\(member.life) could not be given up within \(words): \(last)",
                failure: RebuildWatch.failure,
                &draft
            )
        } else if member.discarded {
            remove(&draft)
        } else if let why = obstacle(&draft) {
            wait(why, &draft)
        } else if draft.voters.contains(where: { $0.name == member.name }), !member.vacant {
            vacate(&draft)
        } else if let why = Self.reliance(on: member.life, of: member.name, draft) {
            wait(why, &draft)
        } else {
            discard(&draft)
        }
    }

    private func wait(_ why: String, _ draft: inout Draft) { draft.status.rebuild?.message = why }

    /// Until its data are given up and until they are gone, each by itself.
    private func isOverdue(_ draft: inout Draft) -> Bool {
        var seen = XDBGroup.RebuildProgress()
        seen.begun = member.discarded
        return RebuildWatch.standstill(seen, &draft) >= RebuildWatch.patience
    }

    /// What speaks against it now, whatever rests on the data: it might be a long time before there are new ones.
    private func obstacle(_ draft: inout Draft) -> String? {
        guard case .leads(isWritable: true) = draft.leadership, draft.status.election == nil else {
            return "its data stay until a leader takes writes"
        }
        if let lack = RebuildRequest.lackOfVoters(without: member, draft) { return lack }
        guard successor.kind.hasData else { return nil }
        guard let source = draft.member(rebuild.source) else { return "its source is no member any more" }
        guard let why = RebuildRequest.obstacle(asSource: source, draft) else { return nil }
        if operation?.spec.rebuild?.source == nil, let other = RebuildRequest.bestSource(for: member, draft) {
            draft.status.rebuild?.source = other.name
            return nil
        }
        return "its data stay until \(source.name) can be copied: \(why)"
    }

    /// From here on neither life counts in elections; the leader is told after this is recorded.
    private func vacate(_ draft: inout Draft) {
        guard let index = draft.status.members.firstIndex(where: { $0.name == member.name }) else { return }
        draft.status.members[index].vacant = true
        draft.status.votersVersion += 1
        wait("the leader is told to count \(successor.name) in the place of \(member.life)", &draft)
    }

    /// Recorded before anything is removed, and never taken back.
    private func discard(_ draft: inout Draft) {
        guard let index = draft.status.members.firstIndex(where: { $0.name == member.name }) else { return }
        draft.status.members[index].discarded = true
        let why = "it makes room for \(successor.name), as was asked for"
        DebtPolicy.owe(member, why, &draft)
        wait("\(member.life) is removed", &draft)
        draft.tell(.rebuilding, "\(member.name): \(member.life) is removed: \(why)")
    }

    /// The new life begins when nothing of the old one is left.
    private func remove(_ draft: inout Draft) {
        if let debt = draft.status.debts.first(where: { $0.life == member.life }) {
            return wait(debt.message ?? "\(member.life) is removed", &draft)
        }
        let next: XDBGroup.RebuildStep = successor.kind.hasData ? .copy : .join
        RebuildPolicy.advance(to: next, "\(member.life) is gone", &draft)
    }

    // MARK: What rests on a life's data

    /// Why a life of a voter whose seat is vacant must not be removed yet; nil when nothing rests on it any more.
    ///
    /// Let N be the number of voters. What was committed with this life's help is in the leader's log up to the position at
    /// which the leader began to count another one in its place (`since`), or of an epoch before this one. Where a
    /// majority of N without this seat has its log up to there, in the leader's epoch, no commit needs it.
    static func reliance(on life: String, of member: String, _ draft: Draft) -> String? {
        let voters = draft.voters
        guard let member = voters.first(where: { $0.name == member }), member.vacant else { return nil }
        let epoch = draft.status.epoch
        guard case .leads = draft.leadership, let leader = draft.member(draft.status.leader),
            let agent = draft.heard(leader), agent.role == .leader, agent.epoch == epoch, let counted = agent.voters
        else { return "\(life) stays until the leader can be asked what it counted it for" }
        let seat = draft.seat(of: member)
        guard !counted.contains(life), counted.contains(seat) else {
            return "\(life) stays until the leader counts \(seat) in its place"
        }
        let since = agent.peers.first { $0.name == seat }?.since ?? .zero
        let lacking = voters.filter { voter in
            guard voter.name != member.name, !voter.vacant else { return voter.name != member.name }
            let durable =
                voter.name == leader.name
                ? agent.position : agent.peers.first { $0.name == voter.life }?.durable ?? .zero
            return durable.epoch != epoch || durable < since
        }
        guard voters.count - 1 - lacking.count < majority(of: voters.count) else { return nil }
        return
            "\(life) stays until a majority of \(majority(of: voters.count)) others has what it was counted for (up to "
            + "\(since) in epoch \(epoch)); \(lacking.map(\.name).joined(separator: ", ")) lacks something"
    }

    /// What is to be said of a member whose rebuild has ended without success.
    static func remainder(of member: XDBGroup.MemberStatus?) -> String {
        guard let member, member.discarded else { return "" }
        let vote = member.kind.votes ? ", and its vote counts nowhere" : ""
        return
            ". The data of \(member.name) were removed before (discardFirst): it has none\(vote) until another rebuild of "
            + "it succeeds"
    }
}
