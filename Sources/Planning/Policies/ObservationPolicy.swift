import KubernetesModel
import XDB

/// Puts what is seen of every member into the status: where it is, how far it is, how it is and why.
enum ObservationPolicy {
    static func apply(_ draft: inout Draft) {
        draft.status.observedGeneration = Int(draft.observation.group.metadata.generation)
        for index in draft.status.members.indices {
            var member = draft.status.members[index]
            locate(&member, draft)
            let finding = MemberExamination(draft: draft, member: member).finding
            draft.findings[member.name] = finding
            describe(&member, draft.shown(member) ?? finding, draft)
            draft.status.members[index] = member
        }
        if draft.spec.storage.volumeClaim != nil { checkStorageClass(&draft) }
        checkUsers(&draft)
        tellRefusals(&draft)
    }

    /// Notes the member's node, once and for all where its data are on that node.
    private static func locate(_ member: inout XDBGroup.MemberStatus, _ draft: Draft) {
        let pod = draft.pod(of: member)
        member.podIP = pod?.ip
        if let node = pod?.node {
            let isHostPath = draft.status.storage?.hostPath != nil
            if !isHostPath || member.node == nil { member.node = node }
        } else if !member.joined, !member.isSuccessor, let node = member.node, draft.node(node) == nil,
            !draft.observation.nodes.isEmpty
        {
            // The node left the cluster before the member had any data on it: another one will do.
            member.node = nil
            member.zone = nil
        }
        if let node = draft.node(member.node) { member.zone = node.zone }
    }

    private static func describe(
        _ member: inout XDBGroup.MemberStatus,
        _ found: MemberFinding,
        _ draft: Draft
    ) {
        member.health = found.health
        member.maintenance = draft.spec.maintenance.contains(member.member)
        let reason = found.finding.reason.rawValue
        if member.reason != reason || member.since == nil { member.since = draft.observation.now.wholeSeconds }
        member.reason = reason
        member.message = found.health == .healthy ? remark(member, draft) : found.finding.message
        member.promotable =
            member.voter && MemberExamination(draft: draft, member: member).refusal == nil
            && !draft.isSetAside(member)
        guard let agent = draft.heard(member) else {
            member.role = nil
            // How far it was when it was heard last: what a forced leader may cost is told from it.
            if let last = draft.agent(of: member)?.status.position, last > member.position ?? .zero {
                member.position = last
            }
            return
        }
        // Where its log was tells what is missed, once its data are gone.
        if agent.phase != .uninitialized { member.position = agent.position }
        // What an agent that was started again does not know any more is still there.
        if let tail = agent.discardedTail { member.discardedTail = tail.file }
        member.applied = agent.server.applied
        member.lagSeconds = agent.server.lagSeconds.map { step(of: $0) }
        member.role = role(of: member, agent, epoch: draft.status.epoch, leader: draft.status.leader)
    }

    /// What is to be said of a member that is well.
    private static func remark(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        if let aside = draft.setAside(member) {
            return "\(aside.words): it is not repaired, and does not lead while another can"
        }
        return ElectionPolicy.caution(member.name, draft) ?? busy(member, draft)
    }

    /// A server that gets no further in the log because one transaction takes it long is as well as any.
    private static func busy(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        guard let seconds = draft.heard(member)?.server.busySeconds, seconds >= busyNotice else { return nil }
        return "its server has been at work on one transaction for over \(step(of: Double(seconds))) s: a large one, a "
            + "schema change, or one on a table without a primary key"
    }

    /// What takes less time is not worth a word.
    private static let busyNotice = 60

    private static func role(
        of member: XDBGroup.MemberStatus,
        _ agent: AgentStatus,
        epoch: Epoch,
        leader: String?
    ) -> XDBGroup.MemberRole? {
        guard agent.epoch == epoch, !member.isSuccessor else { return nil }
        switch agent.role {
        case .sealed: return nil
        case .leader: return member.name == leader ? .leader : nil
        case .follower: return member.followerRole
        }
    }

    /// The steps of lag in the status: it changes all the time, the status should not.
    static let lagSteps = [0, 5, 15, 60, 300, 900, 3600, 21600, 86400]

    /// The largest step that a lag has reached.
    static func step(of seconds: Double) -> Int {
        lagSteps.last { Double($0) <= seconds } ?? 0
    }

    private static func checkStorageClass(_ draft: inout Draft) {
        guard let wanted = draft.spec.storage.volumeClaim?.storageClassName,
            let known = draft.observation.storageClasses,
            !known.contains(wanted)
        else { return }
        let claimed = Set(draft.observation.claims.filter(\.isBound).map(\.member))
        guard draft.status.members.contains(where: { !claimed.contains($0.name) }) || draft.status.members.isEmpty
        else {
            return
        }
        let others =
            known.isEmpty ? "the cluster has none" : "the cluster has \(known.sorted().joined(separator: ", "))"
        draft.problems.append(
            Finding(
                .storageClassMissing,
                "spec.storage.volumeClaim.storageClassName: there is no StorageClass '\(wanted)' (\(others)); make it, "
                    + "and the group goes on by itself"
            )
        )
    }

    /// What the API server refuses of what no single member waits for, or of which a member has not told.
    private static func tellRefusals(_ draft: inout Draft) {
        let told = draft.findings.values.map(\.finding).filter { $0.reason == .refused }.map(\.message)
        let rest = draft.observation.refusals.map(\.sentence).filter { !told.contains($0) }
        guard !rest.isEmpty else { return }
        draft.problems.append(Finding(.refused, rest.joined(separator: "; ")))
    }

    /// The passwords are made once.
    ///
    /// When they are gone later, new ones would lock out the applications that use the old.
    private static func checkUsers(_ draft: inout Draft) {
        guard draft.status.epoch > .none else { return }
        for secret in [draft.names.application, draft.names.administrator]
        where !draft.observation.secrets.contains(secret) {
            draft.problems.append(
                Finding(
                    .secretMissing,
                    "the Secret '\(secret)' is gone; make it again with the account's password under the key password. "
                        + "The account goes on with the password that it has"
                )
            )
        }
    }
}

extension XDBGroup.MemberStatus {
    /// The part of the member while it follows.
    ///
    /// A candidate without a vote is as good as a learner, and a logger without one plays no part: the disruption budget
    /// counts the pods that are labelled as voters.
    var followerRole: XDBGroup.MemberRole? {
        switch kind {
        case .candidate: voter ? .follower : .learner
        case .logger: voter ? .logger : nil
        case .learner: .learner
        }
    }
}
