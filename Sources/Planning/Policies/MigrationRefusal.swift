import XDB

/// Why members cannot be moved as somebody wishes, whatever may pass by itself.
struct MigrationRefusal {
    let request: MigrationRequest

    private var draft: Draft { request.draft }
    private var group: String { draft.names.group }

    /// The reason, with what would help; nil when there is none.
    var words: String? {
        let (refusal, members) = (unknown, request.remaining)
        if let refusal { return refusal }
        if let leader = members.first(where: { $0.name == draft.status.leader }), !hasOtherCandidates {
            return
                "\(leader.name) leads and is the only candidate, so nobody could lead while it moves: add a candidate first "
                + "(spec.members.candidates)"
        }
        for member in members {
            if !member.joined {
                return "\(member.name) has never joined, so there is nothing to move: \(member.message ?? "")"
            }
            if draft.unwanted.contains(member.name) {
                return "\(member.name) is not wanted any more, and is being removed"
            }
        }
        return lackOfNodes(for: members)
    }

    /// What is named and is not there.
    private var unknown: String? {
        guard let zones = request.zones else { return unknownMember }
        let known = Set(draft.observation.nodes.compactMap(\.zone))
        guard known.contains(zones.to) else {
            return "there is no zone \(zones.to): no node has it as the label \(Label.zone); the zones are "
                + known.sorted().joined(separator: ", ")
        }
        guard request.remaining.isEmpty else { return nil }
        let places = draft.status.members.filter { !$0.isSuccessor }.map { "\($0.name) in \($0.zone ?? "no zone")" }
        return "no member of \(group) is to leave zone \(zones.from): \(places.joined(separator: ", "))"
    }

    private var unknownMember: String? {
        let name = request.wish.member ?? ""
        guard let member = draft.member(name), !member.isSuccessor else {
            let names = draft.status.members.filter { !$0.isSuccessor }.map(\.name).joined(separator: ", ")
            return "\(name) is no member of the group; its members are \(names)"
        }
        guard member.node == request.wish.node else { return nil }
        return "\(name) is on node \(member.node ?? "") already"
    }

    private var hasOtherCandidates: Bool { Renewal(draft: draft).hasOtherCandidates }

    /// Members never share a node, so each of them needs one of its own there.
    private func lackOfNodes(for members: [XDBGroup.MemberStatus]) -> String? {
        guard let zones = request.zones else {
            guard let member = members.first, let node = request.wish.node,
                let obstacle = request.rebuild(of: member).obstacle(node, member)
            else { return nil }
            return "\(member.name) cannot move to \(node): \(obstacle)"
        }
        guard let first = members.first else { return nil }
        let rebuild = request.rebuild(of: first)
        let nodes = draft.observation.nodes.filter { $0.zone == zones.to }.sorted { $0.name < $1.name }
        let taken = nodes.compactMap { node in rebuild.obstacle(node.name, first).map { "\(node.name): \($0)" } }
        let free = nodes.count - taken.count
        guard free < members.count else { return nil }
        let reasons = taken.isEmpty ? "" : " (\(taken.joined(separator: "; ")))"
        return
            "\(members.count) members are to move to zone \(zones.to), each to a node of its own, and \(free) of its "
            + "\(nodes.count) nodes can take one\(reasons): add \(members.count - free)"
    }
}
