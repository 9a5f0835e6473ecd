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
    /// The leader is silent, and is not given up.
    case suspected(LeaderFinding)
    /// There must be an election.
    case lost(LeaderFinding)
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

/// What was found of a leader: the case, and the same in words for whoever has to act on it.
struct LeaderFinding: Hashable {
    var verdict: XDBGroup.LeaderVerdict
    var words: String

    init(_ verdict: XDBGroup.LeaderVerdict, _ words: String) {
        self.verdict = verdict
        self.words = words
    }
}

extension XDBGroup.ElectionStatus {
    /// True when somebody or something wants it other than the loss of the leader.
    var isWish: Bool {
        switch cause {
        case .handOver, .changeLeader, .forced, .voterAdded, .voterRemoved, .restart, .maintenance,
            .nodeOffline:
            true
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
            return lost(.unknown, "the recorded leader is not a member")
        }
        // A promise of a newer epoch cannot be taken back, so that voter can only take part again in a newer one.
        for voter in draft.voters + draft.withoutVote {
            guard let agent = draft.heard(voter), agent.epoch > epoch else { continue }
            if let election = draft.status.election, agent.epoch == election.epoch {
                return lost(election.verdict ?? .newerEpoch, election.reason)
            }
            return lost(
                .newerEpoch,
                "\(voter.name) has promised epoch \(agent.epoch) in an election that was not finished"
            )
        }
        guard let agent = draft.heard(leader) else { return silent(leader, draft) }
        if agent.group == nil || agent.group != draft.observation.group.metadata.uid {
            return lost(.dataGone, "the data of \(leader.name) are not there")
        }
        if let refusal = draft.agent(of: leader)?.refusal, refusal.request == .lead, refusal.epoch == epoch,
            agent.role != .leader
        {
            return lost(.refuses, "\(leader.name) refuses to lead: \(refusal.error.message)")
        }
        guard agent.epoch == epoch else { return .recorded }
        switch agent.role {
        case .leader:
            if let source = draft.status.epochs.first?.source.flatMap({ draft.member($0) }), agent.phase == .recovering,
                agent.position < draft.status.epochs.first?.start ?? .zero, draft.heard(source) == nil,
                draft.silence(of: source) >= draft.unreachable
            {
                return lost(.sourceGone, "\(source.name), from which \(leader.name) completes its log, is gone")
            }
            if let finding = uselessness(of: leader, agent, draft) { return .lost(finding) }
            return .leads(isWritable: agent.phase == .writable)
        case .follower:
            return lost(.refuses, "\(leader.name) follows in the epoch that it should lead")
        case .sealed:
            // It has led this epoch, and lost the server with which it did: it must never lead this epoch again.
            if let resignation = agent.problems.first(where: { $0.reason == AgentStatus.Problem.resigned }) {
                let isCutOff = agent.problems.contains { $0.reason == AgentStatus.Problem.noMajority }
                return lost(
                    isCutOff ? .cutOff : .serverGone,
                    "\(leader.name) has given up leading: \(resignation.message)"
                )
            }
            if agent.position.epoch >= epoch {
                return lost(.serverGone, "the server of \(leader.name) ended while it led")
            }
            return .recorded
        }
    }

    private static func lost(_ verdict: XDBGroup.LeaderVerdict, _ words: String) -> Leadership {
        .lost(LeaderFinding(verdict, words))
    }

    private static func suspected(_ verdict: XDBGroup.LeaderVerdict, _ words: String) -> Leadership {
        .suspected(LeaderFinding(verdict, words))
    }

    // MARK: A leader that answers

    /// Why a leader that answers counts as failed: nothing can be committed on it, although the others could be a group
    /// that commits.
    ///
    /// Another candidate must be there for that: a slow leader is better than none.
    private static func uselessness(
        of leader: XDBGroup.MemberStatus,
        _ agent: AgentStatus,
        _ draft: Draft
    ) -> LeaderFinding? {
        let others = draft.voters.filter { $0.name != leader.name }
        let isReplaceable = others.contains { other in
            other.kind == .candidate && [.streaming, .connecting].contains(draft.heard(other)?.phase)
                && MemberExamination(draft: draft, member: other).refusal == nil
        }
        guard isReplaceable else { return nil }
        let needed = majority(of: draft.voters.count)
        let names = Set(others.map { draft.seat(of: $0) })
        let isHeardByMajority = 1 + agent.peers.count { $0.connected && names.contains($0.name) } >= needed
        // Whoever cannot write its log, or reaches nobody, may not be able to promise: the others must do without it.
        let canElectWithoutIt = others.count { draft.heard($0) != nil } >= needed

        for problem in agent.problems {
            guard let verdict = verdicts[problem.reason] else { continue }
            switch verdict {
            case .logFailed where canElectWithoutIt,
                .diverged where agent.phase != .writable,
                .cutOff where agent.phase == .writable && canElectWithoutIt && !isHeardByMajority,
                .hung where agent.phase == .writable && isHeardByMajority,
                .diskFull where agent.phase == .writable && isHeardByMajority,
                .diskReadOnly where agent.phase == .writable && isHeardByMajority:
                return LeaderFinding(verdict, "\(leader.name) commits nothing: \(problem.message)")
            default: continue
            }
        }
        return nil
    }

    /// Problems of a leader with which it commits nothing.
    private static let verdicts: [String: XDBGroup.LeaderVerdict] = [
        AgentStatus.Problem.storageFailed: .logFailed,
        AgentStatus.Problem.noMajority: .cutOff,
        "Diverged": .diverged,
        "ServerUnresponsive": .hung,
        "CommitsStandStill": .hung,
        "DiskFull": .diskFull,
        "DiskReadOnly": .diskReadOnly,
    ]

    // MARK: A leader that is silent

    private static func silent(_ leader: XDBGroup.MemberStatus, _ draft: Draft) -> Leadership {
        let others = draft.voters.filter { $0.name != leader.name }
        let deaf = others.filter { draft.heard($0)?.hearsLeader == false }
        let hearing = others.filter { draft.heard($0)?.hearsLeader == true }
        let name = leader.name

        // With everybody who may still hear it, the leader and they could be a majority, and so could commit.
        guard 1 + others.count - deaf.count < majority(of: draft.voters.count) else {
            if hearing.isEmpty {
                let silent = others.filter { draft.heard($0) == nil }.map(\.name).joined(separator: ", ")
                return suspected(
                    .votersUnreachable,
                    "\(name) is silent, and so are too many other voters to know more (\(silent)); bring back their pods "
                        + "or nodes\(ForcedLeader.hint(draft))"
                )
            }
            let names = hearing.map(\.name).joined(separator: ", ")
            return suspected(.operatorCutOff, "\(name) does not answer the operator, but \(names) still hears it")
        }
        guard let pod = draft.pod(of: leader) else {
            return lost(.podGone, "the pod of \(name) is gone, and no other voter hears it")
        }
        guard draft.silence(of: leader) >= draft.unreachable else {
            return suspected(
                .silent,
                "\(name) is silent; it is given up after \(draft.spec.failover.unreachableSeconds) s"
            )
        }
        let (verdict, circumstances) = circumstances(of: pod, draft)
        return lost(
            verdict,
            "nothing was heard of \(name) for \(draft.spec.failover.unreachableSeconds) s, and no majority of voters "
                + "hears it; \(circumstances)"
        )
    }

    /// What pod and node say of a leader that nobody hears.
    ///
    /// They say it late: that a node is not ready is known after 40 s.
    private static func circumstances(
        of pod: PodObservation,
        _ draft: Draft
    ) -> (verdict: XDBGroup.LeaderVerdict, words: String) {
        if let name = pod.node {
            guard let node = draft.observation.nodes.first(where: { $0.name == name }) else {
                return (.nodeGone, "its node \(name) is not in the cluster any more")
            }
            if node.ready != .true { return (.nodeGone, "its node \(name) is not ready") }
        }
        if !pod.isRunning { return (.agentGone, "its container does not run") }
        return (.unreachable, "its pod and node were well when they were heard of last")
    }
}
