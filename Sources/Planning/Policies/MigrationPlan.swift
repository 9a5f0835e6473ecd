import XDB

/// What a migration is going to do, worked out before it begins and written into its operation.
struct MigrationPlan {
    let request: MigrationRequest

    private var draft: Draft { request.draft }

    /// The plan as things are now.
    var plan: XDBOperation.Plan {
        var plan = XDBOperation.Plan()
        let members = request.remaining
        plan.moves = members.map { move(of: $0) }
        plan.changeLeader = changeLeader(members)
        plan.zones = zones
        let sizes = plan.moves.map(\.bytes)
        plan.bytes = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
        plan.summary = summary(of: plan)
        return plan
    }

    /// One member's move, before it begins.
    func move(of member: XDBGroup.MemberStatus) -> XDBOperation.Move {
        var move = XDBOperation.Move()
        move.member = member.name
        move.kind = member.kind
        move.fromNode = member.node
        move.fromZone = member.zone
        move.toZone = request.wish.to?.zone ?? draft.node(request.wish.node)?.zone
        move.toNode = request.wish.node ?? onlyNode(for: member)
        move.bytes = size(of: member)
        move.message = words(for: member)
        return move
    }

    /// The node, where there is only one that can take the member.
    private func onlyNode(for member: XDBGroup.MemberStatus) -> String? {
        let rebuild = request.rebuild(of: member)
        let nodes = draft.observation.nodes.filter { rebuild.obstacle($0.name, member) == nil }
        return nodes.count == 1 && request.remaining.count == 1 ? nodes.first?.name : nil
    }

    private func size(of member: XDBGroup.MemberStatus) -> Int? {
        guard member.kind.hasData else { return 0 }
        // All have the same data; one that does not say how much gets what another says.
        let sizes = ([member] + draft.status.members).lazy.compactMap { draft.heard($0)?.server.dataBytes }
        return sizes.first.map { Int(clamping: $0) }
    }

    private func words(for member: XDBGroup.MemberStatus) -> String {
        guard member.kind.hasData else { return "a new log beside the old one, which goes when the vote has passed on" }
        let when = member.name == draft.status.leader ? "after the change of leader: " : ""
        let vote = member.kind.votes ? " and the vote has passed on" : ""
        return "\(when)a copy beside the old data, which go when it has caught up\(vote)"
    }

    private func changeLeader(_ members: [XDBGroup.MemberStatus]) -> String? {
        guard let leader = draft.status.leader, members.contains(where: { $0.name == leader }) else { return nil }
        let others = members.filter { $0.name != leader }
        let heirs = draft.voters.filter { voter in
            voter.kind == .candidate && voter.name != leader
                && (request.zones.map { voter.zone == $0.to } ?? true || others.contains { $0.name == voter.name })
        }
        let staying = draft.voters.filter { voter in
            voter.kind == .candidate && voter.name != leader && !heirs.contains { $0.name == voter.name }
        }
        let names = (heirs.isEmpty ? staying : heirs).map(\.name).joined(separator: " or ")
        let after = others.last.map { "after the move of \($0.name), " } ?? ""
        return "\(after)\(leader) hands over to \(names): the one pause of writes"
    }

    private var zones: [XDBOperation.ZoneChange] {
        guard let zones = request.zones else { return [] }
        return MigrationZones.sets(draft).filter(zones.concerns).map { set in
            var change = XDBOperation.ZoneChange()
            change.of = set.name
            change.before = set.zones
            change.after = zones.after(set)
            return change
        }
    }

    private func summary(of plan: XDBOperation.Plan) -> String {
        let moves = plan.moves.count == 1 ? "1 move" : "\(plan.moves.count) moves"
        let bytes = plan.bytes.map { "\(XDBOperation.Progress.text($0)) to copy" } ?? "data of a size that is not known"
        let leader = plan.changeLeader == nil ? "no change of leader" : "one change of leader"
        return "\(moves), \(bytes), \(leader)"
    }
}
