import KubernetesModel
import XDB

/// Seals voters at a newer epoch and, when a majority has answered, records who leads it.
///
/// The record is all that this does: the status is written before any action of the plan, and telling the members is
/// `RolePolicy`'s, which works from the record. Whoever observes next, this operator or another, goes on from there.
enum ElectionPolicy {
    static func apply(_ draft: inout Draft) {
        let why: String
        switch draft.leadership {
        case .none:
            // The first epoch counts on every voter's directory, so each must be there and be recorded as joined.
            guard !draft.voters.isEmpty, draft.voters.allSatisfy(\.joined) else { return }
            why = "first election"
        case .lost(let reason): why = reason
        case .leads, .recorded, .suspected, .sealing, .blocked: return
        }

        let voters = draft.voters
        let epoch = target(draft)
        let answers = draft.observation.seals.filter { $0.epoch == epoch && counts($0.member, draft) }
        let outcome = Election(
            epoch: epoch,
            voters: voters.map { voter(of: $0, draft) },
            answers: answers,
            preferredZones: draft.spec.placement.zones,
            previousLeader: draft.status.leader
        ).decide()

        switch outcome {
        case .elected(let elected): record(elected, voters: voters, because: why, &draft)
        case .noQuorum: seal(voters, epoch, answers, because: why, &draft)
        case .refused(let refusal):
            draft.leadership = .blocked(Finding(.electionRefused, "\(why); \(refusal.sentence)"))
            // A candidate that did not answer in time may be there now.
            seal(voters, epoch, answers, because: why, &draft, leadership: draft.leadership)
        }
    }

    /// The epoch to elect for: that of the election that was begun, else the next one, unless some voter has promised or
    /// seen more than the status knows.
    static func target(_ draft: Draft) -> Epoch {
        let next = max(draft.status.epoch.next, draft.status.election?.epoch ?? .none)
        var seen = Epoch.none
        for voter in draft.voters {
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

    /// The answer of a member whose data are gone is an answer from an empty log: it counts for nothing.
    private static func counts(_ member: String, _ draft: Draft) -> Bool {
        switch draft.findings[member]?.finding.reason {
        case .dataMissing, .wrongIdentity: false
        default: true
        }
    }

    private static func voter(of member: XDBGroup.MemberStatus, _ draft: Draft) -> Voter {
        Voter(
            name: member.name,
            ordinal: member.ordinal,
            kind: member.kind == .logger ? .logger : .candidate,
            zone: member.zone,
            refusal: member.kind == .logger ? nil : MemberExamination(draft: draft, member: member).refusal
        )
    }

    private static func seal(
        _ voters: [XDBGroup.MemberStatus],
        _ epoch: Epoch,
        _ answers: [SealAnswer],
        because why: String,
        _ draft: inout Draft,
        leadership: Leadership? = nil
    ) {
        let answered = Set(answers.map(\.member))
        let reachable = voters.filter { voter in
            guard let agent = draft.heard(voter), agent.epoch <= epoch, counts(voter.name, draft) else { return false }
            return !answered.contains(voter.name)
        }
        // A minority is left alone: sealing it would gain nothing.
        guard answered.count + reachable.count >= majority(of: voters.count) else {
            let present = answered.union(reachable.map(\.name))
            let missing = NoQuorum(
                voters: voters.count,
                answered: voters.map(\.name).filter { present.contains($0) },
                missing: voters.map(\.name).filter { !present.contains($0) }
            )
            draft.leadership = .blocked(Finding(.noQuorum, "\(why); \(missing.sentence)"))
            draft.checkAgain(within: .seconds(1))
            return
        }
        if !reachable.isEmpty {
            if draft.status.election?.epoch != epoch {
                var election = XDBGroup.ElectionStatus()
                election.epoch = epoch
                election.reason = why
                election.time = draft.observation.now.wholeSeconds
                draft.status.election = election
            }
            draft.act(.seal(members: reachable.map(\.name), SealRequest(epoch: epoch)))
        }
        draft.leadership = leadership ?? .sealing("\(why); voters are asked to promise epoch \(epoch)")
        draft.checkAgain(within: .seconds(1))
    }

    /// How many epochs the status keeps.
    static let history = 20

    private static func record(
        _ elected: Elected,
        voters: [XDBGroup.MemberStatus],
        because why: String,
        _ draft: inout Draft
    ) {
        var record = XDBGroup.EpochRecord()
        record.epoch = elected.epoch
        record.leader = elected.leader
        record.voters = voters.map(\.name)
        record.start = elected.start
        record.source = elected.source
        record.time = draft.observation.now.wholeSeconds
        record.reason = "\(why): \(elected.sentence)"
        draft.status.epochs = [record] + draft.status.epochs.prefix(history - 1)
        draft.status.epoch = elected.epoch
        draft.status.leader = elected.leader
        draft.status.election = nil
        draft.leadership = .recorded
        draft.tell(.elected, record.reason)
    }
}
