import Controllers
import KubernetesModel
import Planning
import XDB

extension CacheIndex<Pod> {
    /// Pods of Jobs, by the group that they work for.
    static let job = CacheIndex("job") { $0.groupOfJob.map { [$0.description] } ?? [] }
}

extension JobObservation {
    /// The Jobs of a group, in the order of their names.
    ///
    /// A Job whose object is gone, but not all of its pods, is one that is being deleted: a pod on a node that is away
    /// may still write there when the node comes back.
    static func observations(of jobs: [Job], pods: [Pod], now: Time) -> [JobObservation] {
        let pods = Dictionary(grouping: pods) { $0.jobName ?? "" }
        let present = jobs.map { JobObservation($0, pods: pods[$0.metadata.name] ?? [], now: now) }
        let names = Set(jobs.map(\.metadata.name)).union([""])
        let gone = pods.filter { !names.contains($0.key) }.map { name, pods in
            var observation = JobObservation(name: name)
            observation.isBeingDeleted = true
            observation.take(pods, now: now)
            return observation
        }
        return (present + gone).sorted { $0.name < $1.name }
    }

    /// How long it may take until a Job has its first pod, and until that starts, before it is worth a word.
    private static let patience = Duration.seconds(10)

    private init(_ job: Job, pods: [Pod], now: Time) {
        self.init(name: job.metadata.name)
        isComplete = job.isComplete
        isFailed = job.isFailed
        isBeingDeleted = job.metadata.isBeingDeleted
        take(pods.filter { $0.metadata.isOwned(by: job.metadata.uid) }, now: now)
        // Those of an earlier Job of the same name say nothing about this one, but they are there.
        self.pods = pods.map(\.metadata.name)
        // A quota or an admission webhook refuses its pods: only the Job's own events have the words.
        if self.pods.isEmpty, !isComplete, !isFailed, !isBeingDeleted, let made = job.metadata.creationTimestamp,
            now.since(made) > Self.patience
        {
            obstacle =
                "no pod of it could be made: a quota or an admission rule may forbid it; kubectl describe job "
                + "\(name) says why"
        }
    }

    private mutating func take(_ all: [Pod], now: Time) {
        // Moments of creation are known by the second: of two pods the one that goes on is the later one.
        let pods = all.sorted {
            ($0.metadata.creationTimestamp ?? .distantPast, $0.hasEnded ? 0 : 1, $0.metadata.name)
                < ($1.metadata.creationTimestamp ?? .distantPast, $1.hasEnded ? 0 : 1, $1.metadata.name)
        }
        self.pods = pods.map(\.metadata.name)
        isRunning = pods.contains { !$0.hasEnded && $0.status.containerStatuses.contains(where: \.isRunning) }
        message = pods.last(where: \.hasEnded)?.lastWords
        guard let newest = pods.last else { return }
        node = newest.spec.nodeName.isEmpty ? nil : newest.spec.nodeName
        guard !newest.hasEnded else { return }
        obstacle = newest.obstacle
        // The kubelet tells in events alone what it waits for.
        if obstacle == nil, !isRunning, let node, let made = newest.metadata.creationTimestamp,
            now.since(made) > Self.patience
        {
            isPreparing = true
            obstacle =
                "its volumes or its image are not ready on node \(node); kubectl describe pod "
                + "\(newest.metadata.name) says why"
        }
    }
}

extension Time {
    fileprivate static let distantPast = Time(seconds: 0)
}

extension Pod.ContainerStatus {
    fileprivate var isRunning: Bool { if case .running = state { true } else { false } }
}

extension Pod {
    fileprivate var hasEnded: Bool { [.succeeded, .failed].contains(status.phase) }

    /// Why it does not start.
    fileprivate var obstacle: String? {
        if let message = status.unschedulable { return message }
        return status.obstacle.map { $0.message.isEmpty ? $0.reason : "\($0.reason): \($0.message)" }
    }

    /// What its end left to read.
    fileprivate var lastWords: String? {
        if !status.reason.isEmpty {
            return status.message.isEmpty ? status.reason : "\(status.reason): \(status.message)"
        }
        var ending: String?
        for container in status.initContainerStatuses + status.containerStatuses {
            guard case .terminated(let code, let reason, let words, _) = container.state else { continue }
            if !words.isEmpty {
                ending = words
            } else if code != 0 {
                ending =
                    "\(container.name) ended with code \(code)"
                    + (reason.isEmpty || reason == "Error" ? "" : " (\(reason))")
            }
        }
        return ending
    }
}
