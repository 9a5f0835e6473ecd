import KubernetesModel
import XDB

/// Whose pod is made again next, of several members whose pods are to be: one at a time, the leader's last.
struct Renewal {
    /// What to do.
    enum Step: Hashable {
        /// The member's pod is made again.
        case remake(String)
        /// Another candidate leads first.
        case handOver(to: String)
        /// Nothing now, and why.
        case wait(String)
    }

    let draft: Draft

    /// Troubles of a member that may come from what its pod was made with, and end with another pod.
    static let blamed: Set<Reason> = [
        .imagePull, .containerFailed, .unschedulable, .agentUnreachable, .serverDown, .invalidConfiguration,
        .agentProblem,
    ]

    /// The next step for members that are all wanted to play their part: none is taken away while another does not.
    ///
    /// - Parameter evenAiling: One that does not play its part itself may go, and comes first: its absence costs nothing.
    func next(of members: [XDBGroup.MemberStatus], evenAiling: Bool = false) -> Step {
        guard let member = inOrder(members).first else { return .wait("there is nothing to do") }
        if !evenAiling, draft.findings[member.name]?.health != .healthy { return .wait(trouble(of: member)) }
        if !evenAiling, member.name != draft.status.leader, let lag = LeaderChange.lag(of: member, draft) {
            return .wait("\(member.name): \(lag)")
        }
        if let obstacle = lostNode(of: member) ?? obstacle(besides: member) { return .wait(obstacle) }
        return step(for: member)
    }

    /// A pod that is marked for deletion cannot come back with its node; nil when that is there.
    func lostNode(of member: XDBGroup.MemberStatus) -> String? {
        let isAway = draft.node(draft.pod(of: member)?.node).map { $0.ready != .true } ?? false
        return isAway ? trouble(of: member) : nil
    }

    private func trouble(of member: XDBGroup.MemberStatus) -> String {
        "\(member.name): \(draft.shown(member)?.finding.message ?? "nothing is known of it")"
    }

    /// The step for a member that may go now: a leader hands over first, where there is somebody to hand over to.
    func step(for member: XDBGroup.MemberStatus) -> Step {
        guard member.name == draft.status.leader, hasOtherCandidates else { return .remake(member.name) }
        return switch LeaderChange.best(draft) {
        case .success(let heir): .handOver(to: heir)
        case .failure(let refusal): .wait("\(member.name) leads, and \(refusal.reason)")
        }
    }

    /// True when somebody else could lead the group at some time.
    var hasOtherCandidates: Bool {
        draft.voters.contains { $0.kind == .candidate && $0.name != draft.status.leader }
    }

    /// Loggers and learners, then followers, then the leader; before them whoever does not play its part.
    func inOrder(_ members: [XDBGroup.MemberStatus]) -> [XDBGroup.MemberStatus] {
        members.sorted { rank($0) < rank($1) }
    }

    private func rank(_ member: XDBGroup.MemberStatus) -> (Int, Int) {
        let isLeader = member.name == draft.status.leader
        if !isLeader, draft.findings[member.name]?.health != .healthy { return (0, member.ordinal) }
        return switch member.kind {
        case .logger: (1, member.ordinal)
        case .learner: (2, member.ordinal)
        case .candidate: (isLeader ? 4 : 3, member.ordinal)
        }
    }

    /// Why no member may be taken away now, whichever; nil when one may.
    var standstill: String? {
        switch draft.leadership {
        case .leads(isWritable: true): break
        case .suspected(let finding), .lost(let finding): return finding.words
        case .blocked(let finding): return finding.message
        case .none: return "the group has had no leader yet"
        case .recorded, .leads(isWritable: false), .handover, .sealing: return "a change of leader goes on"
        }
        if let rebuild = draft.status.rebuild { return "\(rebuild.member) is being rebuilt" }
        if let change = draft.change { return change.message }
        if let vacant = draft.voters.first(where: \.vacant) { return "the vote of \(vacant.name) passes on" }
        return nil
    }

    /// Why a member may not be taken away now, when all others have to play their part; nil when it may.
    func obstacle(besides member: XDBGroup.MemberStatus) -> String? {
        if let standstill { return standstill }
        if let outsider = draft.outsiders.first { return "\(outsider.name) has no vote yet" }
        for other in draft.status.members where !other.isSuccessor && other.name != member.name {
            guard let found = draft.findings[other.name], found.health == .healthy else {
                return trouble(of: other)
            }
            if other.name != draft.status.leader, let lag = LeaderChange.lag(of: other, draft) {
                return "\(other.name): \(lag)"
            }
        }
        return draft.voters.count > 1 ? RebuildRequest.lackOfVoters(without: member, draft) : nil
    }

    /// True for a member that has a trouble which a newer pod may end, when the others are a majority without it.
    func isBroken(_ member: XDBGroup.MemberStatus) -> Bool {
        guard let found = draft.findings[member.name], found.health != .healthy,
            Self.blamed.contains(found.finding.reason), let pod = draft.pod(of: member), !pod.isBeingDeleted,
            draft.node(pod.node).map({ $0.ready == .true }) ?? true,
            // What passes by itself passes: the server of a leader that has just handed over, say.
            let since = member.since, draft.observation.now.since(since) >= RepairNeed.moment
        else { return false }
        // That nobody hears it may have to do with its network, unless its pod is unlike those of the members that are well.
        if found.finding.reason == .agentUnreachable, !isUnlikeTheOthers(member, pod) { return false }
        guard draft.voters.count > 1 || !member.voter else { return true }
        return standstill == nil && member.name != draft.status.leader
            && RebuildRequest.lackOfVoters(without: member, draft) == nil
    }

    private func isUnlikeTheOthers(_ member: XDBGroup.MemberStatus, _ pod: PodObservation) -> Bool {
        !draft.status.members.contains { other in
            guard other.name != member.name, draft.findings[other.name]?.health == .healthy,
                let its = draft.pod(of: other)
            else { return false }
            return its.image == pod.image && (its.resources == pod.resources || other.kind != member.kind)
        }
    }
}

extension Draft {
    /// Has the pod of a member made again on the same data.
    mutating func remake(_ member: String, because why: String) {
        guard let member = self.member(member), let pod = pod(of: member), !pod.isBeingDeleted else { return }
        // Others may have had their reasons.
        let isPlanned = plan.actions.contains { action in
            if case .deletePod(pod.name, pod.uid, _) = action { true } else { false }
        }
        guard !isPlanned else { return }
        act(.deletePod(name: pod.name, uid: pod.uid, why: why))
        tell(.podReplaced, "\(member.name): pod \(pod.name) is made again: \(why)")
    }
}
