import KubernetesModel
public import XDB

/// What a node that was taken offline means to a group with a member on it.
///
/// Its members are set aside (`SetAside`). A leader on it hands over, which is an election like any other; and it is
/// recorded who led, so that it can be put back whatever becomes of the operation that asked for it.
public enum OfflineNodes {
    /// How many leaders leave their nodes at the same time, in all groups: each move has clients connect anew.
    public static let handoversAtOnce = 5

    /// Forgets who led before, where the node is back or the member has left it.
    static func apply(_ draft: inout Draft) {
        let (nodes, members) = (draft.observation.nodes, draft.status.members)
        draft.status.displaced.removeAll { displaced in
            !nodes.contains { $0.name == displaced.node && $0.isOffline }
                || !members.contains { $0.name == displaced.member && $0.node == displaced.node }
        }
    }

    /// The leader, while it takes writes on a node that is offline.
    static func leader(_ draft: Draft) -> XDBGroup.MemberStatus? {
        guard case .leads(isWritable: true) = draft.leadership, let leader = draft.member(draft.status.leader),
            draft.node(leader.node)?.isOffline ?? false
        else { return nil }
        return leader
    }

    /// Has the leader hand over: also while a rebuild goes on, which may take hours.
    static func considerLeader(_ draft: inout Draft) {
        guard let leader = leader(draft), let node = leader.node else { return }
        let words = "node \(node) of the leader \(leader.name) is offline"
        switch LeaderChange.best(draft) {
        case .failure(let refusal):
            draft.strandedLeader = Finding(.nodeOffline, "\(words), and it stays there: \(refusal.reason)")
            draft.checkAgain(within: .seconds(1))
        case .success(let heir):
            guard draft.observation.otherHandovers < handoversAtOnce else {
                draft.strandedLeader = Finding(
                    .nodeOffline,
                    "\(words), and it hands over when its turn comes: \(handoversAtOnce) leaders do so at the same time"
                )
                return draft.checkAgain(within: .milliseconds(250))
            }
            HandoverPolicy.begin(.nodeOffline, to: heir, "\(words), and it hands over", &draft)
        }
    }

    /// Records who led on a node that is offline, when another is elected, for whatever reason.
    static func noteLeader(before elected: Elected, _ draft: inout Draft) {
        guard let leader = draft.member(draft.status.leader), leader.name != elected.leader, let node = leader.node,
            draft.node(node)?.isOffline ?? false
        else { return }
        var displaced = XDBGroup.DisplacedLeader()
        displaced.node = node
        displaced.member = leader.name
        displaced.epoch = elected.epoch
        draft.status.displaced = draft.status.displaced.filter { $0.node != node } + [displaced]
    }
}

extension XDBGroup {
    /// True while its leader leaves a node that is offline, and until the next one takes writes.
    public var isLeavingOfflineNode: Bool {
        if let election = status.election { return election.cause == .nodeOffline }
        guard let newest = status.epochs.first else { return false }
        return newest.cause == .nodeOffline && newest.routed == nil
    }
}
