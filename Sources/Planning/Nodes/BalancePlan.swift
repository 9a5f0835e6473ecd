import KubernetesModel
import XDB

/// What a balance is going to do, worked out before it begins and written into its operation.
///
/// Members come first: where they are in the end says who can lead where. A leader's own member stays, since its move
/// would take a change of leader; so each group is handed over once at most. Members stay in their zones, so that a group
/// is spread over zones as before.
struct BalancePlan {
    let scope: BalanceScope
    private let nodes: [NodeObservation]
    private let indexes: [String: Int]
    /// Where each member is, and will be when all have moved.
    private var places: [ObjectKey: String] = [:]
    /// The groups that may be touched.
    private var groups: [XDBGroup] = []
    /// The nodes that could have a leader, or a member.
    private var possible: (leaders: Set<Int>, members: Set<Int>) = ([], [])
    private(set) var plan = XDBOperation.Plan()

    private var observation: NodeWorkObservation { scope.observation }

    /// Works it out for things as they are now.
    init(_ scope: BalanceScope) {
        self.scope = scope
        nodes = scope.nodes
        indexes = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.name, $0) })
        for group in observation.groups {
            for member in BalanceScope.members(of: group) { places[key(member, group)] = member.node }
        }
        plan.leftAlone = observation.sortedGroups.filter(scope.concerns).compactMap { group in
            exemption(of: group).map { reason in
                var spared = XDBOperation.SparedGroup()
                spared.group = group.key.description
                spared.reason = reason
                return spared
            }
        }
        let spared = Set(plan.leftAlone.map(\.group))
        groups = observation.sortedGroups.filter { scope.concerns($0) && !spared.contains($0.key.description) }
        let before = NodeShares(observation)
        if scope.wish.what.hasMembers { spreadMembers() }
        if scope.wish.what.hasLeaders { spreadLeaders() }
        plan.nodes = shares(before)
        let sizes = plan.moves.map(\.bytes)
        plan.bytes = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
        plan.summary = summary
    }

    private func key(_ member: XDBGroup.MemberStatus, _ group: XDBGroup) -> ObjectKey {
        ObjectKey(namespace: group.metadata.namespace, name: member.name)
    }

    private func index(of node: String?) -> Int? { node.flatMap { indexes[$0] } }

    /// Why a group stays as it is; also when its leader is where nothing is spread.
    private func exemption(of group: XDBGroup) -> String? {
        if let exemption = scope.exemption(of: group) { return exemption }
        guard scope.wish.what == .leaders, let leader = group.status.leader else { return nil }
        let node = group.status.members.first { $0.name == leader }?.node
        guard let node, let obstacle = scope.obstacle(ofNode: node) else { return nil }
        return "\(obstacle), and \(leader) leads there"
    }

    // MARK: Members

    /// The members of a group in one zone that may move.
    private struct Residents {
        var group: XDBGroup
        var members: [Int: XDBGroup.MemberStatus] = [:]
        var item = Spread.Item(home: [:], others: [])
    }

    private mutating func spreadMembers() {
        let residents = groups.flatMap(residents)
        var fixed = [Int](repeating: 0, count: nodes.count)
        for place in places.values { if let index = indexes[place] { fixed[index] += 1 } }
        for index in residents.flatMap(\.members.keys) { fixed[index] -= 1 }
        let spread = Spread(residents.map(\.item), fixed: fixed)
        var moves: [XDBOperation.Move] = []
        for (item, resident) in residents.enumerated() {
            let after = Set(spread.places(of: item))
            let left = resident.members.keys.filter { !after.contains($0) }.sorted()
            for (from, to) in zip(left, after.subtracting(resident.members.keys).sorted()) {
                guard let member = resident.members[from] else { continue }
                moves.append(move(of: member, of: resident.group, to: nodes[to]))
                places[key(member, resident.group)] = nodes[to].name
            }
        }
        // What takes least comes first; of the same group, one after the other.
        plan.moves = moves.sorted { ($0.bytes ?? .max, $0.member) < ($1.bytes ?? .max, $1.member) }
        for zone in Set(nodes.map(\.zone)).sorted(by: { $0 ?? "" < $1 ?? "" }) {
            let possible = nodes.indices.filter { place in
                nodes[place].zone == zone
                    && (spread.loads[place] > 0 || groups.contains { isOpen(nodes[place], to: $0) })
            }
            self.possible.members.formUnion(possible)
            remark("members", spread, possible) { nodes in
                "no member on \(nodes) that may move has another node of its zone to go to"
            }
        }
    }

    /// True for a node that could have a member of the group, as far as labels and taints say.
    private func isOpen(_ node: NodeObservation, to group: XDBGroup) -> Bool {
        NodeFit(placement: group.spec.placement).obstacle(node) == nil
    }

    private func residents(of group: XDBGroup) -> [Residents] {
        let all = BalanceScope.members(of: group)
        let movable = all.filter { member in
            guard member.name != group.status.leader, let index = index(of: member.node) else { return false }
            return BalanceScope.isSettled(member)
                && BalanceScope.allows(member, zone: nodes[index].zone, of: group)
        }
        let taken = Set(group.status.members.compactMap(\.node))
        let zones = Dictionary(grouping: movable) { member in index(of: member.node).flatMap { nodes[$0].zone } }
        return zones.sorted { $0.key ?? "" < $1.key ?? "" }.map { zone, members in
            var residents = Residents(group: group)
            for member in members {
                guard let index = index(of: member.node) else { continue }
                residents.members[index] = member
                residents.item.home[index] = bytes(of: member, of: group) ?? 0
            }
            residents.item.others = Set(
                nodes.indices.filter { index in
                    let node = nodes[index]
                    return node.zone == zone && !taken.contains(node.name) && isOpen(node, to: group)
                }
            )
            return residents
        }
    }

    /// How much there is to copy of a member; nil where that is not known.
    private func bytes(of member: XDBGroup.MemberStatus, of group: XDBGroup) -> Int? {
        member.kind.hasData ? observation.dataBytes[group.key] : 0
    }

    private func move(
        of member: XDBGroup.MemberStatus,
        of group: XDBGroup,
        to node: NodeObservation
    ) -> XDBOperation.Move {
        var move = XDBOperation.Move()
        move.member = key(member, group).description
        move.kind = member.kind
        move.fromNode = member.node
        move.fromZone = node.zone
        move.toNode = node.name
        move.toZone = node.zone
        move.bytes = bytes(of: member, of: group)
        return move
    }

    // MARK: Leaders

    private mutating func spreadLeaders() {
        var fixed = [Int](repeating: 0, count: nodes.count)
        var led: [(group: XDBGroup, leader: XDBGroup.MemberStatus)] = []
        var items: [Spread.Item] = []
        let touched = Set(groups.map(\.key))
        for group in observation.sortedGroups {
            guard let leader = group.status.members.first(where: { $0.name == group.status.leader }),
                let home = index(of: leader.node)
            else { continue }
            guard touched.contains(group.key) else {
                fixed[home] += 1
                continue
            }
            let heirs = group.status.members.filter { $0.name != leader.name && BalanceScope.canLead($0) }
            led.append((group, leader))
            items.append(
                Spread.Item(home: [home: 0], others: Set(heirs.compactMap { index(of: places[key($0, group)]) }))
            )
        }
        let spread = Spread(items, fixed: fixed)
        for (item, (group, leader)) in led.enumerated() {
            guard let place = spread.places(of: item).first, nodes[place].name != leader.node else { continue }
            let heir = group.status.members.first {
                BalanceScope.canLead($0) && places[key($0, group)] == nodes[place].name
            }
            guard let heir else { continue }
            var handover = XDBOperation.Handover()
            handover.group = group.key.description
            handover.from = leader.name
            handover.fromNode = leader.node ?? ""
            handover.to = heir.name
            handover.toNode = nodes[place].name
            plan.handovers.append(handover)
        }
        let candidates = observation.groups.flatMap { group in
            BalanceScope.members(of: group).filter { $0.kind == .candidate }.map { places[key($0, group)] }
        }
        let possible = Set(candidates.compactMap { index(of: $0) }).sorted()
        self.possible.leaders.formUnion(possible)
        remark("leaders", spread, possible) { nodes in
            "no group led on \(nodes) that may be touched has a candidate elsewhere that can lead"
        }
    }

    // MARK: In words

    /// Says what keeps numbers from being within 1 of each other, if they are not.
    private mutating func remark(_ what: String, _ spread: Spread, _ places: [Int], _ why: (String) -> String) {
        let loads = places.map { spread.loads[$0] }
        guard let most = loads.max(), let least = loads.min(), most - least > 1 else { return }
        let full = places.filter { spread.loads[$0] == most }
        // What could leave a full node could only go to these, which are full but for one.
        let around = spread.reach(from: Set(full))
        plan.remarks.append(
            "\(what) are not within 1 of each other, from \(least) on \(names(places.filter { spread.loads[$0] == least })) "
                + "to \(most) on \(names(full)): \(why(names(around)))"
        )
    }

    private func names(_ places: some Sequence<Int>) -> String {
        places.sorted().map { nodes[$0].name }.joined(separator: ", ")
    }

    /// What each node has before, and by the plan.
    private func shares(_ before: NodeShares) -> [XDBOperation.NodeShare] {
        let leaders = Dictionary(uniqueKeysWithValues: plan.handovers.map { ($0.group, $0.toNode) })
        var after = NodeShares()
        for group in observation.groups {
            for member in BalanceScope.members(of: group) {
                after.members[places[key(member, group)] ?? "", default: 0] += 1
            }
            let node = group.status.members.first { $0.name == group.status.leader }?.node
            if let node = leaders[group.key.description] ?? node { after.leaders[node, default: 0] += 1 }
        }
        return observation.nodes.sorted { $0.name < $1.name }.compactMap { node in
            var share = XDBOperation.NodeShare()
            share.node = node.name
            share.zone = node.zone
            share.leadersBefore = before.leaders[node.name] ?? 0
            share.membersBefore = before.members[node.name] ?? 0
            share.leadersAfter = after.leaders[node.name] ?? 0
            share.membersAfter = after.members[node.name] ?? 0
            let index = self.index(of: node.name)
            let canLead = index.map(possible.leaders.contains) ?? false
            let canHaveMembers = index.map(possible.members.contains) ?? false
            if let state = BalanceScope.state(of: node) {
                share.message = "it is \(state), gets nothing and counts for nothing"
            } else if scope.wish.what.hasLeaders, !canLead {
                share.message = "no candidate is on it, so nobody can lead there"
            }
            let numbers = [share.leadersBefore, share.leadersAfter, share.membersBefore, share.membersAfter]
            return canLead || canHaveMembers || numbers.contains { $0 > 0 } ? share : nil
        }
    }

    private var summary: String {
        let what = scope.wish.what
        var parts: [String] = []
        if what.hasMembers {
            let bytes = plan.bytes.map { XDBOperation.Progress.text($0) } ?? "an amount that is not known"
            parts.append(Self.count(plan.moves.count, "move") + (plan.moves.isEmpty ? "" : " (\(bytes) to copy)"))
        }
        if what.hasLeaders { parts.append(Self.count(plan.handovers.count, "change") + " of leader") }
        if plan.moves.isEmpty, plan.handovers.isEmpty { parts = ["nothing is to be done"] }
        return parts.joined(separator: ", ") + ": " + NodeShares.words(plan.nodes, what)
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

/// How many leaders and members the nodes have.
struct NodeShares {
    var leaders: [String: Int] = [:]
    var members: [String: Int] = [:]

    init() {}

    init(_ observation: NodeWorkObservation) {
        for group in observation.groups {
            for member in BalanceScope.members(of: group) {
                guard let node = member.node else { continue }
                members[node, default: 0] += 1
                if member.name == group.status.leader { leaders[node, default: 0] += 1 }
            }
        }
    }

    /// The numbers of all nodes in a sentence: `leaders node1 5 -> 2, node2 0 -> 2`.
    static func words(_ nodes: [XDBOperation.NodeShare], _ what: XDBOperation.Balance.What) -> String {
        func list(_ noun: String, _ number: (XDBOperation.NodeShare) -> (before: Int, after: Int)) -> String {
            let numbers = nodes.compactMap { node -> String? in
                let (before, after) = number(node)
                if before + after == 0, node.message != nil { return nil }
                return before == after ? "\(node.node) \(after)" : "\(node.node) \(before) -> \(after)"
            }
            return "\(noun) \(numbers.joined(separator: ", "))"
        }
        var parts: [String] = []
        if what.hasMembers { parts.append(list("members") { ($0.membersBefore, $0.membersAfter) }) }
        if what.hasLeaders { parts.append(list("leaders") { ($0.leadersBefore, $0.leadersAfter) }) }
        return parts.joined(separator: "; ")
    }
}
