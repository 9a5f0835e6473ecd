import KubernetesModel
import XDB

/// What is to be thought of the recorded leader.
enum Leadership: Hashable {
    /// Nobody has led yet.
    case none
    /// The leader leads, and takes writes or is on its way there.
    case leads(isWritable: Bool)
    /// The leader answers, and has not been told yet, or not heard yet, that it leads.
    case recorded
    /// The leader is silent, and is not given up: why.
    case suspected(String)
    /// There must be an election: why.
    case lost(String)
    /// There is to be an election although the leader leads: why.
    case handover(String)
    /// An election waits for answers, of which enough can be had.
    case sealing(String)
    /// There must be an election, and there cannot be one: why, and what would make it possible.
    case blocked(Finding)

    /// How far an election is that has begun and is not recorded; nil when there is nothing to tell.
    var progress: String? {
        switch self {
        case .sealing(let words): words
        case .blocked(let finding): finding.message
        case .none, .leads, .recorded, .suspected, .lost, .handover: nil
        }
    }
}

extension XDBGroup.ElectionStatus {
    /// True when somebody or something wants it other than the loss of the leader.
    var isWish: Bool {
        switch cause {
        case .handOver, .changeLeader, .forced, .voterAdded: true
        case .first, .failover, nil: false
        }
    }
}

/// Weighs what the leader's agent says, what the other voters hear of it, and how long it has been silent.
///
/// An operator that is cut off deposes nobody: a silent leader is given up only when the other voters that are heard
/// leave it no majority to commit with.
enum LeadershipPolicy {
    static func apply(_ draft: inout Draft) {
        draft.leadership = leadership(draft)
        switch draft.leadership {
        // The reason to elect has passed before anybody was elected; what was wished for is `HandoverPolicy`'s.
        case .leads, .recorded: if draft.status.election?.isWish != true { draft.status.election = nil }
        case .none, .suspected, .lost, .handover, .sealing, .blocked: break
        }
        if case .suspected = draft.leadership { draft.checkAgain(within: .milliseconds(250)) }
    }

    static func leadership(_ draft: Draft) -> Leadership {
        let epoch = draft.status.epoch
        guard epoch > .none else { return .none }
        guard let leader = draft.member(draft.status.leader) else {
            return .lost("the recorded leader is not a member")
        }
        // A promise of a newer epoch cannot be taken back, so that voter can only take part again in a newer one.
        for voter in draft.voters + draft.outsiders {
            if let agent = draft.heard(voter), agent.epoch > epoch {
                if let election = draft.status.election, agent.epoch == election.epoch { return .lost(election.reason) }
                return .lost("\(voter.name) has promised epoch \(agent.epoch) in an election that was not finished")
            }
        }
        guard let agent = draft.heard(leader) else { return silent(leader, draft) }
        if agent.group == nil || agent.group != draft.observation.group.metadata.uid {
            return .lost("the data of \(leader.name) are not there")
        }
        if let refusal = draft.agent(of: leader)?.refusal, refusal.request == .lead, refusal.epoch == epoch,
            agent.role != .leader
        {
            return .lost("\(leader.name) refuses to lead: \(refusal.error.message)")
        }
        guard agent.epoch == epoch else { return .recorded }
        switch agent.role {
        case .leader:
            if let source = draft.status.epochs.first?.source.flatMap({ draft.member($0) }), agent.phase == .recovering,
                agent.position < draft.status.epochs.first?.start ?? .zero, draft.heard(source) == nil,
                draft.silence(of: source) >= draft.unreachable
            {
                return .lost("\(source.name), from which \(leader.name) completes its log, is gone")
            }
            if let hang = hang(leader, agent, draft) { return .lost(hang) }
            return .leads(isWritable: agent.phase == .writable)
        case .follower:
            return .lost("\(leader.name) follows in the epoch that it should lead")
        case .sealed:
            // It has led this epoch, and lost the server with which it did: it must never lead this epoch again.
            if agent.problems.contains(where: { $0.reason == "Resigned" }) || agent.position.epoch >= epoch {
                return .lost("the server of \(leader.name) ended while it led")
            }
            return .recorded
        }
    }

    /// Why a leader that is alive counts as failed, although a majority of voters would acknowledge: its server commits
    /// nothing, or its log cannot be written, with or without a server that takes writes.
    ///
    /// Another candidate must be there for that.
    private static func hang(
        _ leader: XDBGroup.MemberStatus,
        _ agent: AgentStatus,
        _ draft: Draft
    ) -> String? {
        let others = draft.voters.filter { $0.name != leader.name }
        let voters = draft.voters.count
        let problem: AgentStatus.Problem
        // A log that cannot be written is given to nobody, and what cannot be written may be a promise too: the others
        // must be able to elect by themselves.
        if let failure = agent.problems.first(where: { $0.reason == "StorageFailed" }) {
            guard others.count(where: { draft.heard($0) != nil }) >= majority(of: voters) else { return nil }
            problem = failure
        } else if agent.phase == .writable,
            let standstill = agent.problems.first(where: { Self.standstills.contains($0.reason) })
        {
            let names = Set(others.map(\.name))
            let connected = agent.peers.count { $0.connected && names.contains($0.name) }
            guard 1 + connected >= majority(of: voters) else { return nil }
            problem = standstill
        } else {
            return nil
        }
        let isReplaceable = others.contains { other in
            other.kind == .candidate && [.streaming, .connecting].contains(draft.heard(other)?.phase)
                && MemberExamination(draft: draft, member: other).refusal == nil
        }
        return isReplaceable ? "\(leader.name) commits nothing: \(problem.message)" : nil
    }

    /// Problems of a leader's server with which its commits stand still.
    private static let standstills: Set<String> = [
        "ServerUnresponsive", "CommitsStandStill", "DiskFull", "DiskReadOnly",
    ]

    private static func silent(_ leader: XDBGroup.MemberStatus, _ draft: Draft) -> Leadership {
        let others = draft.voters.filter { $0.name != leader.name }
        let deaf = others.filter { draft.heard($0)?.hearsLeader == false }
        let hearing = others.filter { draft.heard($0)?.hearsLeader == true }
        let name = leader.name

        // With everybody who may still hear it, the leader and they could be a majority, and so could commit.
        guard 1 + others.count - deaf.count < majority(of: draft.voters.count) else {
            if hearing.isEmpty {
                let silent = others.filter { draft.heard($0) == nil }.map(\.name).joined(separator: ", ")
                return .suspected(
                    "\(name) is silent, and so are too many other voters to know more (\(silent)); bring back their pods "
                        + "or nodes\(ForcedLeader.hint(draft))"
                )
            }
            let names = hearing.map(\.name).joined(separator: ", ")
            return .suspected("\(name) does not answer the operator, but \(names) still hears it")
        }
        if draft.pod(of: leader) == nil {
            return .lost("the pod of \(name) is gone, and no other voter hears it")
        }
        guard draft.silence(of: leader) >= draft.unreachable else {
            return .suspected("\(name) is silent; it is given up after \(draft.spec.failover.unreachableSeconds) s")
        }
        return .lost(
            "nothing was heard of \(name) for \(draft.spec.failover.unreachableSeconds) s, and no majority of voters "
                + "hears it"
        )
    }
}
