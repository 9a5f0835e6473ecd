import KubernetesModel
import XDB

/// Records when the leader of the newest epoch came how far, so that it can be told later how long a change of leader
/// took, and where.
enum MilestonePolicy {
    static func apply(_ draft: inout Draft) {
        guard var record = draft.status.epochs.first, record.epoch == draft.status.epoch, record.recorded != nil,
            record.routed == nil, let leader = draft.member(record.leader), let agent = draft.heard(leader),
            agent.role == .leader, agent.epoch == record.epoch
        else { return }
        let now = MicroTime(draft.observation.now)
        if record.caughtUp == nil, agent.position >= record.start { record.caughtUp = now }
        if record.writable == nil, agent.phase == .writable { record.writable = now }
        if record.writable != nil, draft.pod(of: leader)?.role == .leader { record.routed = now }
        draft.status.epochs[0] = record
    }
}
