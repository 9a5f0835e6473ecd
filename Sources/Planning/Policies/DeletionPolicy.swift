import KubernetesModel
import XDB

/// Takes a group apart: the pods first, then the data unless they are to be kept, then the finalizer.
///
/// Everything else belongs to the group and goes with it.
///
/// A node that is away is waited for, so that nothing stays behind on it; a node whose object was deleted is not.
enum DeletionPolicy {
    static func apply(_ draft: inout Draft) {
        guard draft.observation.group.metadata.finalizers.contains(Label.finalizer) else { return }
        draft.checkAgain(within: .seconds(5))
        guard stopPods(&draft) else {
            report(.deleting, "the group is being deleted: its pods stop", &draft)
            return
        }
        // The data are where they were recorded to be; whether to keep them may be said until the end.
        let place = draft.status.storage ?? draft.spec.storage
        if draft.spec.storage.onDelete == .delete {
            guard removeClaims(&draft) else {
                report(.deleting, "the group is being deleted: its claims go", &draft)
                return
            }
            if let path = place.hostPath?.path, let waiting = removeDirectories(path, &draft) {
                report(waiting.reason, waiting.message, &draft)
                return
            }
        }
        draft.act(.removeFinalizer)
        if !draft.observation.refusals.isEmpty {
            report(.deleting, "the group is being deleted: nothing of it is left but its finalizer", &draft)
        }
    }

    /// True when no pod is left.
    private static func stopPods(_ draft: inout Draft) -> Bool {
        let why = "the group is being deleted"
        for pod in draft.observation.pods {
            if draft.spec.storage.onDelete == .delete {
                DebtPolicy.discard(pod, why, &draft)
            } else if !pod.isBeingDeleted {
                draft.act(.deletePod(name: pod.name, uid: pod.uid, why: why))
            }
        }
        for job in draft.observation.jobs { RebuildJobs.delete(job, &draft) }
        return draft.observation.pods.isEmpty && draft.observation.jobs.isEmpty
    }

    /// True when no claim is left.
    private static func removeClaims(_ draft: inout Draft) -> Bool {
        for claim in draft.observation.claims where !claim.isBeingDeleted {
            draft.act(.deleteClaim(name: claim.name))
        }
        return draft.observation.claims.isEmpty
    }

    /// What is waited for; nil when no directory is left.
    private static func removeDirectories(_ path: String, _ draft: inout Draft) -> Finding? {
        let directory = draft.names.directory(of: path)
        var running: [String] = []
        var waiting: [String] = []
        var failed: [String] = []
        // A member is told to make its data only after its agent has been heard. Where none ever was (an image that
        // cannot be pulled), nothing is there to remove, and nothing could be started to remove it.
        let members = draft.status.members.filter { $0.joined || $0.position != nil || $0.isSuccessor }
        for node in Set(members.compactMap(\.node) + draft.status.debts.compactMap(\.node)).sorted() {
            switch Cleanup(node: node, directory: directory).plan(&draft) {
            case .done: break
            case .running: running.append(node)
            case .waiting: waiting.append(node)
            case .failed(let words): failed.append("\(node) (\(words))")
            }
        }
        if !failed.isEmpty {
            return Finding(
                .cleanupFailed,
                "\(directory) could not be removed from \(failed.joined(separator: ", ")); it is tried again. To keep the "
                    + "directories instead, set spec.storage.onDelete to Retain"
            )
        }
        if !waiting.isEmpty {
            return Finding(
                .cleanupPending,
                "\(directory) is to be removed from \(waiting.joined(separator: ", ")), which is not ready: bring it back, "
                    + "delete its Node object, or set spec.storage.onDelete to Retain"
            )
        }
        if !running.isEmpty {
            return Finding(.deleting, "\(directory) is being removed from \(running.joined(separator: ", "))")
        }
        return nil
    }

    /// Says what is waited for, and what the API server refuses of it.
    private static func report(_ reason: Reason, _ message: String, _ draft: inout Draft) {
        let refused = draft.problems.first { $0.reason == .refused }
        let message = [message, refused?.message].compactMap(\.self).joined(separator: "; ")
        let reason = refused?.reason ?? reason
        let generation = draft.observation.group.metadata.generation
        for (type, status) in [
            (ConditionType.ready, Condition.Status.false), (.writable, .false), (.progressing, .true),
        ] {
            draft.status.conditions.set(
                Condition(
                    type.rawValue,
                    status,
                    reason: reason.rawValue,
                    message: message,
                    observedGeneration: generation
                ),
                now: draft.observation.now
            )
        }
        draft.status.message = message
    }
}
