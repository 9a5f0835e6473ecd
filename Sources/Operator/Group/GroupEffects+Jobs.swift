import Controllers
import KubernetesModel
import Logging
import Planning
import XDB

// The Jobs of rebuilds.
extension GroupEffects {
    /// Makes a Job; one of the same name that is ours and stays is taken for it.
    ///
    /// Never two pods write to a directory: what is left of an earlier Job of that name has to be gone first.
    func create(_ job: RebuildJob, _ group: GroupReference) async throws {
        let key = group.objectKey(job.name)
        guard let body = RebuildJobBody(group: group, job: job).json else {
            throw EffectError.refused("\(job.name) has no source to copy from")
        }
        let former = try pods(ofJob: job.name, group)
        if try caches.get(Job.self, key) == nil, let pod = former.first {
            throw EffectError.refused("\(pod.metadata.name) of an earlier job is still there; it is waited for")
        }
        if let made = try await cluster.create(body, as: Job.self) {
            caches.wrote(made)
        } else {
            guard let present = try await cluster.get(Job.self, key), present.metadata.isOwned(by: group.uid),
                !present.metadata.isBeingDeleted
            else { throw EffectError.refused("another job named \(job.name) is there; it is waited for") }
            caches.wrote(present)
        }
    }

    /// Deletes a Job and its pods; by force without waiting for the node that they are on.
    ///
    /// The Job goes first: it would make another pod for one that is gone.
    func deleteJob(_ name: String, force: Bool, _ group: GroupReference) async throws {
        let key = group.objectKey(name)
        logger.info("deleting job", metadata: ["job": "\(name)", "force": "\(force)"])
        if let job = try await cluster.get(Job.self, key), job.metadata.isOwned(by: group.uid) {
            try await cluster.deleteJob(key, uid: job.metadata.uid)
            // Its pods are still seen, as those of a Job that is being deleted.
            caches.deleted(Job.self, key, uid: job.metadata.uid)
        }
        guard force else { return }
        for pod in try pods(ofJob: name, group) {
            try await cluster.deletePod(pod.key, uid: pod.metadata.uid, grace: 0)
        }
    }

    private func pods(ofJob name: String, _ group: GroupReference) throws -> [Pod] {
        try caches.list(.job, group.key.description).filter { $0.jobName == name }
    }
}
