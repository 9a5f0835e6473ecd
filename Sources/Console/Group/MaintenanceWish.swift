package import XDB

/// A member that is to be left alone, or not any more: `spec.maintenance`.
package struct MaintenanceWish: Sendable {
    /// The new list.
    package var list: [String]
    /// What that means, in sentences.
    package var words: [String]

    /// Takes a member out.
    package init(takingOut member: XDBGroup.MemberStatus, of group: XDBGroup) {
        let present = group.spec.maintenance
        list = present.contains(member.name) ? present : present + [member.name]
        let mayLead = member.kind == .candidate
        words = ["\(member.name) is not repaired\(mayLead ? ", and does not lead while another candidate can" : "")"]
        if group.status.leader == member.name {
            words.append("it leads, and hands over when another candidate can lead")
        }
        guard member.voter else { return }
        let voters = group.status.members.filter { $0.voter && !$0.isSuccessor }
        let others = voters.filter { $0.name != member.name }
        let needed = voters.count / 2 + 1
        let well = others.filter { $0.health == .healthy }.map(\.name)
        words.append("its vote and its log count as ever, as long as it answers")
        if others.isEmpty {
            words.append("it is the only voter: without it nothing is written")
        } else if well.count < needed {
            words.append(
                "WITHOUT IT THERE IS NO MAJORITY: \(needed) of \(voters.count) voters are needed, and of the others "
                    + "\(well.isEmpty ? "none plays its part" : "only \(Phrase.list(well)) \(well.count == 1 ? "does" : "do")")"
            )
        } else if well.count == needed {
            words.append("while it is away no other voter may be missing: \(Phrase.list(well)) are the majority")
        }
    }

    /// Puts a member back.
    package init(puttingBack member: XDBGroup.MemberStatus, to group: XDBGroup) {
        list = group.spec.maintenance.filter { $0 != member.name }
        words = ["\(member.name) is repaired again\(member.kind == .candidate ? ", and may lead" : "")"]
        if member.health != .healthy, let message = member.message { words.append("now: \(message)") }
    }
}
