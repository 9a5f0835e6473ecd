import KubernetesModel
import XDB

/// Moves the Services: the label of a pod says which part its member plays.
///
/// A pod gets the leader's label only when its agent says that it takes writes in the recorded epoch, and another loses it
/// before; except one that has led and keeps its clients for the next leader, which has it until then, so that they never
/// meet a Service without endpoints. Safety does not rest on this: an old leader acknowledges nothing, whoever reaches it.
enum RoutePolicy {
    static func apply(_ draft: inout Draft) {
        var removals: [GroupAction] = []
        var settings: [GroupAction] = []
        var followUps: [GroupAction] = []
        for member in draft.status.members where !member.isSuccessor {
            // A pod that is being deleted gets no new label, and does not keep the leader's.
            guard let pod = draft.pod(of: member), !pod.isBeingDeleted || pod.role == .leader else { continue }
            let part = label(of: member, pod, draft)
            let wanted = pod.isBeingDeleted && part != .leader ? nil : part
            guard wanted != pod.role else { continue }
            let action = GroupAction.label(pod: pod.name, role: wanted)
            if pod.role != .leader {
                settings.append(action)
            } else if relays(member, draft) {
                followUps.append(action)
            } else {
                removals.append(action)
            }
        }
        draft.plan.actions += removals + settings + followUps
    }

    private static func relays(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        draft.heard(member)?.isRelaying ?? false
    }

    /// Whether the Service may lead to the recorded leader.
    private static func isRouted(_ draft: Draft) -> Bool {
        guard let leader = draft.member(draft.status.leader), let agent = draft.heard(leader) else { return false }
        return agent.epoch == draft.status.epoch && agent.role == .leader && agent.phase == .writable
    }

    private static func label(
        of member: XDBGroup.MemberStatus,
        _ pod: PodObservation,
        _ draft: Draft
    ) -> XDBGroup.MemberRole? {
        let isLeader = member.name == draft.status.leader
        // It has led and keeps its clients for the next leader, or it plays no part any more.
        if member.leaving { return pod.role == .leader && relays(member, draft) && !isRouted(draft) ? .leader : nil }
        guard let agent = draft.heard(member) else {
            // Its readiness decides whether the Service reaches it; only the leader's place is taken from it.
            return pod.role == .leader && !isLeader ? nil : pod.role
        }
        if pod.role == .leader, relays(member, draft), !isRouted(draft) { return .leader }
        guard agent.epoch == draft.status.epoch else { return pod.role == .leader ? nil : pod.role }
        switch agent.role {
        // One that is being promoted goes on with its part: as a follower it may be read until it takes writes.
        case .leader: return isLeader && agent.phase == .writable ? .leader : pod.role == .leader ? nil : pod.role
        case .follower: return member.followerRole
        case .sealed: return pod.role == .leader ? nil : pod.role
        }
    }
}
