public import KubernetesModel
public import Logging
public import ServiceLifecycle

/// Calls a reconciler for every key that needs it: a few keys at a time, each key by one worker, again after a
/// failure with growing pauses.
///
/// A graceful shutdown lets the reconciles that run come to their end and begins no others.
public final class Controller<R: Reconciler>: ServiceLifecycle.Service {
    /// Names the controller in metrics and logs.
    public let name: String

    private let reconciler: R
    private let queue: WorkQueue<R.Key>
    private let prerequisites: [@Sendable () async throws -> Void]
    private let clock: @Sendable () -> Time
    private let time: TimeSource
    private let logger: Logger
    private let metrics: RuntimeMetrics?

    /// Makes a controller, whose work begins with `run` and only after the caches have synced.
    public init(
        name: String,
        reconciler: R,
        caches: [any CacheSync] = [],
        workers: Int = 4,
        backoff: Backoff = .key,
        clock: @escaping @Sendable () -> Time = WallClock.now,
        time: TimeSource = .continuous,
        logger: Logger,
        metrics: RuntimeMetrics? = nil
    ) {
        self.name = name
        self.reconciler = reconciler
        self.clock = clock
        self.time = time
        self.logger = logger
        self.metrics = metrics
        prerequisites = caches.map { cache in { try await cache.waitForSync() } }
        queue = WorkQueue(name: name, workers: workers, backoff: backoff, time: time, metrics: metrics)
        metrics?.maximumWorkers.set(Double(workers), name)
        metrics?.activeWorkers.set(0, name)
        metrics?.reconcileErrors.touch(name)
    }

    /// Wishes for a reconcile of a key, at once or after a pause.
    public func enqueue(_ key: R.Key, priority: Priority = .high, after pause: Duration = .zero) {
        queue.add(key, priority: priority, after: pause)
    }

    /// Wishes for a reconcile whenever an object of the cache changes, of the keys that it maps to.
    public func watch<Object: KubernetesObject>(
        _ cache: Cache<Object>,
        keys: @escaping @Sendable (Object) -> [R.Key]
    ) {
        cache.onChange { [queue] change, isInitial in
            for key in Set(change.objects.flatMap(keys)) {
                queue.add(key, priority: isInitial ? .low : .high)
            }
        }
    }

    /// Reconciles until the graceful shutdown or the cancellation of the task.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await cancelWhenGracefulShutdown { [prerequisites] in
                for prerequisite in prerequisites { try await prerequisite() }
            }
            logger.info("controller started", metadata: ["controller": "\(name)"])
            await queue.run { await self.reconcile($0) }
            logger.info("controller stopped", metadata: ["controller": "\(name)"])
        } onGracefulShutdown: { [queue] in
            queue.shutDown()
        }
    }

    private func reconcile(_ key: R.Key) async -> WorkOutcome {
        await ReconcileContext.$current.withValue(ReconcileContext(controller: name, key: "\(key)")) {
            metrics?.activeWorkers.add(1, name)
            let began = time.now
            let outcome: WorkOutcome
            let label: String
            do {
                switch try await once(key) {
                case .done: (outcome, label) = (.done, "success")
                case .again(let pause): (outcome, label) = (.again(after: pause), "requeue_after")
                }
            } catch {
                (outcome, label) = (.failed, "error")
                // What is cut short by the end of the process is not an error of the reconcile.
                if !(error is CancellationError && Task.isCancelled) {
                    metrics?.reconcileErrors.increment(name)
                    logger.error("reconcile failed", metadata: ["error": "\(error)"])
                }
            }
            metrics?.activeWorkers.add(-1, name)
            metrics?.reconciles.increment(name, label)
            metrics?.reconcileSeconds.observe((time.now - began).inSeconds, name)
            return outcome
        }
    }

    private func once(_ key: R.Key) async throws -> Followup {
        guard let snapshot = try await reconciler.observe(key) else { return .done }
        let plan = reconciler.decide(snapshot, now: clock())
        let result: Result<Followup, any Error>
        do {
            result = .success(try await reconciler.apply(plan, to: snapshot))
        } catch {
            result = .failure(error)
        }
        try await reconciler.status(snapshot, plan, result)
        return try result.get()
    }
}

extension Controller where R.Key == ObjectKey {
    /// Wishes for a reconcile of each object of the cache that changes.
    public func watch<Object: KubernetesObject>(_ cache: Cache<Object>) {
        watch(cache) { [$0.key] }
    }

    /// Wishes for a reconcile of the owner, of a kind, of each object of the cache that changes.
    public func watch<Object: KubernetesObject>(_ cache: Cache<Object>, ownersOf kind: ResourceType) {
        watch(cache) { object in
            object.metadata.ownerReferences
                .filter { $0.isController && $0.kind == kind.kind && $0.apiVersion.hasSameGroup(as: kind) }
                .map { ObjectKey(namespace: kind.isNamespaced ? object.metadata.namespace : "", name: $0.name) }
        }
    }
}

/// A cache of any kind, as far as its first list goes.
public protocol CacheSync: Sendable {
    /// True once the first complete list is in.
    var hasSynced: Bool { get }

    /// Returns when the first complete list is in; throws `CancellationError` when the task is cancelled before.
    func waitForSync() async throws
}

extension Cache: CacheSync {}

extension String {
    /// Owners are named with the version that was current then; the group is what stays.
    fileprivate func hasSameGroup(as kind: ResourceType) -> Bool {
        let group = split(separator: "/").dropLast().joined(separator: "/")
        return group == kind.group
    }
}
