import KubernetesModel
import XDB

/// Spreads leaders and members over the nodes: plans it once, and has the groups do it by operations of their own.
///
/// Members are moved by `migrate`, leaders by `changeLeader`, which have all the care that there is to be had. What has
/// come of each part is read off the groups and those operations each time; the operation's status has the plan, and how
/// far each part of it is. A part that has become impossible, or needless, is left out.
struct BalanceWork {
    static let planned = "Plan"
    static let moves = "MoveMembers"
    static let handovers = "ChangeLeaders"
    /// How many members move at the same time, each of another group; the operator's limit on rebuilds holds as well.
    static let movesAtOnce = 2
    /// How often one part is asked for in vain.
    static let attempts = 3

    let wish: XDBOperation.Balance
    let observation: NodeWorkObservation

    var scope: BalanceScope { BalanceScope(observation: observation, wish: wish) }

    func plan(_ work: inout NodeWork) {
        guard let plan = work.status.plan else { return begin(&work) }
        goOn(plan, &work)
    }

    // MARK: Before it begins

    private func begin(_ work: inout NodeWork) {
        if work.spec.cancel { return work.end(.cancelled, "it was cancelled before it began") }
        let plan = BalancePlan(scope).plan
        guard !work.spec.dryRun else {
            work.status.plan = plan
            return work.end(.succeeded, "a dry run, and nothing was done: \(plan.summary)")
        }
        // Two plans would undo each other.
        let other = observation.operations.first { operation in
            operation.spec.balance != nil && operation.status.plan != nil && !operation.isFinished
                && operation.key != observation.operation.key
        }
        if let obstacle = other.map({ "it waits for operation \($0.metadata.name)" })
            ?? (work.spec.paused ? "it is paused (spec.paused of the operation)" : nil)
        {
            guard work.isOverdue else { return work.wait(obstacle) }
            return work.end(.failed, "it could not begin within \(work.spec.timeoutSeconds) s: \(obstacle)")
        }
        work.begin([])
        work.status.plan = plan
        work.run(Self.planned, plan.summary)
    }

    // MARK: On the way

    private func goOn(_ plan: XDBOperation.Plan, _ work: inout NodeWork) {
        var plan = plan
        var isMoving = false
        for index in plan.moves.indices {
            let part = BalancedMove(plan.moves[index], scope)
            plan.moves[index].progress = look(at: part, &work)
            if plan.moves[index].state == .running { isMoving = true }
        }
        // Where members are by then says what is possible.
        let haveMoved = plan.moves.allSatisfy(\.state.isFinal)
        for index in plan.handovers.indices where haveMoved {
            plan.handovers[index].progress = look(at: BalancedLeader(plan.handovers[index], scope), &work)
            if plan.handovers[index].state == .running { isMoving = true }
        }
        if !work.spec.cancel, !work.spec.paused {
            isMoving = goOn(\.moves, Self.movesAtOnce, { BalancedMove($0, scope) }, &plan, &work) || isMoving
            if haveMoved {
                let limit = OfflineNodes.handoversAtOnce
                isMoving = goOn(\.handovers, limit, { BalancedLeader($0, scope) }, &plan, &work) || isMoving
            }
        }
        plan.waitingSince = isMoving || work.spec.paused ? nil : plan.waitingSince ?? observation.now.wholeSeconds
        giveUp(&plan, &work)
        record(plan, &work)
    }

    /// What has come of a part.
    private func look(at part: some BalancePart, _ work: inout NodeWork) -> PartProgress {
        var progress = part.progress
        guard !progress.state.isFinal else { return progress }
        let past = part.series(work).past(observation)
        if let open = past.first(where: { !$0.isFinished }) {
            progress.state = .running
            progress.message = open.status.message ?? "operation \(open.metadata.name) is looked at"
        } else if let done = part.isDone {
            progress.state = .succeeded
            progress.message = done
        } else if let done = past.last, done.status.state == .succeeded {
            // It was so; whatever has come since came later.
            progress.state = .succeeded
            progress.message = done.status.message
        } else if let reason = part.impossibility {
            progress.state = .cancelled
            progress.message = reason
        } else if let last = past.last {
            let words = "\(last.metadata.name): \(last.status.message ?? "")"
            progress.failures = past.count
            progress.message = words
            let isOver = past.count >= Self.attempts
            progress.state = last.status.state == .cancelled ? .cancelled : isOver ? .failed : .pending
        } else {
            progress.state = .pending
        }
        if progress.state != .pending { note(part, progress, &work) }
        return progress
    }

    /// Begins what can begin; true if anything does.
    private func goOn<Part: BalancePart>(
        _ parts: WritableKeyPath<XDBOperation.Plan, [Part.Entry]>,
        _ limit: Int,
        _ part: (Part.Entry) -> Part,
        _ plan: inout XDBOperation.Plan,
        _ work: inout NodeWork
    ) -> Bool {
        var busy = Set(plan[keyPath: parts].filter { $0.state == .running }.compactMap { part($0).group?.key })
        var hasBegun = false
        for index in plan[keyPath: parts].indices where plan[keyPath: parts][index].state == .pending {
            let part = part(plan[keyPath: parts][index])
            guard let group = part.group, !busy.contains(group.key), busy.count < limit else { continue }
            let past = part.series(work).past(observation)
            if let pause = OperationSeries.pause(after: past, now: observation.now) {
                // What comes of it is worth waiting for.
                hasBegun = true
                let why = past.last?.status.message ?? ""
                plan[keyPath: parts][index].message =
                    "\(why); it is asked for again after \(pause.components.seconds) s"
                continue
            }
            if let trouble = scope.trouble(of: group) {
                plan[keyPath: parts][index].message = trouble
                continue
            }
            let name = part.series(work).next(after: past.count)
            var spec = part.spec
            spec.group = group.metadata.name
            spec.timeoutSeconds = work.spec.timeoutSeconds
            work.plan.actions.append(.createOperation(name, spec))
            plan[keyPath: parts][index].state = .running
            plan[keyPath: parts][index].message = "operation \(name.name) is made"
            note(part, plan[keyPath: parts][index].progress, &work)
            busy.insert(group.key)
            hasBegun = true
        }
        return hasBegun
    }

    private func note(_ part: some BalancePart, _ progress: PartProgress, _ work: inout NodeWork) {
        if work.step(part.step) == nil { work.status.steps.append(.init(part.step, from: work.now, to: nil)) }
        work.note(part.step, progress.message, end: progress.state.isFinal ? work.now : nil)
    }

    // MARK: Its end

    /// Leaves out what has yet to begin, when it is cancelled or when nothing can begin for too long.
    private func giveUp(_ plan: inout XDBOperation.Plan, _ work: inout NodeWork) {
        let why: (state: XDBOperation.State, words: String)
        if work.spec.cancel {
            why = (.cancelled, "the balance was cancelled before its turn")
        } else if let since = plan.waitingSince,
            observation.now.since(since) > .seconds(work.spec.timeoutSeconds)
        {
            why = (.failed, "nothing could begin for \(work.spec.timeoutSeconds) s")
        } else {
            return
        }
        func giveUp(_ progress: inout PartProgress) {
            guard progress.state == .pending else { return }
            progress.state = why.state
            progress.message = why.words + (progress.message.map { ": \($0)" } ?? "")
        }
        for index in plan.moves.indices { giveUp(&plan.moves[index].progress) }
        for index in plan.handovers.indices { giveUp(&plan.handovers[index].progress) }
    }

    private func record(_ plan: XDBOperation.Plan, _ work: inout NodeWork) {
        var plan = plan
        let states = plan.moves.map(\.state) + plan.handovers.map(\.state)
        let done = states.count { $0 == .succeeded }
        var progress = XDBOperation.Progress()
        progress.movesDone = done
        progress.movesTotal = states.count
        progress.bytesDone = plan.moves.filter { $0.state == .succeeded }.reduce(0) { $0 + ($1.bytes ?? 0) }
        progress.summary = "\(done) of \(states.count) changes"
        work.status.progress = states.isEmpty ? nil : progress
        let isOver = states.allSatisfy(\.isFinal)
        if isOver { plan.nodes = present(plan.nodes) }
        work.status.plan = plan
        let sentence = sentence(plan)
        guard isOver else {
            let isMoving = plan.moves.contains { !$0.state.isFinal }
            let task = work.spec.paused ? "Paused" : isMoving ? Self.moves : Self.handovers
            return work.run(task, sentence)
        }
        let result =
            states.isEmpty ? plan.summary : "\(sentence). Now: \(NodeShares.words(plan.nodes, wish.what))"
        let message = ([result] + plan.remarks).joined(separator: ". ")
        if work.spec.cancel, states.contains(.cancelled) { return work.end(.cancelled, "it was cancelled; \(message)") }
        work.end(states.contains(.failed) ? .failed : .succeeded, message)
    }

    /// What the nodes have now.
    private func present(_ nodes: [XDBOperation.NodeShare]) -> [XDBOperation.NodeShare] {
        let shares = NodeShares(observation)
        return nodes.map { node in
            var node = node
            node.leadersAfter = shares.leaders[node.node] ?? 0
            node.membersAfter = shares.members[node.node] ?? 0
            return node
        }
    }

    private func sentence(_ plan: XDBOperation.Plan) -> String {
        var parts: [String] = []
        if wish.what.hasMembers {
            let done = plan.moves.count { $0.state == .succeeded }
            parts.append("\(done) of \(BalancePlan.count(plan.moves.count, "member")) moved")
        }
        if wish.what.hasLeaders {
            let done = plan.handovers.count { $0.state == .succeeded }
            parts.append("\(done) of \(BalancePlan.count(plan.handovers.count, "leader")) changed")
        }
        let rest = plan.moves.map { ($0.member, $0.progress) } + plan.handovers.map { ($0.group, $0.progress) }
        let words = rest.filter { $0.1.state != .succeeded }
            .compactMap { name, progress in progress.message.map { "\(name): \($0)" } }
        return ([parts.joined(separator: ", ")] + (words.isEmpty ? [] : [words.firstFew])).joined(separator: "; ")
    }
}
