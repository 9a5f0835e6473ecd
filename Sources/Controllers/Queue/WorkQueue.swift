import Synchronization

/// Keys that need work, each at most once, and the workers that do it.
///
/// A key that is added again before its work starts is worked on once; one that is added while it is being worked on
/// is worked on once more afterwards, never by two workers at a time. Adding never waits.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    /// The name under which the queue's metrics stand.
    public let name: String

    private let state: Mutex<WorkQueueState<Key>>
    private let time: TimeSource
    private let metrics: WorkQueueMetrics?
    private let doorbell: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// Makes a queue whose work is done by at most `workers` tasks at a time, once `run` is called.
    public init(
        name: String,
        workers: Int = 4,
        backoff: Backoff = .key,
        time: TimeSource = .continuous,
        metrics: RuntimeMetrics? = nil
    ) {
        self.name = name
        self.time = time
        state = Mutex(WorkQueueState(workers: workers, backoff: backoff))
        (doorbell, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.metrics = metrics?.workQueue(name)
        self.metrics?.watch { [weak self] in self?.reading ?? WorkQueueMetrics.Reading() }
    }

    /// Wishes for work on a key, at once or after a pause.
    ///
    /// After a shutdown it is ignored.
    public func add(_ key: Key, priority: Priority = .high, after pause: Duration = .zero) {
        let added = state.withLock { $0.add(key, priority: priority, after: pause, now: time.now) }
        guard added else { return }
        metrics?.added()
        bell.yield()
    }

    /// Lets the workers finish what they have begun; with `drain` also what is ready.
    ///
    /// Then `run` returns.
    public func shutDown(drain: Bool = false) {
        state.withLock { $0.shutDown(drain ? .drain : .finishCurrent) }
        bell.yield()
    }

    /// Works on keys until the queue is shut down and the last worker has ended.
    ///
    /// To be called once.
    ///
    /// When the calling task is cancelled, so are the workers, and it returns as soon as they do.
    public func run(_ work: @escaping @Sendable (Key) async -> WorkOutcome) async {
        await withDiscardingTaskGroup { workers in
            var timer: (due: Duration, task: Task<Void, Never>)?
            defer { timer?.task.cancel() }
            bell.yield()
            for await _ in doorbell {
                let actions = state.withLock { $0.advance(now: time.now) }
                for start in actions.start {
                    workers.addTask { await self.work(on: start, work) }
                }
                if actions.finished { break }
                // The same moment is armed again only if it has passed: then its ring has been spent.
                guard actions.wake != timer?.due || actions.wake.map({ $0 <= time.now }) == true else { continue }
                timer?.task.cancel()
                timer = actions.wake.map { due in (due, ring(at: due)) }
            }
        }
    }

    private func ring(at due: Duration) -> Task<Void, Never> {
        Task { [time, bell] in
            do { try await time.sleep(until: due) } catch { return }
            bell.yield()
        }
    }

    private func work(on start: WorkQueueState<Key>.Start, _ work: @Sendable (Key) async -> WorkOutcome) async {
        metrics?.started(waited: start.waited)
        let began = time.now
        let outcome = await work(start.key)
        let now = time.now
        metrics?.finished(took: now - began, outcome)
        state.withLock {
            $0.finish(start.key, outcome, chance: .random(in: 0..<1), now: now)
        }
        bell.yield()
    }

    private var reading: WorkQueueMetrics.Reading {
        let now = time.now
        return state.withLock {
            WorkQueueMetrics.Reading(
                high: $0.depth(.high),
                low: $0.depth(.low),
                unfinished: $0.unfinished(now: now).map(\.inSeconds)
            )
        }
    }
}
