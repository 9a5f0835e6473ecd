import KubernetesModel
import XDB

/// How one member is: from the outside (its node, its pod) to the inside (its agent, its server, its role).
///
/// The first thing that is wrong is the one that is told, since it explains the rest.
struct MemberExamination {
    let draft: Draft
    let member: XDBGroup.MemberStatus

    var finding: MemberFinding {
        if draft.observation.group.metadata.isBeingDeleted {
            return MemberFinding(.progressing, .deleting, "the group is being deleted")
        }
        if member.leaving {
            return MemberFinding(
                .progressing,
                .terminating,
                "it has no vote, and its pod, data and certificate are removed"
            )
        }
        if let rebuilding { return rebuilding }
        if let discarded { return discarded }
        return place ?? container ?? reach ?? identity ?? requests ?? server ?? role
    }

    /// A new life has Jobs before it has a pod.
    private var rebuilding: MemberFinding? {
        guard let of = member.successorOf, let rebuild = draft.status.rebuild, rebuild.successor == member.name else {
            return nil
        }
        switch rebuild.step {
        case .discard, .copy, .prepare, .refresh:
            let words = rebuild.message.map { "; \($0)" } ?? ""
            return MemberFinding(.progressing, .rebuilding, "the new life of \(of): \(rebuild.step.rawValue)\(words)")
        case .join, .verify, .vote, .clean: return nil
        }
    }

    /// Its data were given up, and nothing else is to be said of them.
    private var discarded: MemberFinding? {
        guard member.discarded else { return nil }
        if let successor = draft.successor(of: member.name), let step = draft.status.rebuild?.step {
            return MemberFinding(
                .progressing,
                .rebuilding,
                "its data were removed before those of \(successor.name) are there, which is at the step \(step.rawValue)"
            )
        }
        return MemberFinding(
            .unhealthy,
            .dataDiscarded,
            "its data were removed for a rebuild (discardFirst) that did not succeed; "
                + prospect.words("it is rebuilt after \(RepairNeed.moment.components.seconds) s", else: nil)
        )
    }

    /// What it had has been counted, so it never begins empty.
    func dataMissing(_ what: String) -> MemberFinding {
        let moment = "\(RepairNeed.moment.components.seconds) s"
        let fate = prospect.words(
            "it is rebuilt from the others after \(moment), unless they are there again",
            else: "mount or restore them"
        )
        return MemberFinding(.unhealthy, .dataMissing, "it has joined the group before, and \(what); \(fate)")
    }

    /// What comes of its trouble by itself.
    var prospect: RepairProspect { RepairProspect(draft: draft, member: member) }

    // MARK: Agent

    private var reach: MemberFinding? {
        if draft.heard(member) != nil { return nil }
        guard let pod = draft.pod(of: member), pod.isRunning else {
            return MemberFinding(.progressing, .starting, "its containers start")
        }
        if let started = pod.started, (.zero..<draft.unreachable).contains(draft.observation.now.since(started)) {
            return MemberFinding(.progressing, .starting, "its agent starts")
        }
        guard let agent = draft.agent(of: member) else {
            if draft.observation.observing < draft.unreachable * 10 {
                return MemberFinding(.progressing, .starting, "its agent has not been reached yet")
            }
            return unreachable(why: draft.observation.agents[member.name]?.failure)
        }
        return unreachable(why: agent.failure)
    }

    private func unreachable(why: String?) -> MemberFinding {
        MemberFinding(
            .unhealthy,
            .agentUnreachable,
            "its agent does not answer\(why.map { " (\($0))" } ?? ""); look at kubectl logs of its pod, and at the "
                + "network between the operator and port 7700 of the pod"
        )
    }

    private var identity: MemberFinding? {
        guard let agent = draft.heard(member) else { return nil }
        if let group = agent.group, group != draft.observation.group.metadata.uid {
            let remedy = "move it away on node \(member.node ?? "?")"
            return MemberFinding(
                .unhealthy,
                .wrongIdentity,
                "its directory belongs to another group (uid \(group)), perhaps one of the same name that was deleted "
                    + "with storage.onDelete: Retain; "
                    + (member.joined
                        ? prospect.words("\(remedy), and it is rebuilt", else: "\(remedy), and put its own there")
                        : "\(remedy), and it joins by itself")
            )
        }
        if member.joined, agent.phase == .uninitialized || agent.group == nil {
            return dataMissing("its data are gone\(member.node.map { " from node \($0)" } ?? "")")
        }
        if !member.joined {
            return MemberFinding(.progressing, .joining, "it makes its data directory and joins")
        }
        return nil
    }

    /// True when its agent says that the data with which it joined are not there, whatever else is to be said of it: its
    /// node may not be known to be back yet.
    var hasLostItsData: Bool {
        guard let agent = draft.heard(member) else { return false }
        if agent.problems.contains(where: { Self.losses.contains($0.reason) }) { return true }
        return identity?.health == .unhealthy
    }

    /// Problems of an agent with which nothing is known of the log that its member had.
    private static let losses: Set<String> = ["DataMissing", "WrongIdentity", "StateUnreadable", "LogLost"]

    private var requests: MemberFinding? {
        guard let agent = draft.heard(member) else { return nil }
        if let problem = agent.problems.first(where: { !Self.harmless.contains($0.reason) }) {
            return MemberFinding(
                .unhealthy,
                Self.reason(of: problem.reason),
                Self.words(problem.reason, problem.message)
            )
        }
        if let refusal = draft.agent(of: member)?.refusal, refusal.request == .initialize || refusal.request == .follow,
            refusal.epoch == .none || refusal.epoch == draft.status.epoch, refusal.error.reason != "EpochTooOld"
        {
            let words = Self.words(refusal.error.reason, refusal.error.message)
            return MemberFinding(
                .unhealthy,
                Self.reason(of: refusal.error.reason),
                "it refuses to \(refusal.request.rawValue): \(words)"
            )
        }
        return nil
    }

    /// What an agent tells and what an election, or nobody, has to care for: a lost leadership, an option that is safely
    /// ignored.
    private static let harmless: Set<String> = [
        AgentStatus.Problem.resigned, AgentStatus.Problem.noMajority, AgentStatus.Problem.optionRefused,
        "OptionIgnored",
    ]

    /// Agents' reasons that people look for keep their name; the others are told in words.
    private static func reason(of text: String) -> Reason {
        switch Reason(rawValue: text) {
        case .some(let reason) where agentReasons.contains(reason): reason
        default: .agentProblem
        }
    }

    private static let agentReasons: Set<Reason> = [.invalidConfiguration, .diverged, .wrongIdentity, .dataMissing]

    private static func words(_ reason: String, _ message: String) -> String {
        self.reason(of: reason) == .agentProblem ? "\(reason): \(message)" : message
    }

    private var server: MemberFinding? {
        guard member.kind.hasData, let server = draft.heard(member)?.server else { return nil }
        switch server.state {
        case .none, .running: return nil
        case .starting: return MemberFinding(.progressing, .starting, "its server starts")
        case .stopped: return MemberFinding(.progressing, .starting, "its server is stopped by its agent")
        case .crashed, .refused:
            let word = server.state == .crashed ? "ended by itself and is started again" : "cannot start"
            return MemberFinding(
                .unhealthy,
                .serverDown,
                "its server \(word)\(server.message.map { ": \($0)" } ?? ""); look at kubectl logs of its pod"
            )
        }
    }

    // MARK: Role

    private var role: MemberFinding {
        guard let agent = draft.heard(member) else {
            return MemberFinding(.progressing, .starting, "its agent has not been reached yet")
        }
        let status = draft.status
        guard status.epoch > .none else {
            return MemberFinding(.progressing, .joining, "it waits for the first election")
        }
        guard agent.epoch == status.epoch else {
            return MemberFinding(.progressing, .sealed, "it is told about epoch \(status.epoch)")
        }
        switch (agent.role, agent.phase) {
        case (.leader, .writable) where member.name == status.leader:
            return MemberFinding(.healthy, .healthy, "it leads")
        case (.leader, _):
            return MemberFinding(.progressing, .promoting, "it completes and applies its log before it takes writes")
        case (.follower, .streaming) where member.newcomer:
            return MemberFinding(
                .progressing,
                .awaitingVote,
                "it follows \(status.leader ?? ""), and gets a vote when it has the log"
            )
        case (.follower, .streaming) where draft.outsiders.contains { $0.name == member.name }:
            return MemberFinding(
                .progressing,
                .awaitingVote,
                "it follows \(status.leader ?? ""), and does not vote since a leader was forced without it; it gets its vote "
                    + "back when it has the log"
            )
        case (.follower, .streaming) where member.vacant:
            return MemberFinding(
                .progressing,
                .awaitingVote,
                "it follows \(status.leader ?? ""), and its vote passes to its successor, or back to it where that is lost"
            )
        case (.follower, .streaming) where member.kind.hasData && agent.server.applied == nil:
            return MemberFinding(.progressing, .joining, "its server has applied nothing of the log yet")
        case (.follower, .streaming):
            return MemberFinding(.healthy, .healthy, "it follows \(status.leader ?? "")")
        case (.follower, _):
            return MemberFinding(.progressing, .connecting, "it connects to \(status.leader ?? "its leader")")
        case (.sealed, _):
            return MemberFinding(.progressing, .sealed, "it is sealed until it is told whom to follow")
        }
    }
}

// MARK: Promotability

extension MemberExamination {
    /// Why the member must not lead now, as a sentence; nil when it may.
    ///
    /// This is not readiness: a follower whose leader just died is neither ready nor healthy, and may lead.
    var refusal: String? {
        guard member.kind == .candidate else { return "it is a \(member.kind.rawValue.lowercased())" }
        guard !member.isSuccessor else { return "it is a new life of \(member.member) that has not taken its place" }
        guard !member.discarded else { return "its data were removed" }
        guard !member.vacant else { return "its vote passes to its successor" }
        guard member.joined else { return "it has not joined" }
        guard let agent = draft.heard(member) else { return "its agent is not heard" }
        if let identity { return identity.finding.message }
        if let problem = agent.problems.first(where: { Self.disqualifying.contains($0.reason) }) {
            return Self.words(problem.reason, problem.message)
        }
        switch agent.server.state {
        case .refused: return "its server cannot start\(agent.server.message.map { ": \($0)" } ?? "")"
        case .crashed: return "its server ended by itself\(agent.server.message.map { ": \($0)" } ?? "")"
        case .none, .stopped, .starting, .running: return nil
        }
    }

    /// Problems of an agent with which a member must not lead.
    ///
    /// A full disk is one: it could not write the epoch's first transaction.
    private static let disqualifying: Set<String> = [
        "Diverged", "WrongIdentity", "DataMissing", "DiskFull", "DiskReadOnly",
    ]
}
