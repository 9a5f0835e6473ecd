import KubernetesModel
import XDB

/// Begins anew, on another node, with members that have never joined and whose node is away.
///
/// A member that has joined is rebuilt instead (`RepairPolicy`): its vote counted on what it had. Of one that has not,
/// nobody has counted on anything, so that there is nothing to copy and nothing to lose: its next life begins where the
/// scheduler finds room, and what there may be of the last one is removed when its node is back.
enum StrandedNewcomers {
    static func apply(_ draft: inout Draft) {
        for index in draft.status.members.indices {
            let member = draft.status.members[index]
            guard !member.joined, !member.isSuccessor, !member.leaving, !draft.isSetAside(member),
                let node = draft.node(member.node), node.ready != .true, let since = node.since
            else { continue }
            draft.checkAgain(within: .seconds(1))
            let grace = Duration.seconds(draft.spec.repair.graceSeconds)
            // An agent that is heard may join at any moment.
            guard draft.observation.now.since(since) >= grace, draft.heard(member) == nil,
                hasOtherNode(member, draft)
            else { continue }
            let why = "node \(node.name) is not ready, and \(member.name) has not joined there"
            DebtPolicy.owe(member, why, &draft)
            var next = member
            next.incarnation = member.nextIncarnation
            next.incarnations = next.incarnation
            next.node = nil
            next.zone = nil
            next.podIP = nil
            draft.status.members[index] = next
            draft.findings[member.name] = MemberFinding(.progressing, .starting, "its pod is being made")
            draft.tell(.changingMembers, "\(why): it begins anew on another node")
        }
    }

    private static func hasOtherNode(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        var wish = XDBOperation.Rebuild()
        wish.member = member.name
        wish.mode = .crossHost
        let request = RebuildRequest(draft: draft, wish: wish)
        return draft.observation.nodes.contains { $0.name != member.node && request.obstacle($0.name, member) == nil }
    }
}
