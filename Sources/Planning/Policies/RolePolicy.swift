import KubernetesModel
import XDB

/// Tells every member its part in the recorded epoch, whenever what its agent says differs from it: right after an
/// election, after an agent or a pod was started again, after an address has changed.
enum RolePolicy {
    static func apply(_ draft: inout Draft) {
        guard let record = draft.status.epochs.first, record.epoch == draft.status.epoch else { return }
        switch draft.leadership {
        case .leads, .recorded, .suspected: break
        // Whatever would be said now would be of an epoch that is about to end.
        case .none, .lost, .handover, .sealing, .blocked: return
        }
        let joined = draft.status.members.filter { $0.joined && !$0.discarded && $0.health != nil }
        // The leader first: the others have nothing to follow before.
        for member in joined.filter({ $0.name == record.leader }) + joined.filter({ $0.name != record.leader }) {
            guard let agent = draft.heard(member), isOurs(agent, draft), agent.epoch <= record.epoch else { continue }
            // Who leaves is told the epoch, which ends what it did in an older one, and nothing more.
            if member.leaving, agent.epoch == record.epoch { continue }
            if member.name == record.leader {
                if needsTelling(agent, record, draft), !hasRefused(member, record, draft) {
                    draft.act(.lead(member: member.name, request(record, draft)))
                }
            } else if let leader = draft.address(of: record.leader),
                needsTelling(agent, follows: leader.name, in: record)
            {
                var request = FollowRequest(epoch: record.epoch, leader: leader)
                // What all the others have nobody asks it for.
                if member.isSuccessor || member.newcomer, member.kind == .logger { request.beginsAnywhere = true }
                draft.act(.follow(member: member.name, request))
            }
        }
    }

    private static func isOurs(_ agent: AgentStatus, _ draft: Draft) -> Bool {
        agent.group == draft.observation.group.metadata.uid && agent.phase != .uninitialized
    }

    private static func request(_ record: XDBGroup.EpochRecord, _ draft: Draft) -> LeadRequest {
        LeadRequest(
            epoch: record.epoch,
            start: record.start,
            source: record.source.flatMap { draft.address(of: $0) },
            voters: seats(record, draft),
            learners: nonvoting(record, draft)
        ).from(version: draft.status.votersVersion)
    }

    /// The lives whose logs count.
    private static func seats(_ record: XDBGroup.EpochRecord, _ draft: Draft) -> [String] {
        record.voters.map { name in draft.member(name).map { draft.seat(of: $0) } ?? name }
    }

    /// The lives that receive the log and do not vote: the learners, those without a vote yet, the successors
    /// of members that are rebuilt, and members whose vote has passed to their successor.
    ///
    /// The log is kept for all of them, also for a successor that is not there yet. Those that have not joined yet are among them, so that they need no second request when they have.
    private static func nonvoting(_ record: XDBGroup.EpochRecord, _ draft: Draft) -> [String] {
        let others = Set(draft.retired.map(\.life) + seats(record, draft))
        return draft.status.members.filter { !$0.discarded }.map(\.life).filter { !others.contains($0) }
    }

    private static func needsTelling(_ agent: AgentStatus, _ record: XDBGroup.EpochRecord, _ draft: Draft) -> Bool {
        guard agent.role == .leader, agent.epoch == record.epoch else { return true }
        // The source may have another address now.
        if agent.phase == .recovering, record.source != nil, agent.position < record.start { return true }
        // Learners have come or gone since. The log is kept for each, so one that is gone must not be waited for.
        let seats = seats(record, draft)
        let leader = draft.member(record.leader)?.life ?? record.leader
        let others = Set(seats + nonvoting(record, draft)).subtracting([leader])
        guard agent.phase == .writable else { return false }
        // It refuses what an older record says only when it knows of the newer one.
        let isOld = agent.votersVersion.map { $0 < draft.status.votersVersion } ?? false
        return isOld || Set(agent.peers.map(\.name)) != others || agent.voters.map { Set($0) != Set(seats) } ?? false
    }

    /// What an agent refused for good in this epoch it is not asked again.
    private static func hasRefused(
        _ member: XDBGroup.MemberStatus,
        _ record: XDBGroup.EpochRecord,
        _ draft: Draft
    ) -> Bool {
        guard let refusal = draft.agent(of: member)?.refusal else { return false }
        return refusal.request == .lead && refusal.epoch == record.epoch
    }

    /// A follower that hears nothing may know an old address of its leader.
    private static func needsTelling(
        _ agent: AgentStatus,
        follows leader: String,
        in record: XDBGroup.EpochRecord
    ) -> Bool {
        agent.role != .follower || agent.epoch != record.epoch || agent.leader != leader || !agent.hearsLeader
    }
}

extension LeadRequest {
    /// The request with the version of what its voters are from.
    fileprivate func from(version: Int) -> LeadRequest {
        var request = self
        // An agent that knows no versions need not be asked about the first.
        request.votersVersion = version == 0 ? nil : version
        return request
    }
}
