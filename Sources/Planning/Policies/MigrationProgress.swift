import KubernetesModel
import XDB

/// How far a migration is, for its operation.
struct MigrationProgress {
    let request: MigrationRequest
    private var draft: Draft { request.draft }

    init(_ request: MigrationRequest) {
        self.request = request
    }

    /// Whether an operation has written down how a rebuild of its ended, so that the next may begin.
    static func hasNoted(_ rebuild: XDBGroup.RebuildStatus, _ operation: XDBOperation) -> Bool {
        operation.status.plan?.moves.contains {
            $0.member == rebuild.member && $0.life == rebuild.successor && $0.state != .running
        } ?? false
    }

    /// The rebuild that is under way for it.
    private var rebuild: XDBGroup.RebuildStatus? {
        draft.status.rebuild.flatMap { $0.operation == request.name ? $0 : nil }
    }

    // MARK: The plan

    /// The plan, with what has become of each move.
    var plan: XDBOperation.Plan {
        var plan = request.operation.status.plan ?? XDBOperation.Plan()
        let remaining = request.remaining
        let known = Set(plan.moves.map(\.member))
        // Somebody has come to the zone that is left, or is there again.
        plan.moves += remaining.filter { !known.contains($0.name) }.map { MigrationPlan(request: request).move(of: $0) }
        for index in plan.moves.indices {
            var move = plan.moves[index]
            if let rebuild, rebuild.member == move.member {
                take(rebuild, &move)
            } else {
                settle(&move, isAway: remaining.contains { $0.name == move.member })
            }
            plan.moves[index] = move
        }
        plan.waitingSince = isWaiting ? plan.waitingSince ?? draft.observation.now.wholeSeconds : nil
        return plan
    }

    private var isWaiting: Bool { if case .wait = draft.migration { true } else { false } }

    private func take(_ rebuild: XDBGroup.RebuildStatus, _ move: inout XDBOperation.Move) {
        let isNew = move.life != rebuild.successor
        guard isNew || move.state == .running else { return }
        move.life = rebuild.successor
        move.state = .running
        // Of a logger its pod tells where it is: it has no Job.
        let place = rebuild.node ?? draft.member(rebuild.successor)?.node
        move.toNode = place ?? (isNew ? nil : move.toNode)
        move.message = rebuild.message ?? rebuild.step.rawValue
        if let bytes = rebuild.bytes { move.bytes = bytes }
        guard let result = rebuild.result, draft.hasEndedRebuild else { return }
        move.message = rebuild.message
        switch result {
        case .succeeded: move.state = .succeeded
        case .failed:
            move.failures += 1
            // When no node took it, one of those that it was kept away from may have to.
            move.failedNodes = move.toNode.map { node in move.failedNodes.filter { $0 != node } + [node] } ?? []
            move.state = move.failures < MigrationRequest.attempts ? .pending : .failed
            // Where the next attempt is to be is not chosen yet.
            if move.state == .pending { move.toNode = request.wish.node }
        default: move.state = .cancelled
        }
    }

    /// Without a rebuild of its own: where the member is says all.
    private func settle(_ move: inout XDBOperation.Move, isAway: Bool) {
        if isAway {
            if move.state == .succeeded || move.state == .cancelled { move.state = .pending }
        } else if draft.member(move.member) == nil {
            move.state = .cancelled
            move.message = "it is no member any more"
        } else if move.state != .succeeded {
            let member = draft.member(move.member)
            move.state = .succeeded
            move.toNode = member?.node
            move.message = "it is on \(member?.node ?? "-") by now"
        }
    }

    // MARK: Steps

    /// One for each move that has begun, and one for the change of leader, in the order in which they began.
    func steps(_ plan: XDBOperation.Plan) -> [XDBOperation.Step] {
        var steps = request.operation.status.steps
        let now = MicroTime(draft.observation.now)
        if let election = draft.status.election, election.operation == request.name {
            set(XDBOperation.Step(RebuildHandover.step, from: election.began, to: nil, election.reason), &steps)
        } else if let step = RebuildHandover.step(of: request.name, isOver: rebuild != nil, draft) {
            set(step, &steps)
        }
        for move in plan.moves {
            let known = steps.first { $0.name == move.member }
            switch move.state {
            case .running:
                let start = known.flatMap { $0.end == nil ? $0.start : nil } ?? rebuild?.steps.first?.start ?? now
                set(XDBOperation.Step(move.member, from: start, to: nil, move.message), &steps)
            case .pending where known == nil: break
            default:
                guard let known, known.end == nil else { continue }
                set(XDBOperation.Step(move.member, from: known.start, to: now, move.message), &steps)
            }
        }
        return steps
    }

    private func set(_ step: XDBOperation.Step, _ steps: inout [XDBOperation.Step]) {
        if let index = steps.firstIndex(where: { $0.name == step.name }) {
            steps[index] = step
        } else {
            steps.append(step)
        }
    }

    // MARK: Numbers and words

    /// All moves together.
    func progress(_ plan: XDBOperation.Plan) -> XDBOperation.Progress {
        let copy = rebuild.flatMap { rebuild in
            draft.member(rebuild.source).flatMap { draft.heard($0)?.copy }.flatMap {
                $0.to == rebuild.successor && rebuild.step == .copy ? $0 : nil
            }
        }
        var (done, total): (Int, Int?) = (0, 0)
        for move in plan.moves {
            let isRunning = move.state == .running
            let size =
                isRunning && copy.map { $0.total > 0 } ?? false ? copy.map { Int(clamping: $0.total) } : move.bytes
            total = total.flatMap { total in size.map { total + $0 } }
            if move.state == .succeeded || isRunning && rebuild?.bytes != nil {
                done += move.bytes ?? 0
            } else if isRunning {
                done += copy.map { Int(clamping: $0.bytes) } ?? 0
            }
        }
        var progress = XDBOperation.Progress()
        progress.movesDone = plan.moves.count { $0.state == .succeeded }
        progress.movesTotal = plan.moves.count
        progress.bytesDone = done
        progress.bytesTotal = total
        progress.bytesPerSecond = copy.map { Int(clamping: $0.bytesPerSecond) }
        let isDone = progress.movesDone == progress.movesTotal
        progress.percent = isDone ? 100 : total.map { $0 > 0 ? min(99, done * 100 / $0) : 0 }
        if let total, let rate = progress.bytesPerSecond, rate > 0 {
            progress.remainingSeconds = max(0, total - done) / rate
        }
        let parts = [
            "\(progress.movesDone ?? 0) of \(plan.moves.count) moves", progress.percent.map { "\($0) %" },
            XDBOperation.Progress.text(done), progress.bytesPerSecond.map { "\(XDBOperation.Progress.text($0))/s" },
            progress.remainingSeconds.map { "\($0) s left" },
            copy == nil ? nil : TransferLimit(request.operation, draft)?.words,
        ]
        progress.summary = parts.compactMap(\.self).joined(separator: ", ")
        return progress
    }

    /// What is being done.
    func sentence(_ plan: XDBOperation.Plan) -> String {
        let done = plan.moves.count { $0.state == .succeeded }
        let now: String
        switch draft.migration {
        case .setZones: now = "the zones in the group's spec are set"
        case .handOver(let heir): now = "\(heir) is to lead"
        case .wait(let why), .rest(let why): now = why
        case .move(let member, _): now = "\(member) is next"
        case .done, .end: now = "it ends"
        case nil: now = draft.spec.paused ? "the group is paused (spec.paused)" : "it goes on"
        }
        let member = rebuild.flatMap { now.hasPrefix($0.member) ? nil : "\($0.member): " } ?? ""
        return "\(done) of \(plan.moves.count) have moved; \(member)\(now)"
    }

    /// Who is where, at its end.
    func whereabouts(_ plan: XDBOperation.Plan) -> String {
        let moved = plan.moves.filter { $0.state == .succeeded }.map { move in
            let member = draft.member(move.member)
            let zone = member?.zone.map { " in zone \($0)" } ?? ""
            return "\(move.member) is on \(member?.node ?? "-")\(zone)"
        }
        let rest = request.remaining.map { member in
            "\(member.name) is still on \(member.node ?? "-")" + (member.zone.map { " in zone \($0)" } ?? "")
        }
        return (moved + rest + [placement].compactMap(\.self)).joined(separator: ", ")
    }

    private var placement: String? {
        guard request.zones != nil else { return nil }
        let zones = draft.spec.placement.zones
        return zones.isEmpty
            ? "spec.placement.zones names none, so members may be made anew anywhere"
            : "spec.placement.zones is [\(zones.joined(separator: ", "))]"
    }
}

extension OperationProgress {
    /// The status of a migration.
    func progress(of request: MigrationRequest, _ status: XDBOperation.Status) -> XDBOperation.Status {
        guard request.hasBegun, !operation.spec.dryRun else { return planned(request, status) }
        let progress = MigrationProgress(request)
        let plan = progress.plan
        var status = status
        status.plan = plan
        status.steps = progress.steps(plan)
        status.progress = progress.progress(plan)
        let rebuild = draft.status.rebuild.flatMap { $0.operation == name ? $0 : nil }
        status.node = rebuild?.node
        status.source = rebuild?.source
        status.job = rebuild?.job
        let election = draft.status.election.flatMap { $0.operation == name ? $0 : nil }
        let task = rebuild.map { $0.result == nil ? $0.step.rawValue : XDBGroup.RebuildStep.clean.rawValue }
        status = running(
            task ?? election.map { _ in RebuildHandover.step } ?? (operation.spec.paused ? "Paused" : "Wait"),
            progress.sentence(plan),
            member: rebuild?.member ?? election?.to ?? operation.spec.migrate?.member,
            since: status.steps.first?.start,
            status
        )
        switch draft.migration {
        case .done where rebuild == nil: return concluded(.succeeded, progress.whereabouts(plan), status)
        case .end(let state, let why) where rebuild == nil:
            return concluded(state, "\(why). \(progress.whereabouts(plan))", status)
        default: return status
        }
    }

    private func concluded(
        _ state: XDBOperation.State,
        _ message: String,
        _ status: XDBOperation.Status
    ) -> XDBOperation.Status {
        var status = status
        let milliseconds = status.startTime.map { draft.observation.now.since($0).milliseconds }
        status.durationSeconds = milliseconds.map { Self.seconds(Int($0)) }
        status.member = operation.spec.migrate?.member
        status.node = nil
        status.source = nil
        status.job = nil
        return ended(state, message, status)
    }

    /// The plan, before anything is done: all there is of a dry run.
    private func planned(_ request: MigrationRequest, _ status: XDBOperation.Status) -> XDBOperation.Status {
        if operation.spec.cancel { return ended(.cancelled, "it was cancelled before it began", status) }
        var draft = draft
        if operation.spec.dryRun { draft.verdicts[name] = request.verdict }
        guard case .begin = draft.verdicts[name] else {
            return OperationProgress(draft: draft, operation: operation).waiting(status)
        }
        var status = status
        let plan = MigrationPlan(request: request).plan
        status.plan = plan
        guard !operation.spec.dryRun else {
            return ended(.succeeded, "a dry run, and nothing was done: \(plan.summary)", status)
        }
        return running("Plan", plan.summary, member: operation.spec.migrate?.member, since: nil, status)
    }
}
