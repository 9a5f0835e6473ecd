import KubernetesModel
import XDB

/// A plan in the making: what was observed, what has been found out about it, and what is to be done so far.
///
/// Policies read and extend it in the order of the chain (`GroupPolicy.chain`).
struct Draft {
    let observation: GroupObservation
    let names: GroupNames
    /// The operations that have not ended, the oldest first.
    let unfinished: [XDBOperation]
    /// Those of them that others have to wait for, that are in order and still wanted.
    let ready: [XDBOperation]
    var plan: GroupPlan
    /// What is wrong with the spec; empty when it is carried out.
    let specProblems: [FieldProblem]
    /// What was found out about each member that exists or is wanted.
    var findings: [String: MemberFinding] = [:]
    /// What is wrong with the group as a whole and can be put right by people only.
    var problems: [Finding] = []
    /// Whether there is a leader, and if not, why.
    var leadership = Leadership.none
    /// What is to be thought of operations that have not begun, by name.
    var verdicts: [String: OperationVerdict] = [:]
    /// The names of the cleanup pods that were asked about.
    var cleanups: Set<String> = []
    /// Candidates and loggers that the spec does not want any more and that still vote, or may have the only copy of
    /// something: in the order in which they go.
    var unwanted: [String] = []
    /// How many members are wanted for which there is no ordinal.
    var lacking = 0
    /// What is to be said of a change of candidates and loggers that is under way, or waits.
    var change: Finding?
    /// Members that should be rebuilt and are not: which, and why not.
    var pendingRepairs: [Finding] = []
    /// Why a leader stays on a node that is offline.
    var strandedLeader: Finding?
    /// Members that cannot be rebuilt as things are, and why not.
    var irreparable: [String: String] = [:]
    /// What is next of a migration that has begun.
    var migration: MigrationRequest.Next?
    /// A rebuild has ended, and nothing of it is left that can be removed now.
    var hasEndedRebuild = false
    /// The change of the spec that is on its way to members that run, while there is one.
    var rollout: Rollout?
    /// What is being done besides the actions, in words that follow "would".
    var intentions: [String] = []
    /// What would be done if the group were not paused, in the same words.
    var wish: [String] = []

    init(_ observation: GroupObservation, specProblems: [FieldProblem] = []) {
        self.observation = observation
        self.specProblems = specProblems
        self.names = GroupNames(
            group: observation.group.metadata.name,
            namespace: observation.group.metadata.namespace
        )
        self.plan = GroupPlan(status: observation.group.status)
        unfinished = observation.operations.filter { !$0.isFinished }.sorted { left, right in
            let (a, b) = (left.metadata, right.metadata)
            return (a.creationTimestamp?.seconds ?? 0, a.name) < (b.creationTimestamp?.seconds ?? 0, b.name)
        }
        ready = unfinished.filter { $0.spec.isDisturbing && !$0.spec.cancel && $0.problems.isEmpty }
    }

    var spec: XDBGroup.Spec { observation.group.spec }

    /// The status as it will be recorded.
    var status: XDBGroup.Status {
        get { plan.status }
        set { plan.status = newValue }
    }

    mutating func act(_ action: GroupAction) {
        plan.actions.append(action)
    }

    mutating func tell(_ reason: Reason, _ message: String) {
        plan.events.append(GroupEvent(reason, message))
    }

    mutating func checkAgain(within duration: Duration) {
        plan.checkAgain = plan.checkAgain.map { min($0, duration) } ?? duration
    }
}

/// A reason with its sentence.
struct Finding: Hashable {
    var reason: Reason
    var message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}

/// How a member is, and why.
struct MemberFinding: Hashable {
    var health: XDBGroup.MemberHealth
    var finding: Finding

    init(_ health: XDBGroup.MemberHealth, _ reason: Reason, _ message: String) {
        self.health = health
        self.finding = Finding(reason, message)
    }
}

// MARK: Looking at the observation

extension Draft {
    func member(_ name: String?) -> XDBGroup.MemberStatus? {
        status.members.first { $0.name == name }
    }

    /// The pod of a member's present life.
    func pod(of member: XDBGroup.MemberStatus) -> PodObservation? {
        observation.pods.first { $0.name == member.life }
    }

    /// The claim of a member's present life.
    func claim(of member: XDBGroup.MemberStatus) -> ClaimObservation? {
        let name = names.claim(of: member.member, incarnation: member.incarnation)
        return observation.claims.first { $0.name == name }
    }

    func node(_ name: String?) -> NodeObservation? {
        observation.nodes.first { $0.name == name }
    }

    /// What the agent of a member's present pod said last, however long ago.
    func agent(of member: XDBGroup.MemberStatus) -> AgentObservation? {
        guard let agent = observation.agents[member.life], let pod = pod(of: member), pod.uid == agent.podUID,
            agent.status.incarnation == member.incarnation
        else { return nil }
        return agent
    }

    /// What the agent says now; nil when it has been silent for too long to count on.
    func heard(_ member: XDBGroup.MemberStatus) -> AgentStatus? {
        guard let agent = agent(of: member), agent.age < unreachable else { return nil }
        return agent.status
    }

    /// For how long nothing has been heard from a member.
    func silence(of member: XDBGroup.MemberStatus) -> Duration {
        observation.agents[member.life]?.age ?? observation.observing
    }

    /// How long an agent may be silent.
    var unreachable: Duration { .seconds(spec.failover.unreachableSeconds) }

    /// Where other members reach a member's agent.
    func address(of name: String) -> PeerAddress? {
        guard let member = member(name) else { return nil }
        return pod(of: member)?.ip.map { PeerAddress(name: member.life, host: $0) }
    }

    /// The voters of the newest recorded epoch; before the first one, those that will vote in it.
    var voters: [XDBGroup.MemberStatus] {
        guard let record = status.epochs.first else { return status.members.filter(\.voter) }
        return status.members.filter { record.voters.contains($0.name) }
    }

    /// Candidates and loggers that have joined and do not vote in the newest recorded epoch: a leader was forced without
    /// them.
    var outsiders: [XDBGroup.MemberStatus] { withoutVote.filter { !$0.newcomer } }

    /// Those, and the ones that were added to the group and have not voted yet.
    var withoutVote: [XDBGroup.MemberStatus] {
        guard let record = status.epochs.first else { return [] }
        return status.members.filter {
            $0.kind.votes && $0.joined && !$0.isSuccessor && !$0.leaving && !record.voters.contains($0.name)
        }
    }

    /// Members that are removed.
    var retired: [XDBGroup.MemberStatus] { status.members.filter { $0.leaving && !$0.isSuccessor } }

    /// The new life of a member that is being rebuilt.
    func successor(of member: String) -> XDBGroup.MemberStatus? {
        status.members.first { $0.successorOf == member }
    }

    /// The life whose log a leader counts for a voter: from the moment at which its vote passes on, that of the successor.
    ///
    /// Of a member whose data are gone it is the next one to come, so that what is gone is never counted.
    func seat(of voter: XDBGroup.MemberStatus) -> String {
        guard voter.vacant else { return voter.life }
        let successor = successor(of: voter.name)
        if voter.discarded {
            return successor?.life ?? XDBGroup.MemberStatus.life(of: voter.name, voter.nextIncarnation)
        }
        guard let successor, let step = status.rebuild?.step, step == .vote || step == .discard else {
            return voter.life
        }
        return successor.life
    }

    /// The answers of these members to `seal`, by their names: agents answer by the names of their lives.
    func answers(of members: [XDBGroup.MemberStatus]) -> [SealAnswer] {
        observation.seals.compactMap { answer in
            guard let member = members.first(where: { $0.life == answer.member }) else { return nil }
            var answer = answer
            answer.member = member.name
            return answer
        }
    }
}

extension XDBGroup.MemberStatus {
    /// No life is begun twice, whatever became of the last: what may be left of it on some disk is not the next one's.
    var nextIncarnation: Int { max(incarnations, incarnation) + 1 }
}
