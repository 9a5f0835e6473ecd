import KubernetesModel
import XDB

/// How far a part of a balance is.
struct PartProgress: Hashable {
    var state: XDBOperation.State
    var failures: Int
    var message: String?
}

/// What a plan says of a part, and of what has come of it.
protocol BalanceEntry {
    var state: XDBOperation.State { get set }
    var failures: Int { get set }
    var message: String? { get set }
}

extension XDBOperation.Move: BalanceEntry {}
extension XDBOperation.Handover: BalanceEntry {}

extension BalanceEntry {
    var progress: PartProgress {
        get { PartProgress(state: state, failures: failures, message: message) }
        set { (state, failures, message) = (newValue.state, newValue.failures, newValue.message) }
    }
}

/// One change that a balance has a group make: what it asks for, and what has come of it.
protocol BalancePart {
    /// What the plan has for it.
    associatedtype Entry: BalanceEntry

    /// The group, while there is one.
    var group: XDBGroup? { get }
    /// What is asked for.
    var spec: XDBOperation.Spec { get }
    /// What the step in the operation's status is called.
    var step: String { get }
    var progress: PartProgress { get }
    /// How things are as they are to be; nil while they are not.
    var isDone: String? { get }
    /// Why it cannot or need not be done any more; nil when it may.
    var impossibility: String? { get }

    /// The operations that are made for it.
    func series(_ work: NodeWork) -> OperationSeries
}

/// A member that moves to another node.
struct BalancedMove: BalancePart {
    typealias Entry = XDBOperation.Move

    private let move: XDBOperation.Move
    private let scope: BalanceScope
    private let key: ObjectKey
    private let found: (group: XDBGroup, member: XDBGroup.MemberStatus)?

    init(_ move: XDBOperation.Move, _ scope: BalanceScope) {
        self.move = move
        self.scope = scope
        key = ObjectKey(words: move.member)
        found = scope.observation.member(key)
    }

    var group: XDBGroup? { found?.group }
    var step: String { "Move \(move.member)" }
    var progress: PartProgress { move.progress }

    var spec: XDBOperation.Spec {
        var spec = XDBOperation.Spec()
        var migrate = XDBOperation.Migrate()
        migrate.member = key.name
        migrate.node = move.toNode
        migrate.bytesPerSecond = scope.wish.bytesPerSecond
        spec.migrate = migrate
        return spec
    }

    var isDone: String? {
        guard let found, found.member.node == move.toNode, found.group.status.rebuild == nil else { return nil }
        return "it is on \(move.toNode ?? "")"
    }

    var impossibility: String? {
        guard let (group, member) = found else { return "it is no member any more" }
        if let wish = BalanceScope.wish(of: group) { return "its group is left as it is: \(wish)" }
        if group.status.leader == key.name { return "it leads by now, and a leader's member is not moved" }
        // A rebuild that is at its end has moved it already.
        guard member.node == move.fromNode || member.node == move.toNode else {
            return "it is on \(member.node ?? "no node") by now"
        }
        if let obstacle = scope.obstacle(ofNode: move.toNode ?? "") { return obstacle }
        let other = group.status.members.first { $0.node == move.toNode && $0.member != key.name }
        return other.map { "\($0.name) is on \(move.toNode ?? "") by now" }
    }

    func series(_ work: NodeWork) -> OperationSeries { OperationSeries(key, "moves", work) }
}

/// A group that is to be led by another member.
struct BalancedLeader: BalancePart {
    typealias Entry = XDBOperation.Handover

    private let handover: XDBOperation.Handover
    private let scope: BalanceScope
    let group: XDBGroup?

    init(_ handover: XDBOperation.Handover, _ scope: BalanceScope) {
        self.handover = handover
        self.scope = scope
        let key = ObjectKey(words: handover.group)
        group = scope.observation.groups.first { $0.key == key }
    }

    var step: String { "Change leader of \(handover.group)" }
    var progress: PartProgress { handover.progress }

    var spec: XDBOperation.Spec {
        var spec = XDBOperation.Spec()
        var change = XDBOperation.ChangeLeader()
        change.to = handover.to
        spec.changeLeader = change
        return spec
    }

    var isDone: String? {
        guard let group, group.status.leader == handover.to,
            group.status.conditions.isTrue(ConditionType.writable.rawValue)
        else { return nil }
        return "\(handover.to) leads epoch \(group.status.epoch)"
    }

    var impossibility: String? {
        guard let group else { return "there is no such group any more" }
        if let wish = BalanceScope.wish(of: group) { return "the group is left as it is: \(wish)" }
        let leader = group.status.leader ?? "nobody"
        // Whoever has changed it: it is not changed twice. One that is to lead, and does not take writes yet, is on its way.
        guard leader == handover.from || leader == handover.to else { return "\(leader) leads by now" }
        guard let heir = group.status.members.first(where: { $0.name == handover.to }) else {
            return "\(handover.to) is no member any more"
        }
        guard heir.node == handover.toNode else {
            return "\(handover.to) is on \(heir.node ?? "no node"), and not on \(handover.toNode)"
        }
        guard let present = group.status.members.first(where: { $0.name == leader }),
            leader == handover.to
                || present.node == handover.fromNode
        else { return "\(leader) is not on \(handover.fromNode) any more" }
        return scope.obstacle(ofNode: handover.toNode)
    }

    func series(_ work: NodeWork) -> OperationSeries {
        let namespace = ObjectKey(words: handover.group).namespace
        return OperationSeries(ObjectKey(namespace: namespace, name: handover.to), "leads", work)
    }
}

extension ObjectKey {
    /// What `description` writes.
    fileprivate init(words: String) {
        let parts = words.split(separator: "/", maxSplits: 1).map(String.init)
        self.init(namespace: parts.count > 1 ? parts[0] : "", name: parts.last ?? "")
    }
}
