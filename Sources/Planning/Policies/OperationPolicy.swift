import KubernetesModel
import XDB

/// Says of every operation on the group how far it is, and records what the operator does by itself as operations.
///
/// The work itself is that of the policies above; what came of it stands in the group's status, so that an operation that
/// was interrupted anywhere is told to its end by whoever observes next.
enum OperationPolicy {
    static func apply(_ draft: inout Draft) {
        recordFailover(&draft)
        for operation in draft.unfinished {
            let status = OperationProgress(draft: draft, operation: operation).status
            guard status != operation.status else { continue }
            var changed = operation
            changed.status = status
            draft.act(.recordOperation(changed))
            tell(changed, before: operation.status.state, &draft)
        }
    }

    /// How long a failover's record is made again when it is not there: after that a person has deleted it.
    private static let recent = Duration.seconds(600)

    private static func recordFailover(_ draft: inout Draft) {
        guard let record = draft.status.epochs.first, record.cause == .failover, let name = record.operation,
            let time = record.time, draft.observation.now.since(time) < recent,
            !draft.observation.operations.contains(where: { $0.metadata.name == name })
        else { return }
        var failover = XDBOperation.Failover()
        failover.epoch = record.epoch
        var spec = XDBOperation.Spec()
        spec.group = draft.names.group
        spec.failover = failover
        draft.act(.createOperation(name: name, spec))
    }

    private static func tell(_ operation: XDBOperation, before: XDBOperation.State?, _ draft: inout Draft) {
        guard operation.status.state != before, let state = operation.status.state else { return }
        let words = "\(operation.metadata.name): \(operation.status.message ?? "")"
        switch state {
        case .pending: break
        case .running: draft.tell(.operationStarted, words)
        case .succeeded, .cancelled: draft.tell(.operationSucceeded, words)
        case .failed: draft.tell(.operationFailed, words)
        }
    }
}

extension Draft {
    /// True when an operation has had the time that it was given.
    func isOverdue(_ operation: XDBOperation) -> Bool {
        guard let since = operation.metadata.creationTimestamp else { return false }
        return observation.now.since(since) > .seconds(operation.spec.timeoutSeconds)
    }

    /// The operation whose turn it is: those that disturb a group wait for each other.
    ///
    /// Records of what was done already disturb nobody, and the recovery of a group leaves the work to others.
    var turn: XDBOperation? {
        // What waits for a majority would keep the group from the only way on without one.
        if let forced = ready.first(where: { $0.spec.forceLeader != nil }) { return forced }
        if let rebuild = status.rebuild { return ready.first { $0.metadata.name == rebuild.operation } }
        // Between two moves it waits for a group that is whole.
        if let first = ready.first, first.spec.migrate != nil, first.status.plan != nil,
            let repair = ready.first(where: { $0.spec.rebuild?.isRepair ?? false })
        {
            return repair
        }
        return ready.first
    }
}

extension XDBOperation.Spec {
    /// True for work that others have to wait for.
    var isDisturbing: Bool { failover == nil && recoverGroup == nil && !dryRun && !paused }
}

/// How far an operation is, found out from the group's status.
struct OperationProgress {
    let draft: Draft
    let operation: XDBOperation

    var name: String { operation.metadata.name }

    var status: XDBOperation.Status {
        var status = operation.status
        status.type = operation.spec.kind
        status.member =
            status.member ?? operation.spec.forceLeader?.member ?? operation.spec.rebuild?.member
            ?? operation.spec.restart?.member ?? operation.spec.migrate?.member
        if let problem = operation.problems.first {
            return ended(.failed, "the operation is refused: \(problem)", status)
        }
        if let recovery = Recovery(operation, draft) { return progress(of: recovery, status) }
        if let request = RestartRequest(operation, draft) { return progress(of: request, status) }
        if let request = MigrationRequest(operation, draft) { return progress(of: request, status) }
        if operation.spec.rebuild != nil, let rebuild = draft.status.rebuild, rebuild.operation == name {
            return progress(of: rebuild, status)
        }
        if let record, operation.spec.rebuild == nil {
            return progress(of: record, status)
        }
        if let election = draft.status.election, election.operation == name {
            let words = draft.leadership.progress ?? election.reason
            if let rebuild = operation.spec.rebuild {
                let task = RebuildHandover.step
                return running(task, words, member: rebuild.member, since: election.began, status)
            }
            return running("Seal", words, member: election.to, since: election.began, status)
        }
        if let record { return handedOver(record, status) }
        if operation.spec.failover != nil {
            return ended(.failed, "the group's status no longer has the epoch that it records", status)
        }
        if operation.spec.cancel { return ended(.cancelled, "it was cancelled before it began", status) }
        return waiting(status)
    }

    /// The epoch that the operation has brought about, or records.
    private var record: XDBGroup.EpochRecord? { draft.status.epochs.first { $0.operation == name } }

    // MARK: Before it begins

    func waiting(_ status: XDBOperation.Status) -> XDBOperation.Status {
        var status = status
        let reason: String
        switch draft.verdicts[name] {
        case .refuse(let why): return ended(.failed, why, status)
        case .done(let what): return ended(.succeeded, what, status)
        case .wait(let why): reason = why
        case .begin, nil:
            if draft.spec.paused {
                reason = "the group is paused (spec.paused)"
            } else if let turn = draft.turn, turn.metadata.name != name {
                reason = "it waits for operation \(turn.metadata.name)"
            } else {
                reason = "it waits for its turn"
            }
        }
        if isOverdue {
            return ended(.failed, "it could not begin within \(operation.spec.timeoutSeconds) s: \(reason)", status)
        }
        status.state = .pending
        status.task = nil
        status.message = reason
        return status
    }

    // MARK: A rebuild

    /// The leadership has been handed over for a rebuild that has not begun.
    private func handedOver(_ record: XDBGroup.EpochRecord, _ status: XDBOperation.Status) -> XDBOperation.Status {
        var status = status
        status.steps = [RebuildHandover.step(of: name, isOver: false, draft)].compactMap(\.self)
        let rest = RebuildHandover.remainder(of: name, draft)
        if operation.spec.cancel {
            return ended(.cancelled, "it was cancelled before the rebuild began\(rest)", status)
        }
        var next = waiting(status)
        guard next.state == .pending else {
            next.message? += rest
            return next
        }
        return running(
            RebuildHandover.step,
            next.message ?? "",
            member: operation.spec.rebuild?.member,
            since: record.began,
            status
        )
    }

    private func progress(of rebuild: XDBGroup.RebuildStatus, _ status: XDBOperation.Status) -> XDBOperation.Status {
        let began = rebuild.steps.first?.start
        var status = running(
            rebuild.result == nil ? rebuild.step.rawValue : XDBGroup.RebuildStep.clean.rawValue,
            rebuild.message ?? rebuild.reason,
            member: rebuild.member,
            since: began,
            status
        )
        status.steps = rebuild.steps
        status.node = rebuild.node
        status.source = rebuild.source
        status.job = rebuild.job
        status.failure = rebuild.failure
        if rebuild.step == .copy, let source = draft.member(rebuild.source).flatMap({ draft.heard($0) }),
            let copy = source.copy, copy.to == rebuild.successor
        {
            status.progress = XDBOperation.Progress(copy, limit: TransferLimit(operation, draft)?.words)
        }
        if let bytes = rebuild.bytes { status.progress = XDBOperation.Progress(copied: bytes) }
        guard let result = rebuild.result, draft.hasEndedRebuild else { return status }
        let milliseconds = began.map { MicroTime(draft.observation.now).milliseconds(since: $0) }
        status.durationSeconds = milliseconds.map { Self.seconds($0) }
        return ended(result, rebuild.message ?? "", status)
    }

    var isOverdue: Bool { draft.isOverdue(operation) }

    // MARK: While it goes on

    func running(
        _ task: String,
        _ message: String,
        member: String?,
        since: MicroTime?,
        _ status: XDBOperation.Status
    ) -> XDBOperation.Status {
        var status = status
        status.state = .running
        status.member = member
        status.task = task
        status.message = message
        if status.startTime == nil { status.startTime = (since?.time ?? draft.observation.now).wholeSeconds }
        return status
    }

    private func progress(of record: XDBGroup.EpochRecord, _ status: XDBOperation.Status) -> XDBOperation.Status {
        let steps = Self.steps(of: record)
        var status = running(
            steps.last { $0.end == nil }?.name ?? "Route",
            "\(record.leader) leads epoch \(record.epoch)",
            member: record.leader,
            since: record.heard ?? record.began,
            status
        )
        status.steps = steps
        status.certificate = certificate(record)
        guard let routed = record.routed else {
            if draft.status.epoch > record.epoch {
                return ended(
                    .failed,
                    "\(record.leader) was elected for epoch \(record.epoch), and lost before it took writes: epoch "
                        + "\(draft.status.epoch) has followed",
                    status
                )
            }
            guard isOverdue else { return status }
            return ended(
                .failed,
                "\(record.leader) was elected for epoch \(record.epoch), and does not take writes yet after "
                    + "\(operation.spec.timeoutSeconds) s: see the conditions of the group",
                status
            )
        }
        let began = record.heard ?? record.began
        let milliseconds = began.map { routed.milliseconds(since: $0) }
        status.durationSeconds = milliseconds.map { Self.seconds($0) }
        let after = milliseconds.map { " after \($0) ms" } ?? ""
        let loss = record.loss.map { ". \($0)" } ?? ""
        let end = "\(record.leader) takes writes in epoch \(record.epoch)\(after)\(loss)"
        if let wish = operation.spec.changeLeader?.to, wish != XDBOperation.ChangeLeader.automatic,
            wish != record.leader
        {
            return ended(.failed, "\(end), and not \(wish): \(record.reason)", status, at: routed.time)
        }
        return ended(.succeeded, end, status, at: routed.time)
    }

    /// Seconds with their thousandths.
    static func seconds(_ milliseconds: Int) -> String {
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }

    /// The steps of a change of leader, as far as they have begun.
    static func steps(of record: XDBGroup.EpochRecord) -> [XDBOperation.Step] {
        var steps: [XDBOperation.Step] = []
        if let heard = record.heard { steps.append(.init("Detect", from: heard, to: record.began, record.reason)) }
        let stages: [(String, MicroTime?, MicroTime?)] = [
            ("Seal", record.began, record.recorded),
            ("CatchUp", record.recorded, record.caughtUp),
            ("Promote", record.caughtUp, record.writable),
            ("Route", record.writable, record.routed),
        ]
        for (name, start, end) in stages {
            guard let start else { break }
            steps.append(.init(name, from: start, to: end))
        }
        return steps
    }

    func certificate(_ record: XDBGroup.EpochRecord) -> XDBOperation.Certificate {
        var certificate = XDBOperation.Certificate()
        certificate.epoch = record.epoch
        certificate.leader = record.leader
        certificate.previousLeader = draft.status.epochs.first { $0.epoch < record.epoch }?.leader
        certificate.start = record.start
        certificate.source = record.source
        certificate.rule = record.rule
        certificate.verdict = record.verdict
        certificate.reason = record.reason
        certificate.voters = record.voters
        certificate.answers = record.answers
        certificate.refusals = record.refusals
        certificate.committed = record.committed
        certificate.missing = record.missing
        certificate.loss = record.loss
        return certificate
    }

    func ended(
        _ state: XDBOperation.State,
        _ message: String,
        _ status: XDBOperation.Status,
        at time: Time? = nil
    ) -> XDBOperation.Status {
        var status = status
        status.state = state
        status.task = nil
        status.message = message
        status.completionTime = (time ?? draft.observation.now).wholeSeconds
        return status
    }
}
