import KubernetesModel
import XDB

/// The recovery of a group that somebody asks for, and how far the group is from being whole.
///
/// It does no work of its own, so it waits for no other operation and none waits for it. While it is under way an election
/// needs no other wish (`ElectionPolicy.isLeftToPeople`), and members that do not come back by themselves are rebuilt at once
/// (`RepairPolicy`); by the rules that hold for both of them always.
struct Recovery {
    /// How long a node may be away, and what does not come back may stay so, before it is not waited for any more.
    static let patience = Duration.seconds(30)

    let draft: Draft
    let operation: XDBOperation

    init?(_ operation: XDBOperation, _ draft: Draft) {
        guard operation.spec.recoverGroup != nil else { return nil }
        self.draft = draft
        self.operation = operation
    }

    /// The one that is under way; of several the oldest.
    static func current(_ draft: Draft) -> Recovery? {
        guard !draft.spec.paused else { return nil }
        let operation = draft.unfinished.first { operation in
            operation.spec.recoverGroup != nil && operation.problems.isEmpty && !operation.spec.cancel
                && !draft.isOverdue(operation)
        }
        return operation.flatMap { Recovery($0, draft) }
    }

    /// Since when it is under way.
    var began: Time { operation.status.startTime ?? draft.observation.now.wholeSeconds }
    var age: Duration { draft.observation.now.since(began) }

    // MARK: A leader

    /// Whether the recorded leader takes writes.
    var isLed: Bool {
        if case .leads(isWritable: true) = draft.leadership { true } else { false }
    }

    /// The election that came of it.
    var election: XDBGroup.EpochRecord? {
        guard let record = draft.status.epochs.first, let time = record.time, time >= began else { return nil }
        return record
    }

    /// The voters that answer with their data.
    var answering: [XDBGroup.MemberStatus] { draft.voters.filter { Self.answers($0, draft) } }

    static func answers(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        draft.heard(member) != nil && ElectionPolicy.counts(member.name, draft)
    }

    var needed: Int { majority(of: draft.voters.count) }

    /// What each voter has, and each member that a leader was forced without.
    var positions: [XDBOperation.MemberPosition] {
        let members = (draft.voters + draft.outsiders).sorted { $0.ordinal < $1.ordinal }
        return members.map { position(of: $0) }
    }

    private func position(of member: XDBGroup.MemberStatus) -> XDBOperation.MemberPosition {
        var found = XDBOperation.MemberPosition()
        found.member = member.name
        found.position = ForcedLoss.lastSeen(member, draft)
        let finding = draft.findings[member.name]?.finding
        guard let agent = draft.heard(member) else {
            found.message = finding?.message
            return found
        }
        guard Self.answers(member, draft) else {
            let why = MemberExamination(draft: draft, member: member).hasLostItsData
            found.message = why ? "it answers without its data, which counts for nothing" : finding?.message
            return found
        }
        found.counts = true
        found.position = agent.position
        found.committed = agent.committed
        found.promised = agent.epoch
        let before = operation.status.positions.first { $0.member == member.name && $0.counts }
        found.since = before?.since ?? draft.observation.now.wholeSeconds
        if !draft.voters.contains(where: { $0.name == member.name }) {
            found.message = "it does not vote since a leader was forced without it"
        }
        return found
    }

    // MARK: The other members

    /// Those that do not play their part, apart from the leader.
    var absent: [XDBGroup.MemberStatus] {
        others.filter { draft.findings[$0.name]?.health != .healthy }
    }

    var others: [XDBGroup.MemberStatus] {
        draft.status.members.filter { !$0.isSuccessor && !$0.leaving && $0.name != draft.status.leader }
    }

    /// Why a member will not be back by itself, nor by a rebuild; nil while it may be.
    func obstacle(_ member: XDBGroup.MemberStatus) -> String? {
        guard let since = member.since, draft.observation.now.since(since) >= Self.patience else { return nil }
        if let aside = draft.setAside(member) { return aside.words }
        return draft.irreparable[member.name]
    }

    /// The newest rebuild of a member that has been asked for since then.
    func lastRebuild(of member: XDBGroup.MemberStatus) -> XDBOperation? {
        draft.observation.operations.last { operation in
            operation.spec.rebuild?.member == member.name && operation.status.state != .cancelled
                && operation.metadata.creationTimestamp ?? .init(seconds: 0) >= began
        }
    }

    /// The rebuild of a member that goes on, or waits for its turn.
    func rebuild(of member: XDBGroup.MemberStatus) -> XDBOperation? {
        draft.unfinished.first { $0.spec.rebuild?.member == member.name }
    }
}

// MARK: - In words

extension Recovery {
    /// How many answer, and what is known of the others.
    var answersSentence: String {
        let silent = draft.voters.filter { voter in !answering.contains { $0.name == voter.name } }
        let why = silent.map { "\($0.name) (\(draft.findings[$0.name]?.finding.message ?? "nothing is known of it"))" }
        return
            "\(answering.count) of \(draft.voters.count) voters "
            + "\(answering.count == 1 ? "answers with its" : "answer with their") data, and \(needed) are needed"
            + (why.isEmpty ? "" : "; not: \(why.joined(separator: ", "))")
    }

    /// Why nobody leads yet.
    var leaderlessness: String {
        switch draft.leadership {
        case .sealing(let words): return words
        case .blocked(let finding) where finding.reason != .noQuorum: return finding.message
        case .leads, .recorded:
            return
                "\(draft.status.leader ?? "") is to lead epoch \(draft.status.epoch), and completes and applies its log"
        case .none, .suspected, .lost, .handover, .blocked: return answersSentence
        }
    }

    /// What each voter has, in a line.
    var positionsSentence: String {
        positions.map { entry in
            let place = entry.position.map { "\($0)" } ?? "never seen"
            if entry.counts { return "\(entry.member) has \(place)" }
            return "\(entry.member) does not count, and was seen last at \(place)"
        }.joined(separator: "; ")
    }

    /// The way out when no majority comes back, and what it would cost as far as that is known.
    var lastResort: String {
        let able = (draft.voters + draft.outsiders).filter {
            MemberExamination(draft: draft, member: $0).refusal == nil && Self.answers($0, draft)
        }
        let best = able.max { left, right in
            let (a, b) = (draft.heard(left)?.position ?? .zero, draft.heard(right)?.position ?? .zero)
            return (a, -left.ordinal) < (b, -right.ordinal)
        }
        guard let best else { return "No candidate answers with its data, so nobody could be forced either" }
        let start = (answering + [best]).compactMap { draft.heard($0)?.position }.max() ?? .zero
        let missing = draft.voters.filter { voter in !answering.contains { $0.name == voter.name } }
        let losses = missing.map { voter -> String in
            guard let seen = ForcedLoss.lastSeen(voter, draft) else { return "\(voter.name) was never seen" }
            guard seen > start else { return "\(voter.name) was seen with no more than that" }
            let count = seen.epoch == start.epoch ? "\(seen.sequence - start.sequence) transactions" : "transactions"
            return "\(voter.name) was seen with \(count) more, up to \(seen)"
        }
        return
            "Only when the others are gone for good: an XDBOperation with forceLeader: {member: \(best.name), "
            + "acceptDataLoss: true} loses least. It keeps everything up to \(start); of what is after it, "
            + losses.joined(separator: ", ") + ", and what they wrote since is not known"
    }
}
