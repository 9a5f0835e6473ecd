import KubernetesModel
import XDB

/// Why a member is left alone: it is not repaired, is left out of rolling changes, and leads only while no other can.
struct SetAside: Hashable {
    var reason: Reason
    var words: String
}

extension Draft {
    /// Why people want a member, or a new life of it, to be left alone; nil when they do not.
    func setAside(_ member: XDBGroup.MemberStatus) -> SetAside? {
        if spec.maintenance.contains(member.member) {
            return SetAside(reason: .maintenance, words: "it is under maintenance (spec.maintenance)")
        }
        guard let node = node(member.node), node.isOffline else { return nil }
        return SetAside(reason: .nodeOffline, words: "it is on node \(node.name), which is offline")
    }

    /// True for a member that people want to be left alone.
    func isSetAside(_ member: XDBGroup.MemberStatus) -> Bool { setAside(member) != nil }

    /// How a member is, as it is told: what is wrong with one that people work on alarms nobody.
    ///
    /// Decisions are made from `findings`, which says what is so.
    func shown(_ member: XDBGroup.MemberStatus) -> MemberFinding? {
        guard let found = findings[member.name], found.health != .healthy, let aside = setAside(member) else {
            return findings[member.name]
        }
        return MemberFinding(
            found.health,
            aside.reason,
            "\(aside.words), and is not repaired: \(found.finding.message)"
        )
    }
}

/// Tells of names in `spec.maintenance` that are no member's.
enum MaintenanceReport {
    static func apply(_ draft: inout Draft) {
        let members = draft.status.members.filter { !$0.isSuccessor }.map(\.name)
        let unknown = draft.spec.maintenance.filter { !members.contains($0) }
        guard !unknown.isEmpty, !members.isEmpty else { return }
        draft.problems.append(
            Finding(
                .unknownMember,
                "spec.maintenance names \(unknown.joined(separator: ", ")), and the members are "
                    + "\(members.joined(separator: ", ")): put the name right, or remove it"
            )
        )
    }
}
