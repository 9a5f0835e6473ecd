import KubernetesModel
import XDB

/// What a balance may touch, and what it has to leave as it is.
struct BalanceScope {
    let observation: NodeWorkObservation
    let wish: XDBOperation.Balance

    // MARK: Nodes

    /// The nodes that may get something, and over which things are spread, by name.
    var nodes: [NodeObservation] {
        observation.nodes.filter { Self.state(of: $0) == nil }.sorted { $0.name < $1.name }
    }

    /// In what state a node gets nothing and counts for nothing; nil when it does.
    static func state(of node: NodeObservation) -> String? {
        if node.isOffline { return "offline" }
        if node.ready != .true { return "not ready" }
        return node.isCordoned ? "cordoned" : nil
    }

    /// Why nothing may come to a node; nil when it may.
    func obstacle(ofNode name: String) -> String? {
        guard let node = observation.node(name) else { return "there is no node \(name) any more" }
        return Self.state(of: node).map { "node \(name) is \($0)" }
    }

    // MARK: Groups

    /// True for a group that the balance is about.
    func concerns(_ group: XDBGroup) -> Bool {
        wish.namespaces.isEmpty || wish.namespaces.contains(group.metadata.namespace)
    }

    /// Why a group is left as it is; nil when it need not be.
    func exemption(of group: XDBGroup) -> String? { Self.wish(of: group) ?? trouble(of: group) }

    /// Why people want the group to be left as it is; nil when they do not.
    static func wish(of group: XDBGroup) -> String? {
        if group.metadata.isBeingDeleted { return "it is being deleted" }
        if group.metadata.annotations[Label.balance] == "disabled" {
            return "the annotation \(Label.balance) is disabled"
        }
        if group.spec.paused { return "it is paused (spec.paused)" }
        guard !group.spec.maintenance.isEmpty else { return nil }
        return "\(group.spec.maintenance.joined(separator: ", ")) is under maintenance (spec.maintenance)"
    }

    /// What may pass by itself, and has to before anything is done with the group; nil when there is nothing.
    func trouble(of group: XDBGroup) -> String? {
        guard group.status.epoch > .none, group.status.leader != nil else { return "it has had no leader yet" }
        if let election = group.status.election { return "a change of leader goes on: \(election.reason)" }
        if let rebuild = group.status.rebuild { return "\(rebuild.member) is being rebuilt" }
        for type in [ConditionType.writable, .fullyRedundant] {
            let condition = group.status.conditions[type.rawValue]
            guard condition?.isTrue != true else { continue }
            return "it is not \(type.rawValue): \(condition?.message ?? "nothing is known of it yet")"
        }
        let other = observation.operations.first { operation in
            operation.group == group.key && !operation.isFinished && !operation.spec.dryRun
                && operation.spec.failover == nil
        }
        return other.map { "operation \($0.metadata.name) is under way" }
    }

    // MARK: Members

    /// True for a member that could lead its group now: what is a moment behind, or new, is none.
    static func canLead(_ member: XDBGroup.MemberStatus) -> Bool {
        member.kind == .candidate && isSettled(member) && member.voter && member.promotable
            && Double(member.lagSeconds ?? 0) <= LeaderChange.allowedSeconds
    }

    /// True for a member that plays its part, and is neither coming nor going.
    static func isSettled(_ member: XDBGroup.MemberStatus) -> Bool {
        member.joined && member.health == .healthy
            && !(member.isSuccessor || member.newcomer || member.leaving || member.vacant || member.discarded)
    }

    /// The members of a group that are more than the next life of another.
    static func members(of group: XDBGroup) -> [XDBGroup.MemberStatus] {
        group.status.members.filter { !$0.isSuccessor && $0.node != nil }
    }

    /// True when a member may be in a zone, by the spec of its group.
    static func allows(_ member: XDBGroup.MemberStatus, zone: String?, of group: XDBGroup) -> Bool {
        let set = group.spec.members.learners.first { $0.name == member.learnerSet }
        let zones = member.kind == .learner ? set?.zones ?? [] : group.spec.placement.zones
        return zones.isEmpty || zone.map { zones.contains($0) } ?? false
    }
}
