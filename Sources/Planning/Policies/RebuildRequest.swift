import KubernetesModel
import XDB

/// Whether a member can be rebuilt as somebody wishes, where, and from what.
struct RebuildRequest {
    /// How it is to be done.
    struct Way: Hashable {
        var mode: XDBOperation.Rebuild.Mode
        /// Nil: the scheduler chooses.
        var node: String?
        /// Where the scheduler may choose; empty for the zones of the spec.
        var zones: [String] = []
        /// Where it may not choose, although it could.
        var avoidedNodes: [String] = []
        /// The member whose data are copied; nil where none are needed.
        var source: String?
        var reason: String
    }

    let draft: Draft
    let wish: XDBOperation.Rebuild
    /// The zones that the new life may be in, instead of those of the spec; nil for those.
    var zones: [String]?
    /// Nodes on which a migration has tried in vain: another is preferred, where there is one.
    var failedNodes: [String] = []

    var verdict: OperationVerdict {
        if draft.spec.paused { return .wait("the group is paused (spec.paused)") }
        guard draft.status.epoch > .none else { return .wait("the group has had no leader yet") }
        guard let member = draft.member(wish.member), !member.isSuccessor else {
            let names = draft.status.members.filter { !$0.isSuccessor }.map(\.name).joined(separator: ", ")
            return .refuse("\(wish.member) is no member of the group; its members are \(names)")
        }
        if wish.isRepair, let aside = draft.setAside(member) {
            return .refuse("\(member.name) is left alone: \(aside.words)")
        }
        let leads = member.name == draft.status.leader
        if leads, !wish.changeLeaderFirst {
            return .refuse(
                "\(member.name) leads, and a leader is not rebuilt: set changeLeaderFirst: true, or change the leader "
                    + "first (an XDBOperation with changeLeader: {to: auto})"
            )
        }
        switch draft.leadership {
        // A person has to ask for another leader, and does so here.
        case .lost where leads && ElectionPolicy.isLeftToPeople(draft): return leaderChange
        case .leads(isWritable: true): break
        case .suspected(let finding), .lost(let finding): return .wait(finding.words)
        case .blocked(let finding): return .wait(finding.message)
        case .none, .recorded, .leads(isWritable: false), .handover, .sealing:
            return .wait("a change of leader goes on")
        }
        guard member.joined else {
            return .refuse("\(member.name) has never joined, so there is nothing to rebuild: \(member.message ?? "")")
        }
        if member.leaving || draft.unwanted.contains(member.name) && !member.discarded {
            return .refuse("\(member.name) is not wanted any more, and is being removed")
        }
        if leads, case .refuse(let why) = leaderChange { return .refuse(why) }
        if let refusal = Self.lackOfVoters(without: member, draft) { return .refuse(refusal) }
        switch way(member) {
        case .success(let way):
            if let wait = lackOfRoom(way, for: member) { return .wait(wait) }
            return leads ? leaderChange : .begin(member.name)
        case .failure(let refusal): return .refuse(refusal.reason)
        }
    }

    /// What is to be thought of another leader, which has to come before a leader is rebuilt.
    private var leaderChange: OperationVerdict {
        var change = XDBOperation.ChangeLeader()
        change.to = XDBOperation.ChangeLeader.automatic
        return LeaderChange(draft: draft, wish: change).verdict
    }

    /// Why the others would not be a majority without the member; nil when they are.
    static func lackOfVoters(without member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        let voters = draft.voters
        guard voters.contains(where: { $0.name == member.name }) else { return nil }
        let others = voters.filter { $0.name != member.name }
        let able = others.filter { draft.findings[$0.name]?.health == .healthy && !$0.vacant }
        let needed = majority(of: voters.count)
        guard able.count < needed else { return nil }
        let ailing = others.filter { !able.contains($0) }.map { other in
            "\(other.name) (\(draft.findings[other.name]?.finding.message ?? ""))"
        }
        return "without \(member.name) a majority of \(needed) of \(voters.count) voters is needed, and "
            + "\(able.count) play their part. First put right: \(ailing.joined(separator: ", "))"
    }

    // MARK: Where and from what

    func way(_ member: XDBGroup.MemberStatus) -> Result<Way, Refusal> {
        let place: (mode: XDBOperation.Rebuild.Mode, node: String?, reason: String)
        switch self.place(member) {
        case .success(let found): place = found
        case .failure(let refusal): return .failure(refusal)
        }
        if wish.discardFirst, place.mode != .local {
            return refuse(
                "discardFirst makes room on the node of \(member.name), and it would be rebuilt \(place.reason): leave "
                    + "discardFirst out"
            )
        }
        var way = Way(mode: place.mode, node: place.node, zones: zones ?? [], source: nil, reason: place.reason)
        if place.node == nil {
            let avoided = avoidedNodes(member)
            way.avoidedNodes = avoided.nodes
            way.reason += avoided.words
        }
        guard member.kind.hasData else {
            way.reason += "; a logger needs no copy: its log begins where all others have theirs"
            return .success(way)
        }
        switch source(for: member) {
        case .success(let source):
            way.source = source.name
            way.reason += "; \(source.reason)"
            return .success(way)
        case .failure(let refusal): return .failure(refusal)
        }
    }

    private func refuse<Value>(_ reason: String) -> Result<Value, Refusal> {
        .failure(Refusal(member: wish.member, reason: reason))
    }

    private typealias Place = (mode: XDBOperation.Rebuild.Mode, node: String?, reason: String)

    private func place(_ member: XDBGroup.MemberStatus) -> Result<Place, Refusal> {
        let own = member.node
        let isFree = wish.mode == .automatic && wish.node == nil
        let lack = draft.node(own).map { self.lack(of: $0, forNewMember: isFree) } ?? "is not in the cluster"
        // What goes first makes the room.
        let looksForRoom = wish.mode == .automatic && !wish.discardFirst || wish.mode == .crossHost && wish.isRepair
        let space = looksForRoom ? lackOfSpace(member) : nil
        if let name = wish.node, name != own {
            if let obstacle = obstacle(name, member) {
                return refuse("\(member.name) cannot move to \(name): \(obstacle)")
            }
            return .success((.crossHost, name, "on node \(name), as was asked for"))
        }
        let isRoomy = lack == nil && space == nil
        let isLocal = wish.mode == .local || wish.mode == .automatic && (isRoomy || wish.node != nil)
        guard !isLocal else {
            guard let own, lack == nil else {
                return refuse(
                    "\(member.name) cannot be rebuilt on its node \(own ?? "-"), which \(lack ?? ""): use mode CrossHost"
                )
            }
            return .success((.local, own, "on its own node \(own)"))
        }
        guard !rooms(for: member).isEmpty else {
            let reasons = draft.observation.nodes.filter { $0.name != own }.compactMap { node in
                obstacle(node.name, member).map { "\(node.name): \($0)" }
            }
            return refuse(
                "there is no other node for \(member.name) (\(reasons.joined(separator: "; "))): add a node"
                    + (lack == nil ? ", or use mode Local" : ", or bring \(own ?? "its node") back")
            )
        }
        let why =
            (lack ?? space).map { "on another node, since \(own ?? "its own") \($0)" }
            ?? "on another node, as was asked for"
        return .success((.crossHost, nil, "\(why); the scheduler chooses it"))
    }

    /// Why nothing can be begun on a node, in words that follow its name; nil when it can.
    private func lack(of node: NodeObservation, forNewMember isNew: Bool) -> String? {
        if node.ready != .true { return "is not ready" }
        // The scheduler would let the pods of the rebuild wait.
        if node.isCordoned { return "is cordoned" }
        return isNew && node.isOffline ? "is offline" : nil
    }

    /// Why a node cannot take the member; nil when nothing is known that speaks against it.
    func obstacle(_ name: String, _ member: XDBGroup.MemberStatus) -> String? {
        guard let node = draft.node(name) else { return "there is no such node" }
        if let lack = lack(of: node, forNewMember: true) { return "it \(lack)" }
        if let other = draft.status.members.first(where: { $0.node == name && $0.member != member.name }) {
            return "\(other.name) is there, and members never share a node"
        }
        let set = draft.spec.members.learners.first { $0.name == member.learnerSet }
        let zones = self.zones ?? (member.kind == .learner ? set?.zones ?? [] : draft.spec.placement.zones)
        guard zones.isEmpty || node.zone.map({ zones.contains($0) }) ?? false else {
            return
                "its zone is \(node.zone ?? "unknown"), and \(self.zones == nil ? "the spec wants" : "it is to be in") "
                + zones.joined(separator: ", ")
        }
        return NodeFit(placement: draft.spec.placement).obstacle(node)
    }

    private func source(for member: XDBGroup.MemberStatus) -> Result<(name: String, reason: String), Refusal> {
        if let name = wish.source {
            guard let source = draft.member(name), source.name != member.name else {
                return refuse("the source \(name) is no other member of the group")
            }
            if let obstacle = Self.obstacle(asSource: source, draft) {
                return refuse("\(name) cannot be copied: \(obstacle)")
            }
            return .success((name, "copied from \(name), as was asked for"))
        }
        return Self.bestSource(for: member, draft).map { .success($0) }
            ?? refuse("no member can be copied: \(Self.obstacles(for: member, draft))")
    }

    /// The most advanced follower or learner on a node that no other rebuild uses; else the most advanced one; else the
    /// leader: it has the clients.
    static func bestSource(
        for member: XDBGroup.MemberStatus,
        except: String? = nil,
        _ draft: Draft
    ) -> (name: String, reason: String)? {
        let able = draft.status.members.filter { other in
            other.name != member.name && other.name != except && obstacle(asSource: other, draft) == nil
        }
        let followers = able.filter { $0.name != draft.status.leader }
        let free = followers.filter { use(of: $0.node, draft) == nil }
        let best = (free.isEmpty ? followers : free).max { left, right in
            (left.applied ?? .zero, -left.ordinal) < (right.applied ?? .zero, -right.ordinal)
        }
        if let best {
            let place = free.isEmpty || free.count == followers.count ? "" : ", on a node that no other rebuild uses"
            return (best.name, "copied from \(best.name), the most advanced member that does not lead\(place)")
        }
        return able.first.map { ($0.name, "copied from the leader \($0.name): no other member can be copied") }
    }

    private static func obstacles(for member: XDBGroup.MemberStatus, _ draft: Draft) -> String {
        draft.status.members.filter { $0.name != member.name && !$0.isSuccessor }.compactMap { other in
            obstacle(asSource: other, draft).map { "\(other.name): \($0)" }
        }.joined(separator: "; ")
    }

    /// Why a member's data cannot be copied; nil when they can.
    static func obstacle(asSource member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        guard !member.isSuccessor else { return "it is being made itself" }
        guard member.kind.hasData else { return "it has no data" }
        guard draft.findings[member.name]?.health == .healthy, let agent = draft.heard(member) else {
            return draft.findings[member.name]?.finding.message ?? "nothing is known of it"
        }
        guard agent.server.state == .running, agent.server.applied != nil else { return "its server does not run" }
        if let copy = agent.copy { return "it is being copied for \(copy.to)" }
        return nil
    }
}
