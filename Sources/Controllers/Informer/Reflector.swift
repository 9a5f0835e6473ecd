import Kubernetes
import KubernetesModel
import Logging
import Synchronization

/// The numbers of a reflector.
struct ReflectorTuning: Sendable {
    var backoff = Backoff.connection
    var pageSize = 500
    /// Between five and ten minutes, so that the watches of many clients do not end together.
    var watchSeconds: ClosedRange<Int> = 300...600
    /// How long a watch may be silent.
    ///
    /// Newer servers send a bookmark every minute; a stream that is silent for three may have lost its server. Older
    /// ones send nothing where nothing happens, so that the silence alone is no failure: the next watch tells.
    var idleDeadline = Duration.seconds(180)
}

/// Keeps a cache the same as the API server's objects, for as long as it runs.
struct Reflector<Object: KubernetesObject, Source: ObjectSource<Object>>: Sendable {
    let name: String
    let source: Source
    let cache: Cache<Object>
    let transform: (@Sendable (inout Object) -> Void)?
    let time: TimeSource
    let logger: Logger
    let metrics: RuntimeMetrics?
    var tuning = ReflectorTuning()

    /// Follows until the task is cancelled; throws nothing but `CancellationError`.
    func run() async throws {
        var state = ReflectorState(backoff: tuning.backoff)
        try await learnServer(&state)
        while true {
            try Task.checkCancellation()
            let (end, progressed) = try await perform(state.step)
            if progressed { state.progressed() }
            let pause = state.ended(end, hasList: cache.hasSynced, chance: .random(in: 0..<1))
            if pause > .zero { try await time.sleep(for: pause) }
        }
    }

    /// Asks the server what it offers: the first question to it, which waits until it can be reached.
    private func learnServer(_ state: inout ReflectorState) async throws {
        while true {
            do {
                return state.offer(streamingLists: try await source.offersStreamingLists())
            } catch {
                _ = try meaning(of: error, during: "discovery")
                try await time.sleep(for: state.failedToStart(chance: .random(in: 0..<1)))
            }
        }
    }

    private func perform(_ step: ReflectorState.Step) async throws -> (ReflectorState.End, progressed: Bool) {
        switch step {
        case .list:
            do {
                try await list()
                return (.listed, true)
            } catch {
                return (try meaning(of: error, during: "list"), false)
            }
        case .streamingList:
            return try await watch(initialEvents: true)
        case .watch:
            return try await watch(initialEvents: false)
        }
    }

    /// Takes a complete list.
    ///
    /// All pages are of one moment: the continuation carries the version of the first.
    private func list() async throws {
        var all: [Object] = []
        var page = try await source.page(limit: tuning.pageSize, continuation: "")
        while true {
            all.reserveCapacity(all.count + page.items.count)
            for object in page.items { all.append(transformed(object)) }
            let continuation = page.metadata.continuation
            if continuation.isEmpty { break }
            do {
                page = try await source.page(limit: tuning.pageSize, continuation: continuation)
            } catch  where source.meaning(of: error) == .expired {
                // Too slow for the server's history: everything at once takes no history.
                all = []
                page = try await source.page(limit: nil, continuation: "")
            }
        }
        cache.replace(with: all, version: page.metadata.resourceVersion)
        metrics?.lists.increment(name)
        metrics?.cachedObjects.set(Double(cache.count), name)
        logger.debug("listed", metadata: ["kind": "\(Object.resource)", "objects": "\(all.count)"])
    }

    private func watch(initialEvents: Bool) async throws -> (ReflectorState.End, progressed: Bool) {
        let progress = Progress<Object>(collecting: initialEvents)
        let request = SourceWatch(
            version: initialEvents ? "" : cache.version,
            sendInitialEvents: initialEvents,
            timeoutSeconds: .random(in: tuning.watchSeconds),
            idleDeadline: tuning.idleDeadline
        )
        let end: ReflectorState.End
        do {
            try await source.watch(request) { take($0, progress) }
            end = .watchEnded(sawAnything: progress.sawAnything)
        } catch {
            end = try meaning(of: error, during: initialEvents ? "streaming list" : "watch")
        }
        metrics?.watches.increment(name, end.label)
        if initialEvents, !progress.isListComplete {
            switch end {
            case .failed, .watchEnded: return (end, false)
            case .expired: return (.failed, false)
            default: return (.streamingListRefused, false)
            }
        }
        return (end, progress.sawAnything)
    }

    private func take(_ event: WatchEvent<Object>, _ progress: Progress<Object>) {
        progress.note()
        switch event {
        case .added(let object), .modified(let object):
            let object = transformed(object)
            if !progress.collect(object) { cache.watched(object) }
        case .deleted(let object):
            if !progress.uncollect(object.key) { cache.watchedDeletion(of: transformed(object)) }
        case .bookmark(let version, let endsInitialEvents):
            if endsInitialEvents, let all = progress.finishCollecting() {
                cache.replace(with: all, version: version)
                metrics?.lists.increment(name)
            } else if !progress.isCollecting {
                cache.bookmark(version)
            }
        }
        // Most events by far change an object: those leave the number as it is.
        if case .modified = event { return }
        metrics?.cachedObjects.set(Double(cache.count), name)
    }

    private func transformed(_ object: Object) -> Object {
        guard let transform else { return object }
        var object = object
        transform(&object)
        return object
    }

    private func meaning(of error: any Error, during what: String) throws -> ReflectorState.End {
        if Task.isCancelled { throw CancellationError() }
        switch source.meaning(of: error) {
        case .expired:
            logger.info("resource version expired", metadata: ["kind": "\(Object.resource)", "during": "\(what)"])
            return .expired
        case .refused where what == "streaming list":
            return .streamingListRefused
        case .silent where what == "watch":
            logger.debug("nothing came, watching again", metadata: ["kind": "\(Object.resource)"])
            return .watchSilent
        case .refused, .silent, .other:
            logger.warning(
                "cannot follow the API server, trying again",
                metadata: ["kind": "\(Object.resource)", "during": "\(what)", "error": "\(error)"]
            )
            return .failed
        }
    }
}

/// What one watch has seen, and the part of a streaming list that is in.
private final class Progress<Object: KubernetesObject>: Sendable {
    private struct State {
        var events = 0
        var collected: [ObjectKey: Object]?
        var isListComplete = false
    }

    private let state: Mutex<State>

    init(collecting: Bool) {
        state = Mutex(State(collected: collecting ? [:] : nil))
    }

    var sawAnything: Bool { state.withLock { $0.events > 0 } }
    var isCollecting: Bool { state.withLock { $0.collected != nil } }
    var isListComplete: Bool { state.withLock { $0.isListComplete } }

    func note() { state.withLock { $0.events += 1 } }

    /// Takes an object of the initial list; false when that is complete.
    func collect(_ object: Object) -> Bool {
        state.withLock {
            guard $0.collected != nil else { return false }
            $0.collected?[object.key] = object
            return true
        }
    }

    func uncollect(_ key: ObjectKey) -> Bool {
        state.withLock {
            guard $0.collected != nil else { return false }
            $0.collected?[key] = nil
            return true
        }
    }

    func finishCollecting() -> [Object]? {
        state.withLock {
            guard let all = $0.collected else { return nil }
            $0.collected = nil
            $0.isListComplete = true
            return Array(all.values)
        }
    }
}

extension ReflectorState.End {
    fileprivate var label: String {
        switch self {
        case .listed: "listed"
        case .watchEnded: "ended"
        case .watchSilent: "silent"
        case .expired: "expired"
        case .streamingListRefused: "refused"
        case .failed: "failed"
        }
    }
}
