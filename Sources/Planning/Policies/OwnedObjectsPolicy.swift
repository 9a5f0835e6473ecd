import KubernetesModel
import XDB

/// Everything that pods need or that stands beside them.
///
/// Planned every time, so that whatever somebody deletes or changes is put back.
enum OwnedObjectsPolicy {
    static func apply(_ draft: inout Draft) {
        draft.act(.ensure(.authority))
        for member in draft.status.members where !member.discarded {
            draft.act(.ensure(.certificate(member: member.life)))
        }
        // Made once: see `ObservationPolicy` for when it is gone later.
        if draft.status.epoch == .none { draft.act(.ensure(.users)) }
        draft.act(.ensure(.configuration))
        draft.act(.ensure(.leaderService))
        draft.act(.ensure(.followersService))
        draft.act(.ensure(.disruptionBudget(minimumAvailable: minimumAvailable(draft))))

        guard let claim = draft.status.storage?.volumeClaim else { return }
        for member in draft.status.members where isToHaveClaim(member, draft) {
            draft.act(
                .ensure(
                    .claim(
                        name: draft.names.claim(of: member.member, incarnation: member.incarnation),
                        member: member.member,
                        incarnation: member.incarnation,
                        claim
                    )
                )
            )
        }
    }

    /// How many of the pods that are labelled as voters must stay.
    ///
    /// An eviction of one voter leaves a majority of three or more. Of two it leaves none, and the only voter is the group:
    /// there are so few also after a leader was forced, and on the way to one voter. While a vote passes on, elections are
    /// without it. A pod that has the label still, and has no vote any more, stands in for nobody.
    private static func minimumAvailable(_ draft: Draft) -> Int {
        let voters = draft.status.epochs.isEmpty ? draft.spec.members.voters : draft.voters.count
        let spare = voters > 2 && !draft.voters.contains(where: \.vacant) ? 1 : 0
        let lives = Set(draft.voters.map(\.life))
        let others = draft.observation.pods.count { pod in
            pod.role.map { [.leader, .follower, .logger].contains($0) } ?? false && !lives.contains(pod.name)
        }
        return voters - spare + others
    }

    /// A claim is made for a member that has yet to join, and never again.
    ///
    /// An empty one would only hide that the data are gone. So it is not even planned while there is one, which may go before
    /// the plan is carried out.
    private static func isToHaveClaim(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        // There may be room for one claim alone.
        let waits = member.discarded || member.isSuccessor && draft.status.rebuild?.step == .discard
        return !member.joined && !waits && !draft.retired.contains { $0.name == member.name }
    }
}
