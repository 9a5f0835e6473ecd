import KubernetesModel
import XDB

/// Moves the Services: the label of a pod says which part its member plays.
///
/// A pod loses the leader's label before another gets it, and gets it only when its agent says that it takes writes in
/// the recorded epoch. Safety does not rest on this: an old leader acknowledges nothing, whoever reaches it.
enum RoutePolicy {
    static func apply(_ draft: inout Draft) {
        var removals: [GroupAction] = []
        var settings: [GroupAction] = []
        for member in draft.status.members {
            // A pod that is being deleted gets no new label, and does not keep the leader's.
            guard let pod = draft.pod(of: member), !pod.isBeingDeleted || pod.role == .leader else { continue }
            let wanted = label(of: member, pod, draft)
            guard wanted != pod.role else { continue }
            let action = GroupAction.label(pod: pod.name, role: wanted)
            if pod.role == .leader { removals.append(action) } else { settings.append(action) }
        }
        draft.plan.actions += removals + settings
    }

    private static func label(
        of member: XDBGroup.MemberStatus,
        _ pod: PodObservation,
        _ draft: Draft
    ) -> XDBGroup.MemberRole? {
        let isLeader = member.name == draft.status.leader
        guard let agent = draft.heard(member) else {
            // Its readiness decides whether the Service reaches it; only the leader's place is taken from it.
            return pod.role == .leader && !isLeader ? nil : pod.role
        }
        guard agent.epoch == draft.status.epoch else { return pod.role == .leader ? nil : pod.role }
        switch (agent.role, member.kind) {
        case (.leader, _): return isLeader && agent.phase == .writable ? .leader : nil
        case (.follower, .candidate): return .follower
        case (.follower, .logger): return .logger
        case (.follower, .learner): return .learner
        case (.sealed, _): return pod.role == .leader ? nil : pod.role
        }
    }
}
