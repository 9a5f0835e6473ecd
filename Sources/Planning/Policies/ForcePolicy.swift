import KubernetesModel
import XDB

/// Makes a member the leader without a majority, because a person asks for it and accepts what that may cost.
///
/// The wish is recorded as the status' election. Then every voter that answers is sealed, and the named member is recorded as
/// the leader of an epoch that only those voters vote in, which starts with the most advanced of their logs. Until that
/// record the wish can be taken back; it is dropped when a majority answers again.
enum ForcePolicy {
    static func apply(_ draft: inout Draft) {
        guard draft.status.election?.cause != .forced else { return goOn(&draft) }
        guard let operation = draft.turn, let wish = operation.spec.forceLeader else { return }
        let name = operation.metadata.name
        // It has had its epoch.
        guard !draft.status.epochs.contains(where: { $0.operation == name }) else { return }
        let verdict = ForcedLeader(draft: draft, wish: wish).verdict
        draft.verdicts[name] = verdict
        guard case .begin(let member) = verdict else { return }
        let why = "operation \(name) forces \(member) to lead without a majority"
        HandoverPolicy.begin(.forced, to: member, why, operation: name, &draft)
        goOn(&draft)
    }

    private static func goOn(_ draft: inout Draft) {
        let operation = draft.observation.operations.first { $0.metadata.name == draft.status.election?.operation }
        guard let operation, let wish = operation.spec.forceLeader, !operation.isFinished, !operation.spec.cancel,
            !draft.isOverdue(operation)
        else { return drop(&draft) }
        let forced = ForcedLeader(draft: draft, wish: wish)
        if let evidence = forced.majority {
            draft.verdicts[operation.metadata.name] = .refuse(evidence)
            return drop(&draft)
        }
        elect(forced, &draft)
    }

    /// Back to what would be without the wish.
    private static func drop(_ draft: inout Draft) {
        draft.status.election = nil
        draft.leadership = LeadershipPolicy.leadership(draft)
    }

    private static func elect(_ forced: ForcedLeader, _ draft: inout Draft) {
        let why = draft.status.election?.reason ?? ""
        let epoch = ElectionPolicy.target(draft)
        draft.status.election?.epoch = epoch
        draft.checkAgain(within: .seconds(1))
        if let obstacle = forced.obstacle {
            draft.leadership = .blocked(Finding(.electionRefused, "\(why); \(obstacle)"))
            return
        }
        let voters = forced.voters
        let answers = draft.answers(of: voters).filter { $0.epoch == epoch }
        // Every one of them: what a single one of them has must not be lost.
        let silent = voters.map(\.name).filter { name in !answers.contains { $0.member == name } }
        guard silent.isEmpty else {
            draft.act(.seal(members: silent, SealRequest(epoch: epoch)))
            draft.leadership = .sealing(
                "\(why); \(silent.joined(separator: ", ")) must promise epoch \(epoch) first. One that answers and does not "
                    + "promise holds this up: stop its pod or node for good to go on without it"
            )
            return
        }
        let outcome = Election(
            epoch: epoch,
            voters: voters.map { ElectionPolicy.voter(of: $0, .forced, draft) },
            answers: answers,
            preferredZones: [],
            previousLeader: draft.status.leader,
            wished: forced.wish.member
        ).decide()
        switch outcome {
        case .elected(let elected) where elected.leader == forced.wish.member:
            let loss = ForcedLoss(forced, start: elected.start, answers: answers)
            ElectionPolicy.record(elected, voters: voters, ElectionPolicy.Occasion(why, .forced), loss: loss, &draft)
        case .elected(let elected):
            let refusal = elected.refusals.first { $0.member == forced.wish.member }?.reason ?? "it may not lead"
            draft.leadership = .blocked(
                Finding(.electionRefused, "\(why); \(refusal). \(elected.leader) could be forced instead")
            )
        case .refused(let refusal):
            draft.leadership = .blocked(Finding(.electionRefused, "\(why); \(refusal.sentence)"))
        case .noQuorum(let missing):
            draft.leadership = .blocked(Finding(.noQuorum, "\(why); \(missing.sentence)"))
        }
    }
}

/// Whether a member may be made the leader without a majority, and with whom.
struct ForcedLeader {
    /// How long the missing voters must have been silent: an operator that has just started has not heard anybody, and a
    /// pod that is made again is back in a moment.
    static let grace = Duration.seconds(30)

    let draft: Draft
    let wish: XDBOperation.ForceLeader

    /// The voters of the epoch: those that answer, and the named member.
    ///
    /// A candidate that a leader was forced without may be named when that leader is lost, too.
    var voters: [XDBGroup.MemberStatus] {
        let outsiders = draft.outsiders.filter { $0.name == wish.member }
        return (draft.voters + outsiders).filter { Self.answers($0, draft) }.sorted { $0.ordinal < $1.ordinal }
    }

    /// The voters of the epoch before that are left behind.
    var missing: [XDBGroup.MemberStatus] { draft.voters.filter { !Self.answers($0, draft) } }

    private static func answers(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        draft.heard(member) != nil && ElectionPolicy.counts(member.name, draft)
    }

    var verdict: OperationVerdict {
        if draft.spec.paused { return .wait("the group is paused (spec.paused)") }
        guard draft.status.epoch > .none else {
            return .refuse("the group has had no leader yet, so there is nothing that could be forced")
        }
        if let majority { return .refuse(majority) }
        guard let member = draft.member(wish.member) else {
            let candidates = draft.voters.filter { $0.kind == .candidate }.map(\.name).joined(separator: ", ")
            return .refuse("\(wish.member) is no member of the group; its candidates are \(candidates)")
        }
        guard
            draft.voters.contains(where: { $0.name == member.name })
                || draft.outsiders.contains(where: { $0.name == member.name })
        else {
            return .refuse(
                "\(member.name) cannot lead: it is a \(member.kind.rawValue.lowercased()) and has never voted"
            )
        }
        if let obstacle, !isFresh(member) { return .refuse(obstacle) }
        let fresh = draft.status.members.filter { (missing + [member]).contains($0) && isFresh($0) }.map(\.name)
        guard fresh.isEmpty else {
            return .wait(
                "\(fresh.joined(separator: ", ")) must have been silent for \(Self.grace.components.seconds) s: they may be "
                    + "back in a moment, and then nothing is lost"
            )
        }
        return .begin(member.name)
    }

    private func isFresh(_ member: XDBGroup.MemberStatus) -> Bool {
        draft.heard(member) == nil && draft.silence(of: member) < Self.grace
    }

    /// Why the named member cannot lead; nil when it can.
    var obstacle: String? {
        guard let member = draft.member(wish.member) else { return "\(wish.member) is no member of the group" }
        return MemberExamination(draft: draft, member: member).refusal.map { "\(member.name) cannot lead: \($0)" }
    }

    /// Why there is no need to force anything; nil when there is no sign of a majority.
    ///
    /// Signs are also what members hear of each other: it may be the operator that is cut off.
    var majority: String? {
        let all = draft.voters
        let needed = Planning.majority(of: all.count)
        let present = all.filter { Self.answers($0, draft) }.map(\.name)
        let way = "use changeLeader, which loses nothing"
        if present.count >= needed {
            return
                "\(present.count) of \(all.count) voters answer (\(present.joined(separator: ", "))), which is a majority: "
                + way
        }
        guard let leader = draft.member(draft.status.leader) else { return nil }
        let agent = draft.heard(leader)
        if let agent, agent.role == .leader, agent.epoch == draft.status.epoch {
            let connected = agent.peers.filter(\.connected).map(\.name)
            let alive = all.filter { present.contains($0.name) || connected.contains($0.life) }.map(\.name)
            if alive.count >= needed {
                return
                    "\(leader.name) leads and hears a majority (\(alive.joined(separator: ", "))), so it is the operator "
                    + "that does not hear them: " + way
            }
        }
        if agent == nil, let witness = all.first(where: { draft.heard($0)?.hearsLeader == true }) {
            return
                "\(witness.name) still hears the leader \(leader.name), so it is the operator that does not hear it: look "
                + "at the network between the operator and the pods"
        }
        return nil
    }

    /// Words about the way out without a majority, for whoever reads that there is none; empty when it is no way yet.
    static func hint(_ draft: Draft) -> String {
        let missing = draft.voters.filter { !answers($0, draft) }
        let able = draft.voters.filter { MemberExamination(draft: draft, member: $0).refusal == nil }.map(\.name)
        guard !able.isEmpty, missing.allSatisfy({ draft.silence(of: $0) >= grace || draft.heard($0) != nil }) else {
            return ""
        }
        return
            ". Only when they are gone for good: an XDBOperation with forceLeader can make \(able.joined(separator: " or ")) "
            + "lead, and acknowledged commits may be lost"
    }
}

/// What a forced leader may have cost, as far as it can be known.
struct ForcedLoss {
    var missing: [XDBGroup.MissingVoter]
    /// The newest position that the voters which answered knew to be committed.
    var committed: Position
    var sentence: String

    init(_ forced: ForcedLeader, start: Position, answers: [SealAnswer]) {
        let draft = forced.draft
        committed = answers.map(\.committed).max() ?? .zero
        missing = forced.missing.map { member in
            var missing = XDBGroup.MissingVoter()
            missing.voter = member.name
            missing.position = Self.lastSeen(member, draft)
            missing.message = draft.findings[member.name]?.finding.message
            return missing
        }
        let seen = missing.map { voter in
            "\(voter.voter) (\(voter.position.map { "seen at \($0)" } ?? "never seen"))"
        }.joined(separator: ", ")
        let ahead = missing.filter { $0.position ?? .zero > start }.map { voter in
            let position = voter.position ?? .zero
            let count =
                position.epoch == start.epoch ? "\(position.sequence - start.sequence) transactions" : "transactions"
            return "\(voter.voter) has at least \(count) more, up to \(position)"
        }
        sentence =
            "Forced without \(seen): everything after \(start) is lost, also what clients saw succeed; up to \(committed) the "
            + "voters that answered knew it to be committed. "
            + (ahead.isEmpty
                ? "None of the missing was seen with more than that, but what they wrote after they were seen is not known"
                : ahead.joined(separator: "; ") + ". Keep their data: what is lost here may be found there")
    }

    /// The largest position that anybody knew of.
    static func lastSeen(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Position? {
        let leader = draft.member(draft.status.leader).flatMap { draft.heard($0) }
        let told = leader?.peers.first { $0.name == member.life }?.durable
        return [member.position, draft.agent(of: member)?.status.position, told].compactMap(\.self).max()
    }
}
