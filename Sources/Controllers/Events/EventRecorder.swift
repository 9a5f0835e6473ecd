public import Kubernetes
public import KubernetesModel
public import Logging
public import ServiceLifecycle
import Synchronization

/// How events get to the API server.
protocol EventSink: Sendable {
    func create(_ event: Event) async throws
    func setSeries(namespace: String, name: String, _ series: Event.Series) async throws
    /// True for the error that says that the event is not there.
    func isGone(_ error: any Error) -> Bool
}

/// Tells people what happens to objects: `kubectl describe` and `kubectl events` show it.
///
/// Recording never waits and never fails. Events are a courtesy: they are written one by one in the background, tried
/// a few times, and dropped when that does not help or when there are too many.
public final class EventRecorder: ServiceLifecycle.Service {
    private struct State {
        var book: EventBook
        var outbox: [EventBook.Write] = []
        var dropped = 0
    }

    /// Writes that wait; more are dropped.
    private static let outboxLimit = 1024

    private let state: Mutex<State>
    private let sink: any EventSink
    private let clock: @Sendable () -> Time
    private let time: TimeSource
    private let logger: Logger
    private let doorbell: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init(
        controller: String,
        instance: String,
        sink: any EventSink,
        clock: @escaping @Sendable () -> Time = WallClock.now,
        time: TimeSource = .continuous,
        logger: Logger
    ) {
        state = Mutex(State(book: EventBook(controller: controller, instance: instance)))
        self.sink = sink
        self.clock = clock
        self.time = time
        self.logger = logger
        (doorbell, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// A recorder.
    ///
    /// `controller` names the program, for example `xdb-operator.github.io/operator`, and `instance` the process, for
    /// example its pod's name.
    public convenience init(client: KubernetesClient, controller: String, instance: String, logger: Logger) {
        self.init(
            controller: controller,
            instance: instance,
            sink: ClientEventSink(client: client),
            logger: logger
        )
    }

    /// Tells that something happened to an object.
    ///
    /// `reason` and `action` are CamelCase words out of a fixed catalogue; `note` is a sentence.
    public func record(
        _ type: Event.EventType = .normal,
        on regarding: ObjectReference,
        reason: String,
        action: String,
        note: String,
        related: ObjectReference? = nil
    ) {
        let record = EventRecord(
            regarding: regarding,
            related: related,
            type: type,
            reason: reason,
            action: action,
            note: note
        )
        let now = time.now
        let date = clock()
        state.withLock {
            guard let write = $0.book.record(record, now: now, date: date) else { return }
            if $0.outbox.count < Self.outboxLimit { $0.outbox.append(write) } else { $0.dropped += 1 }
        }
        bell.yield()
    }

    /// Writes events until the graceful shutdown; then what is left, as far as that goes within two seconds.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await self.ringForSeries() }
                self.bell.yield()
                for await _ in self.doorbell { await self.writeOutbox() }
                tasks.cancelAll()
            }
        }
        let now = time.now
        state.withLock { $0.outbox.append(contentsOf: $0.book.flush(now: now, all: true)) }
        // Not cancelled with the rest: these are the last words.
        let last = Task { try await self.time.withDeadline(now + .seconds(2)) { await self.writeOutbox() } }
        try? await last.value
    }

    private func ringForSeries() async {
        while (try? await time.sleep(for: EventBook.seriesInterval)) != nil {
            let now = time.now
            state.withLock { $0.outbox.append(contentsOf: $0.book.flush(now: now)) }
            bell.yield()
        }
    }

    private func writeOutbox() async {
        while !Task.isCancelled, let next = state.withLock({ $0.outbox.isEmpty ? nil : $0.outbox.removeFirst() }) {
            await write(next)
        }
    }

    private func write(_ write: EventBook.Write) async {
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(2))
        backoff.jitter = 0.5
        for attempt in 1...3 {
            do {
                switch write {
                case .create(let event): try await sink.create(event)
                case .series(let namespace, let name, let series):
                    do {
                        try await sink.setSeries(namespace: namespace, name: name, series)
                    } catch  where sink.isGone(error) {
                        // The server keeps events for an hour; what still goes on is told anew.
                        let whole = state.withLock { $0.book.whole(namespace: namespace, name: name, series: series) }
                        if let whole { try await sink.create(whole) }
                    }
                }
                return
            } catch {
                if Task.isCancelled { return state.withLock { $0.outbox.insert(write, at: 0) } }
                if attempt == 3 {
                    logger.info("event dropped", metadata: ["error": "\(error)", "event": "\(write.summary)"])
                    return
                }
                try? await time.sleep(for: backoff.pause(failures: attempt, chance: .random(in: 0..<1)))
            }
        }
    }
}

extension EventBook.Write {
    fileprivate var summary: String {
        switch self {
        case .create(let event): "\(event.regarding.kind) \(event.regarding.name): \(event.reason)"
        case .series(let namespace, let name, let series): "\(namespace)/\(name) x\(series.count)"
        }
    }
}
