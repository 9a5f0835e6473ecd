import KubernetesModel
import XDB

/// Makes pods again because an operation asks for it.
enum RestartPolicy {
    static func apply(_ draft: inout Draft) {
        guard let operation = draft.turn, let request = RestartRequest(operation, draft) else { return }
        draft.checkAgain(within: .seconds(1))
        let verdict = request.verdict
        draft.verdicts[operation.metadata.name] = verdict
        guard case .begin = verdict else { return }
        let why = "operation \(operation.metadata.name) asks for it"
        switch request.step(request.members.filter { !request.isRenewed($0) }) {
        case .remake(let member): draft.remake(member, because: why)
        case .handOver(let heir):
            HandoverPolicy.begin(
                .restart,
                to: heir,
                "\(draft.status.leader ?? "") hands over, so that its pod can be made again: \(why)",
                operation: operation.metadata.name,
                &draft
            )
        case .wait: break
        }
    }
}

/// How far a restart is, for its operation.
struct RestartProgress {
    let request: RestartRequest

    private var draft: Draft { request.draft }
    private var now: MicroTime { MicroTime(draft.observation.now) }
    private var name: String { request.operation.metadata.name }
    private var isHandingOver: Bool { draft.status.election?.operation == name }

    /// The operation's steps: a change of leader where there is one, and every member that is restarted, in the order in
    /// which they began.
    var steps: [XDBOperation.Step] {
        var steps = request.operation.status.steps
        if let record = RebuildHandover.step(of: name, isOver: false, draft) {
            set(record, &steps)
        } else if isHandingOver {
            set(XDBOperation.Step(RebuildHandover.step, from: draft.status.election?.began, to: nil), &steps)
        }
        for member in request.members {
            let known = steps.first { $0.name == member.name }
            guard known?.end == nil, known != nil || isUnderWay(member) || request.isDone(member) else { continue }
            let start = known?.start ?? now
            let message = draft.shown(member)?.finding.message
            set(
                request.isDone(member)
                    ? XDBOperation.Step(member.name, from: start, to: now, "it plays its part again")
                    : XDBOperation.Step(member.name, from: start, to: nil, isUnderWay(member) ? message : nil),
                &steps
            )
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

    /// Whether the pod of a member is on its way for this operation, or about to be.
    private func isUnderWay(_ member: XDBGroup.MemberStatus) -> Bool {
        if case .begin(member.name) = draft.verdicts[name], !isHandingOver { return true }
        return request.hasBegun && request.away?.name == member.name
    }

    /// The present task: a member's name, or the change of leader.
    var task: String? { steps.last { $0.end == nil }?.name }

    /// Why it goes no further just now.
    var waiting: String? {
        switch draft.verdicts[name] {
        case .wait(let why), .refuse(let why): why
        case .begin, .done, nil: nil
        }
    }
}

extension OperationProgress {
    /// The status of a restart.
    func progress(of request: RestartRequest, _ status: XDBOperation.Status) -> XDBOperation.Status {
        let progress = RestartProgress(request: request)
        var status = status
        status.steps = progress.steps
        guard request.hasBegun || !status.steps.isEmpty else {
            return operation.spec.cancel
                ? ended(.cancelled, "it was cancelled before it began", status) : waiting(status)
        }
        let task = progress.task
        let rest = [
            task.map { name in "\(name): \(status.steps.first { $0.name == name }?.message ?? "")" }, progress.waiting,
        ]
        let words = [request.sentence] + rest.compactMap(\.self).prefix(1)
        status = running(
            task ?? "Wait",
            words.joined(separator: "; "),
            member: request.wish.member ?? draft.member(task)?.name,
            since: status.steps.first?.start,
            status
        )
        let began = status.steps.first?.start
        let milliseconds = began.map { MicroTime(draft.observation.now).milliseconds(since: $0) }
        status.durationSeconds = milliseconds.map { Self.seconds($0) }
        if case .refuse(let why) = draft.verdicts[name] { return ended(.failed, why, status) }
        if request.members.allSatisfy({ request.isDone($0) }), task == nil {
            return ended(.succeeded, request.sentence, status)
        }
        if operation.spec.cancel, task == nil {
            return ended(.cancelled, "it was cancelled: \(request.sentence)", status)
        }
        if isOverdue {
            let limit = operation.spec.timeoutSeconds
            return ended(.failed, "it was not done within \(limit) s: \(words.joined(separator: "; "))", status)
        }
        status.durationSeconds = nil
        return status
    }
}
