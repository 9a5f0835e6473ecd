import KubernetesModel
import XDB

/// Takes a node offline: marks it, and tells how far the groups are, which hand their leaders over by themselves
/// (`OfflineNodes`).
struct NodeOffline {
    static let mark = "Mark"
    static let unmark = "Unmark"
    /// What is done between them.
    static let move = "MoveLeaders"

    let wish: XDBOperation.OfflineNode
    let observation: NodeWorkObservation

    private var name: String { wish.node }

    func plan(_ work: inout NodeWork) {
        work.status.node = name
        guard let node = observation.node(name) else {
            let nodes = observation.nodes.map(\.name).sorted().joined(separator: ", ")
            return work.end(.failed, "there is no node \(name); the nodes are \(nodes)")
        }
        guard work.hasBegun else { return begin(node, &work) }
        if work.step(Self.mark) != nil, !work.isDone(Self.mark) {
            guard node.isOffline else {
                work.plan.actions.append(.mark(node: name, isOffline: true))
                return work.run(Self.mark, "\(name) is marked as offline")
            }
            work.note(Self.mark, nil, end: work.now)
        }
        if work.spec.cancel { return cancel(node, &work) }
        guard node.isOffline else {
            return work.end(.failed, "\(name) is not offline any more: somebody has brought it back meanwhile")
        }
        goOn(&work)
    }

    private func begin(_ node: NodeObservation, _ work: inout NodeWork) {
        if work.spec.cancel { return work.end(.cancelled, "it was cancelled before it began") }
        // What a node that is away has taken with it is gone already.
        let objections = wish.force || node.ready != .true ? [] : self.objections
        guard objections.isEmpty else {
            return work.end(
                .failed,
                "\(name) is not taken offline: \(objections.joined(separator: "; ")). Put that right first, or set force: true"
            )
        }
        let leaders = observation.sortedGroups.filter { isLed($0) }.map { group in
            let step = NodeWorkStep(.leaderOf, group.key).name
            return XDBOperation.Step(step, from: work.now, to: nil, "\(group.status.leader ?? "") leads")
        }
        let isMarked = node.isOffline
        work.begin((isMarked ? [] : [XDBOperation.Step(Self.mark, from: work.now, to: nil)]) + leaders)
        if isMarked { return goOn(&work) }
        work.plan.actions.append(.mark(node: name, isOffline: true))
        work.run(Self.mark, "\(name) is marked as offline")
    }

    /// Whether the leader of a group is on the node.
    private func isLed(_ group: XDBGroup) -> Bool {
        group.status.members.contains { $0.name == group.status.leader && $0.node == name }
    }

    // MARK: What speaks against it

    /// The groups that would take no writes without the node, and why not.
    private var objections: [String] {
        observation.sortedGroups.compactMap { group in
            let voters = group.status.members.filter { $0.voter && !$0.isSuccessor }
            guard group.status.epoch > .none, let member = voters.first(where: { $0.node == name }) else { return nil }
            let others = voters.filter { $0.name != member.name }
            let able = others.filter { $0.health == .healthy && !isOffline($0) }
            let lacking = others.filter { !able.contains($0) }.map { other in
                "\(other.name): \(other.message ?? other.health.map(\.rawValue) ?? "not known")"
            }
            let why = lacking.isEmpty ? "" : " (\(lacking.joined(separator: "; ")))"
            let needed = majority(of: voters.count)
            if able.count < needed {
                return
                    "\(group.key) would have no majority without \(member.name): of \(voters.count) voters \(needed) are "
                    + "needed, and \(able.count) others play their part\(why)"
            }
            if member.name == group.status.leader, !able.contains(where: { $0.kind == .candidate }) {
                return
                    "\(group.key) would have no leader: \(member.name) leads, and no other candidate plays its part\(why)"
            }
            return nil
        }
    }

    private func isOffline(_ member: XDBGroup.MemberStatus) -> Bool {
        observation.node(member.node)?.isOffline ?? false
    }

    // MARK: On the way

    private func goOn(_ work: inout NodeWork) {
        var (moved, waiting, staying) = (0, [String](), [String]())
        for key in work.subjects(.leaderOf) {
            let step = NodeWorkStep(.leaderOf, key).name
            switch fate(of: key) {
            case .moved(let words, let time):
                moved += 1
                if !work.isDone(step) { work.note(step, words, end: time ?? work.now) }
            case .stays(let words):
                staying.append("\(key): \(words)")
                work.note(step, words)
            case .waits(let words):
                waiting.append("\(key): \(words)")
                work.note(step, words)
            }
        }
        let all = moved + waiting.count + staying.count
        var message = all == 0 ? "no group is led on it" : "\(moved) of \(all) leaders have moved"
        if !staying.isEmpty { message += "; \(staying.firstFew)" }
        if waiting.isEmpty {
            let rest = staying.isEmpty ? "" : ". Their writes stop when the node goes"
            return work.end(.succeeded, "\(name) is offline; \(message)\(rest)")
        }
        message += "; \(waiting.firstFew)"
        if work.isOverdue {
            return work.end(
                .failed,
                "after \(work.spec.timeoutSeconds) s \(message). \(name) stays offline, and they move as soon as they can; an "
                    + "operation with recoverNode takes it back"
            )
        }
        work.run(Self.move, message)
    }

    private enum Fate {
        case moved(String, MicroTime?)
        /// It cannot move.
        case stays(String)
        case waits(String)
    }

    private func fate(of key: ObjectKey) -> Fate {
        guard let group = observation.groups.first(where: { $0.key == key }) else { return .moved("it is gone", nil) }
        if isLed(group) {
            let others = group.status.members.filter {
                $0.voter && $0.kind == .candidate && $0.name != group.status.leader && !isOffline($0)
            }
            let leader = group.status.leader ?? ""
            if others.isEmpty {
                return .stays("\(leader) stays: there is no other candidate on a node that is not offline")
            }
            return .waits(standstill(of: group) ?? "\(leader) hands over")
        }
        guard group.status.conditions.isTrue(ConditionType.writable.rawValue) else {
            return .waits(group.status.message ?? "another leader is on its way")
        }
        let record = group.status.epochs.first
        return .moved("\(group.status.leader ?? "") leads epoch \(group.status.epoch)", record?.routed)
    }

    /// Why a leader is still there, by what its group says.
    private func standstill(of group: XDBGroup) -> String? {
        if group.spec.paused { return "the group is paused (spec.paused)" }
        let conditions = group.status.conditions
        let told = [conditions[ConditionType.specValid.rawValue], conditions[ConditionType.writable.rawValue]]
        if let wrong = told.compactMap(\.self).first(where: { !$0.isTrue }) { return wrong.message }
        let progressing = conditions[ConditionType.progressing.rawValue]
        return progressing?.reason == Reason.nodeOffline.rawValue ? progressing?.message : nil
    }

    // MARK: It is cancelled

    private func cancel(_ node: NodeObservation, _ work: inout NodeWork) {
        let rest = "leaders that have moved are not moved back"
        guard work.step(Self.mark) != nil else {
            return work.end(.cancelled, "it was cancelled; \(name) was offline before, and stays so; \(rest)")
        }
        guard node.isOffline else {
            if work.step(Self.unmark) != nil { work.note(Self.unmark, nil, end: work.now) }
            return work.end(.cancelled, "it was cancelled, and \(name) is not offline; \(rest)")
        }
        if work.step(Self.unmark) == nil { work.status.steps.append(.init(Self.unmark, from: work.now, to: nil)) }
        work.plan.actions.append(.mark(node: name, isOffline: false))
        work.run(Self.unmark, "it was cancelled: \(name) is brought back")
    }
}
