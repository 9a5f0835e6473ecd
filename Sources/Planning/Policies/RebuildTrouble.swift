import KubernetesModel
import XDB

/// What a new life that runs suffers from, and for how long that may be.
struct RebuildTrouble: Hashable {
    var message: String
    /// What does not go by itself is looked at twice; no node and no start are waited for as for a Job's.
    ///
    /// Nil for what may go by itself, as long as something comes of the step.
    var patience: Duration?
    /// In a word for programs.
    var failure: String

    /// Nil for a new life that is well, or on its way.
    init?(of successor: XDBGroup.MemberStatus, _ draft: Draft) {
        guard let found = draft.findings[successor.name] else { return nil }
        let isHeard = draft.heard(successor) != nil
        guard found.health == .unhealthy || found.finding.reason == .starting && !isHeard else { return nil }
        message = found.finding.message
        failure = found.finding.reason.rawValue
        let problems = Set(draft.heard(successor)?.problems.map(\.reason) ?? [])
        // Of what an agent says its own word is the one that tells something.
        if let problem = problems.first(where: { found.finding.message.hasPrefix("\($0): ") }) { failure = problem }
        switch found.finding.reason {
        case .diverged, .wrongIdentity, .dataMissing, .invalidConfiguration: patience = RepairNeed.moment
        case .unschedulable, .imagePull, .containerFailed, .refused: patience = RebuildJobs.patience
        case .starting: patience = RebuildJobs.preparation
        case .agentProblem where RepairNeed.isForGood(successor, draft): patience = RepairNeed.moment
        case .agentProblem where RepairNeed.isLooping(successor, draft): patience = RebuildJobs.patience
        case .agentProblem where problems.contains("DiskFull"):
            patience = RebuildJobs.patience
            failure = JobResult.noSpace
        // A deadlock passes; the same transaction that fails for a minute does not.
        case .agentProblem where !problems.isDisjoint(with: ["ApplyFailed", "FeedFailed"]):
            patience = RebuildJobs.patience
        default: patience = nil
        }
    }

    /// Ends the rebuild when nothing comes of a new life that runs: when it suffers from something for too long, or stands still.
    static func stop(
        _ rebuild: XDBGroup.RebuildStatus,
        _ successor: XDBGroup.MemberStatus,
        _ draft: inout Draft
    ) {
        let trouble = RebuildTrouble(of: successor, draft)
        let lasting = successor.since.map { draft.observation.now.since($0) } ?? .zero
        if let trouble, let patience = trouble.patience, lasting >= patience {
            return RebuildPolicy.end(.failed, trouble.message, failure: trouble.failure, &draft)
        }
        let standstill = RebuildWatch.standstill(
            seen(of: successor, rebuild, trouble, draft),
            counts: isLed(draft),
            &draft
        )
        guard standstill >= RebuildWatch.patience else { return }
        let last = draft.status.rebuild.flatMap { $0.progress?.trouble ?? $0.message } ?? "nothing was heard of it"
        RebuildPolicy.end(
            .failed,
            "\(successor.name) has not come nearer to its place for \(RebuildWatch.words(RebuildWatch.patience)): \(last)",
            failure: RebuildWatch.failure,
            &draft
        )
    }

    /// What a new life has of the log, as far as that brings it nearer to its end.
    ///
    /// The log that comes to a server that ends again and again, does not start or applies nothing is no progress; nor is it
    /// while a vote passes on.
    private static func seen(
        of successor: XDBGroup.MemberStatus,
        _ rebuild: XDBGroup.RebuildStatus,
        _ trouble: RebuildTrouble?,
        _ draft: Draft
    ) -> XDBGroup.RebuildProgress {
        var seen = XDBGroup.RebuildProgress()
        seen.begun = true
        if draft.findings[successor.name]?.health == .unhealthy { seen.trouble = trouble?.message }
        guard rebuild.step == .join, let agent = draft.heard(successor) else { return seen }
        seen.applied = agent.server.applied
        let isWell = seen.trouble == nil && rebuild.progress?.trouble == nil && agent.server.state == .running
        if isWell || !successor.kind.hasData { seen.position = agent.position }
        return seen
    }

    /// Without a leader that takes writes nothing comes of a new life, through no fault of its own.
    ///
    /// A moment of that, as when an operator has just begun, changes nothing.
    private static func isLed(_ draft: Draft) -> Bool {
        guard let writable = draft.status.conditions[ConditionType.writable.rawValue], writable.status != .true,
            let since = writable.lastTransitionTime
        else { return true }
        return draft.observation.now.since(since) < RebuildWatch.interval
    }
}
