import KubernetesModel
import XDB

/// Who belongs to the group: ordinals are given once, candidates first, then loggers, then learners, and are kept.
struct WantedMembers {
    var members: [XDBGroup.MemberStatus]

    init(spec: XDBGroup.Spec, recorded: [XDBGroup.MemberStatus], names: GroupNames) {
        var wanted: [XDBGroup.MemberStatus] = []

        func add(_ ordinal: Int, _ kind: XDBGroup.MemberKind, learnerSet: String? = nil) {
            var member = XDBGroup.MemberStatus()
            member.name = names.member(ordinal)
            member.ordinal = ordinal
            member.kind = kind
            member.voter = kind.votes
            member.learnerSet = learnerSet
            wanted.append(recorded.first { $0.name == member.name && $0.kind == kind } ?? member)
        }
        // Voters do not change while the group exists, so theirs are the lowest ordinals, always the same.
        for ordinal in 0..<spec.members.candidates { add(ordinal, .candidate) }
        for ordinal in spec.members.candidates..<spec.members.voters { add(ordinal, .logger) }

        // A learner keeps its ordinal; a new one gets the lowest that nobody has, those that are on their way out
        // included: their data are still there.
        var taken = Set(recorded.map(\.ordinal)).union(wanted.map(\.ordinal))
        for set in spec.members.learners {
            let kept = recorded.filter { $0.kind == .learner && !$0.isSuccessor && $0.learnerSet == set.name }
                .prefix(set.replicas)
            wanted += kept
            for _ in 0..<(set.replicas - kept.count) {
                guard let ordinal = (0..<Int(ServerID.ordinals)).first(where: { !taken.contains($0) }) else { break }
                taken.insert(ordinal)
                add(ordinal, .learner, learnerSet: set.name)
            }
        }
        members = wanted.sorted { $0.ordinal < $1.ordinal }
    }
}

/// Records the wanted members and where their data are, before anything is made for them.
///
/// Learners that are not wanted any more stay in the record until their data are gone (`RetirementPolicy`).
enum MembershipPolicy {
    static func apply(_ draft: inout Draft) {
        let wanted = WantedMembers(spec: draft.spec, recorded: draft.status.members, names: draft.names).members
        let others = draft.retired + draft.status.members.filter(\.isSuccessor)
        draft.status.members = (wanted + others).sorted { ($0.ordinal, $0.incarnation) < ($1.ordinal, $1.incarnation) }
        if draft.status.storage == nil {
            draft.status.storage = draft.spec.storage
        }
        // What becomes of the data when the group goes may be changed at any time.
        let onDelete = draft.spec.storage.onDelete
        draft.status.storage?.onDelete = onDelete
    }
}
