import KubernetesModel
import XDB

extension OperationProgress {
    /// The status of the recovery of a group.
    ///
    /// It has succeeded when the group is whole; also when it takes writes, and nothing brings the others back as things are.
    func progress(of recovery: Recovery, _ status: XDBOperation.Status) -> XDBOperation.Status {
        if operation.spec.cancel {
            return ended(.cancelled, "it was cancelled; what has begun by itself goes on", status)
        }
        guard draft.status.epoch > .none else {
            return ended(.failed, "the group has had no leader yet, so there is nothing to recover", status)
        }
        if let reason = waits(recovery) {
            var status = status
            status.state = .pending
            status.message = reason
            return isOverdue ? ended(.failed, "it could not begin within \(limit): \(reason)", status) : status
        }
        var status = running("", "", member: nil, since: nil, status)
        // As it was before anybody led.
        let isUndecided = recovery.election == nil && !recovery.isLed
        if isUndecided || status.positions.isEmpty { status.positions = recovery.positions }
        status.steps = RecoverySteps(recovery: recovery, before: operation.status.steps).steps
        status.task = status.steps.last { $0.end == nil }?.name
        if let election = recovery.election { status.certificate = certificate(election) }
        guard recovery.isLed else {
            status.message = recovery.leaderlessness
            return isOverdue ? ended(.failed, despair(of: recovery), status) : status
        }
        return recovered(recovery, status)
    }

    private var limit: String { "\(operation.spec.timeoutSeconds) s" }

    /// Why it does not begin; nil when nothing is in its way.
    private func waits(_ recovery: Recovery) -> String? {
        if draft.spec.paused { return "the group is paused (spec.paused)" }
        guard let current = Recovery.current(draft), current.operation.metadata.name != name, !isOverdue else {
            return nil
        }
        return "it waits for operation \(current.operation.metadata.name)"
    }

    private func despair(of recovery: Recovery) -> String {
        let known = "What is known: \(recovery.positionsSentence)"
        guard recovery.answering.count < recovery.needed else {
            return "a majority answers, and nobody takes writes after \(limit): \(recovery.leaderlessness). \(known)"
        }
        return
            "no majority has come back within \(limit): \(recovery.answersSentence). \(known). Bring one of the missing "
            + "voters back, which loses nothing, and ask again. \(recovery.lastResort)"
    }

    /// It takes writes: the others come back, or do not.
    private func recovered(_ recovery: Recovery, _ status: XDBOperation.Status) -> XDBOperation.Status {
        var status = status
        let led = "\(draft.status.leader ?? "") takes writes in epoch \(draft.status.epoch)"
        let absent = recovery.absent
        status.durationSeconds = nil
        func ends(_ state: XDBOperation.State, _ words: String) -> XDBOperation.Status {
            var status = status
            let began = status.steps.first?.start
            status.durationSeconds = began.map {
                Self.seconds(MicroTime(draft.observation.now).milliseconds(since: $0))
            }
            return ended(state, words, status)
        }
        if absent.isEmpty { return ends(.succeeded, "\(led), and every member plays its part") }
        let obstacles = absent.compactMap { member in recovery.obstacle(member).map { "\(member.name): \($0)" } }
        if obstacles.count == absent.count {
            return ends(.succeeded, "\(led). Not back, and nothing brings them back as things are: \(list(obstacles))")
        }
        let why = absent.map { "\($0.name): \(draft.shown($0)?.finding.message ?? "nothing is known of it")" }
        if isOverdue {
            return ends(.failed, "\(led); within \(limit) not every member was back: \(list(why))")
        }
        status.message = "\(led); not back yet: \(absent.map(\.name).joined(separator: ", "))"
        return status
    }

    private func list(_ sentences: [String]) -> String { sentences.joined(separator: "; ") }
}

/// The steps of a recovery, in the order in which they begin.
struct RecoverySteps {
    let recovery: Recovery
    /// What is recorded already.
    let before: [XDBOperation.Step]

    private var draft: Draft { recovery.draft }
    private var now: MicroTime { MicroTime(draft.observation.now) }

    /// Until a majority answers.
    static let answers = "Answers"
    /// From there until somebody takes writes.
    static let elect = "Elect"

    var steps: [XDBOperation.Step] {
        let hasMajority = recovery.isLed || recovery.answering.count >= recovery.needed
        var steps = [step(Self.answers, isOver: hasMajority, recovery.answersSentence)]
        guard steps[0].end != nil else { return steps }
        if let record = recovery.election {
            let start = record.began ?? record.recorded ?? steps[0].end
            let end = recovery.isLed ? record.routed ?? record.writable : nil
            steps.append(XDBOperation.Step(Self.elect, from: start, to: end, record.reason))
        } else if !recovery.isLed {
            steps.append(step(Self.elect, isOver: false, recovery.leaderlessness))
        }
        guard recovery.isLed else { return steps }
        let isBack = Set(recovery.others.map(\.name)).subtracting(recovery.absent.map(\.name))
        for member in recovery.others {
            steps.append(step(member.name, isOver: isBack.contains(member.name), words(of: member)))
        }
        return steps
    }

    /// A step that was over stays so.
    private func step(_ name: String, isOver: Bool, _ words: String) -> XDBOperation.Step {
        let known = before.first { $0.name == name }
        if let known, known.end != nil { return known }
        return XDBOperation.Step(name, from: known?.start ?? now, to: isOver ? now : nil, words)
    }

    private func words(of member: XDBGroup.MemberStatus) -> String {
        if draft.findings[member.name]?.health == .healthy {
            let made = recovery.lastRebuild(of: member).map { "; operation \($0.metadata.name) has made it anew" } ?? ""
            return "it plays its part\(made)"
        }
        if let rebuild = recovery.rebuild(of: member) {
            return "operation \(rebuild.metadata.name) makes it anew"
        }
        let finding = draft.shown(member)?.finding.message ?? "nothing is known of it"
        return draft.irreparable[member.name].map { "\(finding); it is not rebuilt: \($0)" } ?? finding
    }
}
