import KubernetesModel
import XDB

extension Draft {
    /// True for a member, or a new life of it, that people work on.
    func isInMaintenance(_ member: XDBGroup.MemberStatus) -> Bool { spec.maintenance.contains(member.member) }

    /// How a member is, as it is told: what is wrong with one that people work on alarms nobody.
    ///
    /// Decisions are made from `findings`, which says what is so.
    func shown(_ member: XDBGroup.MemberStatus) -> MemberFinding? {
        guard let found = findings[member.name], found.health != .healthy, isInMaintenance(member) else {
            return findings[member.name]
        }
        return MemberFinding(
            found.health,
            .maintenance,
            "it is under maintenance (spec.maintenance), and is not repaired: \(found.finding.message)"
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
