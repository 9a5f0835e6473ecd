import KubernetesModel
import XDB

/// Makes the data directories of members that have never had one, and records that they have.
///
/// A member is initialised only while its record says that it has not joined; the record says so before the first epoch
/// in which the member counts is written. So whatever a member has lost since it was first counted on is never covered
/// up by an empty directory.
enum JoinPolicy {
    static func apply(_ draft: inout Draft) {
        let uid = draft.observation.group.metadata.uid
        let retired = Set(draft.retired.map(\.name))
        for index in draft.status.members.indices {
            let member = draft.status.members[index]
            guard !member.joined, !retired.contains(member.name), let agent = draft.heard(member) else { continue }
            switch agent.group {
            // The data of a new life come from its Jobs: an empty directory would only hide that they are missing.
            case nil where agent.phase == .uninitialized && member.isSuccessor && member.kind.hasData: break
            case nil where agent.phase == .uninitialized:
                draft.act(.initialize(member: member.name, InitializeRequest(group: uid)))
            case uid where agent.phase != .uninitialized && agent.phase != .initializing:
                draft.status.members[index].joined = true
                draft.tell(.joined, "\(member.name) has joined\(member.node.map { " on node \($0)" } ?? "")")
            default: break
            }
        }
    }
}
