import KubernetesModel
import XDB

// How a rebuild ends, and what is left to be removed then.
extension RebuildPolicy {
    static func clean(_ rebuild: XDBGroup.RebuildStatus, _ draft: inout Draft) {
        deleteJobs(of: rebuild, &draft)
        guard isClean(rebuild, draft) else { return }
        let waits = draft.status.debts.first { $0.member == rebuild.member }
        let rest = waits.map { ". Something of the old one is removed later: \($0.message ?? "")" } ?? ""
        let node = draft.member(rebuild.member)?.node ?? "-"
        end(.succeeded, "\(rebuild.member) has a new life on \(node)\(rest)", &draft)
    }

    private static func deleteJobs(of rebuild: XDBGroup.RebuildStatus, _ draft: inout Draft) {
        for job in draft.observation.jobs where RebuildJobs.isOf(rebuild.successor, job) {
            RebuildJobs.delete(job, &draft)
        }
    }

    /// How long it is waited for what is left to be removed; then that stays owed, and others have their turn.
    static let cleaning = Duration.seconds(300)

    private static func isOverdue(_ rebuild: XDBGroup.RebuildStatus, _ draft: Draft) -> Bool {
        guard let last = rebuild.steps.last else { return false }
        let began = last.name == XDBGroup.RebuildStep.clean.rawValue ? last.start : last.end
        return began.map { MicroTime(draft.observation.now).milliseconds(since: $0) > cleaning.milliseconds } ?? false
    }

    /// Nothing is left that can be removed now.
    private static func isClean(_ rebuild: XDBGroup.RebuildStatus, _ draft: Draft) -> Bool {
        let jobs = draft.observation.jobs.filter { RebuildJobs.isOf(rebuild.successor, $0) }
        if isOverdue(rebuild, draft) { return jobs.allSatisfy(\.isBeingDeleted) }
        guard jobs.isEmpty else { return false }
        return draft.status.debts.filter { $0.member == rebuild.member }.allSatisfy { debt in
            // The record that it is owed comes before the effect: what is there still has not been looked at.
            if RebuildDiscard.reliance(on: debt.life, of: debt.member, draft) != nil { return true }
            if draft.observation.pods.contains(where: { $0.name == debt.life }) { return false }
            return draft.node(debt.node).map { $0.ready != .true } ?? false
        }
    }

    /// Records how it ended; of what did not succeed, what there is of the new life becomes something to remove.
    ///
    /// - Parameter failure: Why it failed, in a word for programs.
    static func end(
        _ result: XDBOperation.State,
        _ message: String,
        failure: String? = nil,
        _ draft: inout Draft
    ) {
        guard var rebuild = draft.status.rebuild else { return }
        endStep(of: &rebuild, result == .succeeded ? nil : message, draft)
        rebuild.result = result
        rebuild.message = message
        rebuild.failure = failure
        rebuild.job = nil
        rebuild.progress = nil
        if result != .succeeded {
            rebuild.message? +=
                RebuildDiscard.remainder(of: draft.member(rebuild.member))
                + RebuildHandover.remainder(of: rebuild.operation, draft)
        }
        draft.status.rebuild = rebuild
        if let successor = draft.successor(of: rebuild.member) {
            draft.status.members.removeAll { $0.name == successor.name }
            draft.findings[successor.name] = nil
            // The leader counts the old life again, or one that is still to come where there is none; elections do neither,
            // until that one has all that was counted meanwhile.
            if draft.member(rebuild.member)?.vacant ?? false { draft.status.votersVersion += 1 }
            DebtPolicy.owe(successor, message, &draft)
        }
    }

    /// Waits until nothing of it is left that can be removed now, and its operation says how it ended.
    static func leave(_ rebuild: XDBGroup.RebuildStatus, _ draft: inout Draft) {
        deleteJobs(of: rebuild, &draft)
        guard isClean(rebuild, draft) else { return }
        draft.hasEndedRebuild = true
        let operation = draft.observation.operations.first { $0.metadata.name == rebuild.operation }
        if operation.map({ $0.isFinished || MigrationProgress.hasNoted(rebuild, $0) }) ?? true {
            draft.status.rebuild = nil
        }
    }
}
