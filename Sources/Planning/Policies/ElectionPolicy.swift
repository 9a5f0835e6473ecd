import KubernetesModel
import XDB

/// Seals voters at a newer epoch and, when a majority has answered, records who leads it.
///
/// The record is all that this does: the status is written before any action of the plan, and telling the members is
/// `RolePolicy`'s, which works from the record. Whoever observes next, this operator or another, goes on from there.
enum ElectionPolicy {
    /// Why there is an election.
    struct Occasion {
        var words: String
        var cause: XDBGroup.ElectionCause
        /// What was found of the leader, when it is given up.
        var verdict: XDBGroup.LeaderVerdict?

        init(_ words: String, _ cause: XDBGroup.ElectionCause, _ verdict: XDBGroup.LeaderVerdict? = nil) {
            self.words = words
            self.cause = cause
            self.verdict = verdict
        }
    }

    static func apply(_ draft: inout Draft) {
        let occasion: Occasion
        switch draft.leadership {
        case .none:
            // The first epoch counts on every voter's directory, so each must be there and be recorded as joined.
            guard !draft.voters.isEmpty, draft.voters.allSatisfy(\.joined) else { return }
            occasion = Occasion("first election", .first)
        case .lost(let finding):
            if isLeftToPeople(draft) { return wait(finding.words, &draft) }
            occasion = Occasion(finding.words, .failover, finding.verdict)
        case .handover(let reason):
            occasion = Occasion(reason, draft.status.election?.cause ?? .handOver, draft.status.election?.verdict)
        case .leads, .recorded, .suspected, .sealing, .blocked: return
        }

        let voters = draft.voters
        let joining = joining(draft)
        let leaving = leaving(draft)
        let epoch = target(draft)
        let answers = needed(
            draft.answers(of: voters + [joining].compactMap(\.self)).filter { answer in
                guard answer.epoch == epoch, counts(answer.member, draft) else { return false }
                // Of a newcomer only one with the log of the epoch before.
                return answer.member != joining?.name || answer.position.epoch == draft.status.epoch
            },
            occasion.cause,
            draft
        )
        let outcome = Election(
            epoch: epoch,
            voters: voters.map { voter(of: $0, occasion.cause, draft) },
            answers: answers,
            preferredZones: draft.spec.placement.zones,
            previousLeader: draft.status.leader,
            wished: draft.status.election?.to,
            joining: joining.map { voter(of: $0, occasion.cause, draft) },
            leaving: leaving?.name
        ).decide()

        switch outcome {
        case .elected(let elected):
            if let joining, elected.joined == nil, isWaitedFor(draft) {
                return seal(voters, joining: joining, epoch, answers, occasion, &draft)
            }
            if leaving != nil, elected.left == nil, isWaitedFor(draft) {
                return seal(voters, epoch, answers, occasion, &draft)
            }
            record(elected, voters: voters, occasion, &draft)
        case .noQuorum: seal(voters, joining: joining, epoch, answers, occasion, &draft)
        case .refused(let refusal):
            draft.leadership = .blocked(Finding(.electionRefused, "\(occasion.words); \(refusal.sentence)"))
            // A candidate that did not answer in time may be there now.
            seal(voters, epoch, answers, occasion, &draft, leadership: draft.leadership)
        }
    }

    // MARK: A vote that comes or goes

    /// The member that is to vote from this epoch on, as long as it can be reached.
    private static func joining(_ draft: Draft) -> XDBGroup.MemberStatus? {
        guard let member = draft.member(draft.status.election?.joining),
            draft.withoutVote.contains(where: { $0.name == member.name }), !draft.unwanted.contains(member.name),
            draft.heard(member) != nil, counts(member.name, draft)
        else { return nil }
        return member
    }

    /// The voter that is to have no vote from this epoch on, as long as the spec does not want it.
    private static func leaving(_ draft: Draft) -> XDBGroup.MemberStatus? {
        draft.voters.first { $0.name == draft.status.election?.leaving && draft.unwanted.contains($0.name) }
    }

    /// Writes wait meanwhile, so whoever is needed for a change gets a moment only; without it the epoch has the voters of
    /// before.
    private static func isWaitedFor(_ draft: Draft) -> Bool {
        guard let began = draft.status.election?.began else { return false }
        return MicroTime(draft.observation.now).milliseconds(since: began) < 2000
    }

    // MARK: Manual failovers

    /// True when a person has to ask for an election.
    ///
    /// One that has begun is finished, and who asks for the recovery of the group asks for whatever election it takes.
    static func isLeftToPeople(_ draft: Draft) -> Bool {
        guard draft.status.election == nil, Recovery.current(draft) == nil else { return false }
        return draft.spec.failover.mode == .manual || draft.observation.failoverMode == .manual
    }

    private static func wait(_ why: String, _ draft: inout Draft) {
        let whose = draft.spec.failover.mode == .manual ? "spec.failover.mode" : "the operator's failover setting"
        let heard = draft.voters.filter { draft.heard($0) != nil }.map(\.name)
        let able = draft.voters.filter { voter in
            voter.kind == .candidate && heard.contains(voter.name)
                && MemberExamination(draft: draft, member: voter).refusal == nil
        }.map(\.name)
        let wish =
            able.isEmpty
            ? "no candidate could lead now"
            : "\(able.joined(separator: ", ")) could lead; to elect, make an XDBOperation with changeLeader: {to: auto}"
        draft.leadership = .blocked(
            Finding(
                .failoverPending,
                "\(why); \(whose) is Manual, so nothing is done. \(heard.count) of \(draft.voters.count) voters are heard, "
                    + wish
            )
        )
        draft.checkAgain(within: .seconds(1))
    }

    /// The epoch to elect for: that of the election that was begun, else the next one, unless some voter has promised or
    /// seen more than the status knows.
    static func target(_ draft: Draft) -> Epoch {
        let next = max(draft.status.epoch.next, draft.status.election?.epoch ?? .none)
        var seen = Epoch.none
        for voter in draft.voters + draft.withoutVote {
            guard let agent = draft.heard(voter) else { continue }
            // A promise of exactly this epoch, without a part in it, belongs to the election that was begun and not
            // finished. Any other promise of a newer epoch is one that this status has lost.
            let isBegun = agent.epoch == next && agent.role == .sealed
            if agent.epoch >= next, !isBegun { seen = max(seen, agent.epoch) }
            if agent.position.epoch >= next { seen = max(seen, agent.position.epoch) }
        }
        for answer in draft.observation.seals where answer.position.epoch >= next {
            seen = max(seen, answer.position.epoch)
        }
        return max(next, seen.next)
    }

    /// A leader that hands over because it stops will be gone before anybody could complete its log from it.
    ///
    /// So its answer is left out when the others are a majority: whatever was committed is among theirs.
    private static func needed(
        _ answers: [SealAnswer],
        _ cause: XDBGroup.ElectionCause,
        _ draft: Draft
    ) -> [SealAnswer] {
        guard cause == .handOver else { return answers }
        let others = answers.filter { $0.member != draft.status.leader }
        return others.count >= majority(of: draft.voters.count) ? others : answers
    }

    /// The answer of a member whose data are gone is an answer from an empty log: it counts for nothing.
    ///
    /// While a vote passes from one life of a member to the next, neither's does: the old one's log may have stopped
    /// counting for commits, and the new one's may not have all that the old one's was counted for.
    static func counts(_ member: String, _ draft: Draft) -> Bool {
        guard let member = draft.member(member) else { return true }
        return !member.vacant && !member.discarded && !MemberExamination(draft: draft, member: member).hasLostItsData
    }

    static func voter(
        of member: XDBGroup.MemberStatus,
        _ cause: XDBGroup.ElectionCause,
        _ draft: Draft
    ) -> Voter {
        Voter(
            name: member.name,
            ordinal: member.ordinal,
            kind: member.kind == .logger ? .logger : .candidate,
            zone: member.zone,
            refusal: member.kind == .logger ? nil : MemberExamination(draft: draft, member: member).refusal,
            isRunning: draft.heard(member)?.server.state == .running,
            // The one that has just failed is passed over for an equal, and so is one that fails again and again, and one
            // that is being rebuilt.
            isSetAside: draft.isSetAside(member),
            isUnsteady: cause == .failover && member.name == draft.status.leader || caution(member.name, draft) != nil
                || draft.status.rebuild?.member == member.name || draft.unwanted.contains(member.name)
        )
    }

    /// Why an equal is preferred to a member, as a sentence; nil when none is.
    ///
    /// A leader that was lost twice within an hour is passed over for an equal: for a minute, and twice as long each
    /// time, up to half an hour.
    static func caution(_ member: String, _ draft: Draft) -> String? {
        let epochs = draft.status.epochs
        let now = draft.observation.now
        let losses = zip(epochs, epochs.dropFirst()).compactMap { next, lost -> Time? in
            guard lost.leader == member, next.cause == .failover, let time = next.time,
                now.since(time) < .seconds(3600)
            else { return nil }
            return time
        }
        guard losses.count >= 2, let last = losses.max() else { return nil }
        let end = last.advanced(by: min(.seconds(60) * (1 << min(losses.count - 2, 10)), .seconds(1800)))
        guard now < end else { return nil }
        return
            "elections pass it over for an equal until \(end.wholeSeconds): it was lost \(losses.count) times as the leader "
            + "within an hour"
    }

    private static func seal(
        _ voters: [XDBGroup.MemberStatus],
        joining: XDBGroup.MemberStatus? = nil,
        _ epoch: Epoch,
        _ answers: [SealAnswer],
        _ occasion: Occasion,
        _ draft: inout Draft,
        leadership: Leadership? = nil
    ) {
        let answered = Set(answers.map(\.member))
        let votes = voters.count { answered.contains($0.name) }
        let reachable = voters.filter { voter in
            guard let agent = draft.heard(voter), agent.epoch <= epoch, counts(voter.name, draft) else { return false }
            return !answered.contains(voter.name)
        }
        // A minority is left alone: sealing it would gain nothing.
        guard votes + reachable.count >= majority(of: voters.count) else {
            let present = answered.union(reachable.map(\.name))
            let missing = NoQuorum(
                voters: voters.count,
                answered: voters.map(\.name).filter { present.contains($0) },
                missing: voters.map(\.name).filter { !present.contains($0) }
            )
            draft.leadership = .blocked(
                Finding(.noQuorum, "\(occasion.words); \(missing.sentence)\(ForcedLeader.hint(draft))")
            )
            draft.checkAgain(within: .seconds(1))
            return
        }
        let asked = (reachable + [joining].compactMap(\.self)).map(\.name).filter { !answered.contains($0) }
        if !asked.isEmpty {
            if draft.status.election?.epoch != epoch { draft.status.election = election(epoch, occasion, draft) }
            draft.act(.seal(members: asked, SealRequest(epoch: epoch, successor: successor(occasion.cause, draft))))
        }
        draft.leadership = leadership ?? .sealing("\(occasion.words); voters are asked to promise epoch \(epoch)")
        draft.checkAgain(within: .seconds(1))
    }

    /// The life of the member that is to take over from a leader that is well.
    private static func successor(_ cause: XDBGroup.ElectionCause, _ draft: Draft) -> String? {
        switch cause {
        case .changeLeader, .handOver, .restart, .maintenance, .nodeOffline:
            draft.member(draft.status.election?.to)?.life
        case .voterAdded, .voterRemoved:
            draft.status.election?.to == draft.status.leader ? nil : draft.member(draft.status.election?.to)?.life
        case .first, .failover, .forced: nil
        }
    }

    /// What is recorded before the first voter is sealed.
    ///
    /// A wish stays one when it needs a newer epoch.
    static func election(
        _ epoch: Epoch,
        _ occasion: Occasion,
        _ draft: Draft
    ) -> XDBGroup.ElectionStatus {
        let begun = draft.status.election
        var election = begun ?? XDBGroup.ElectionStatus()
        election.epoch = epoch
        if begun?.isWish == true { return election }
        election.reason = occasion.words
        election.cause = occasion.cause
        election.verdict = occasion.verdict
        election.time = draft.observation.now.wholeSeconds
        election.began = MicroTime(draft.observation.now)
        if occasion.cause == .failover, let leader = draft.member(draft.status.leader) {
            election.heard = MicroTime(draft.observation.now.advanced(by: .zero - draft.silence(of: leader)))
        }
        return election
    }

    /// How many epochs the status keeps.
    static let history = 20

    /// Records an epoch, which is what makes it one.
    static func record(
        _ elected: Elected,
        voters: [XDBGroup.MemberStatus],
        _ occasion: Occasion,
        loss: ForcedLoss? = nil,
        _ draft: inout Draft
    ) {
        var record = XDBGroup.EpochRecord()
        record.epoch = elected.epoch
        record.leader = elected.leader
        let names = voters.map(\.name).filter { $0 != elected.left } + [elected.joined].compactMap(\.self)
        record.voters = draft.status.members.map(\.name).filter { names.contains($0) }
        record.start = elected.start
        record.source = elected.source
        record.time = draft.observation.now.wholeSeconds
        record.reason = "\(occasion.words): \(elected.sentence)"
        if let aside = draft.member(elected.leader).flatMap({ draft.setAside($0) }) {
            record.reason += "; \(aside.words), and no other candidate could lead"
        }
        record.cause = occasion.cause
        record.verdict = occasion.verdict
        record.rule = elected.rule.rawValue
        record.answers = elected.ballots.compactMap { ballot in
            ballot.position.map { position in
                var answer = XDBGroup.ElectionAnswer()
                answer.voter = ballot.voter
                answer.position = position
                return answer
            }
        }
        record.refusals = elected.refusals.map { refusal in
            var passedOver = XDBGroup.ElectionRefusal()
            passedOver.member = refusal.member
            passedOver.reason = refusal.reason
            return passedOver
        }
        record.missing = loss?.missing ?? []
        record.committed = loss?.committed
        record.loss = loss?.sentence
        record.heard = draft.status.election?.heard
        record.began = draft.status.election?.began
        record.recorded = MicroTime(draft.observation.now)
        record.operation =
            occasion.cause == .failover ? draft.names.failover(elected.epoch) : draft.status.election?.operation
        draft.status.epochs = [record] + draft.status.epochs.prefix(history - 1)
        OfflineNodes.noteLeader(before: elected, &draft)
        draft.status.epoch = elected.epoch
        draft.status.leader = elected.leader
        draft.status.election = nil
        for index in draft.status.members.indices {
            let votes = record.voters.contains(draft.status.members[index].name)
            draft.status.members[index].voter = votes
            // Who has lost its vote gets it back by an election, whichever life of it.
            if !votes { draft.status.members[index].vacant = false }
            if votes { draft.status.members[index].newcomer = false }
            // It may be deleted from here on, so it never gets a vote again.
            if draft.status.members[index].name == elected.left { draft.status.members[index].leaving = true }
        }
        draft.unwanted.removeAll { $0 == elected.left }
        draft.leadership = .recorded
        draft.tell(
            loss == nil ? .elected : .leaderForced,
            [record.reason, record.loss].compactMap(\.self).joined(separator: ". ")
        )
    }
}
