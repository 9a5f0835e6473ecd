import Kubernetes
import KubernetesModel

@testable import Controllers

/// An API server of one kind in memory, with a history that can be forgotten and streams that can be cut.
actor SimulatedServer {
    struct Failure: Error {
        var meaning: SourceFailure
    }

    private var objects: [ObjectKey: ConfigMap] = [:]
    private var history: [(version: Int, event: WatchEvent<ConfigMap>)] = []
    private var version = 100
    private var forgotten = 0
    private var watchers: [Int: AsyncThrowingStream<WatchEvent<ConfigMap>, any Error>.Continuation] = [:]
    private var nextWatcher = 0
    private var snapshots: [Int: [ConfigMap]] = [:]
    private(set) var isDown = false
    private(set) var lists = 0
    private(set) var watches = 0
    private(set) var streamingLists = 0
    var refusesStreamingLists = false

    var state: [String: String] {
        Dictionary(uniqueKeysWithValues: objects.map { ($0.key.name, $0.value.metadata.resourceVersion) })
    }

    var openWatches: Int { watchers.count }

    func setDown(_ down: Bool) {
        isDown = down
        if down { cut() }
    }

    func refuseStreamingLists() { refusesStreamingLists = true }

    func put(_ name: String) {
        version += 1
        let key = ObjectKey(namespace: "ns", name: name)
        var object = objects[key] ?? ConfigMap(metadata: ObjectMeta(name: name, namespace: "ns"))
        let isNew = objects[key] == nil
        if isNew { object.metadata.uid = "uid-\(version)" }
        object.metadata.resourceVersion = String(version)
        objects[key] = object
        tell(isNew ? .added(object) : .modified(object))
    }

    func remove(_ name: String) {
        guard var object = objects.removeValue(forKey: ObjectKey(namespace: "ns", name: name)) else { return }
        version += 1
        object.metadata.resourceVersion = String(version)
        tell(.deleted(object))
    }

    /// The server forgets what happened so far: watches and continued lists from before answer 410.
    func forgetHistory() {
        forgotten = version
        history = []
        snapshots = [:]
    }

    /// Every stream ends as if its connection had broken.
    func cut() {
        for watcher in watchers.values { watcher.finish(throwing: Failure(meaning: .other)) }
        watchers = [:]
    }

    /// Every stream ends as by the server's time-out.
    func endStreams() {
        for watcher in watchers.values { watcher.finish() }
        watchers = [:]
    }

    func page(limit: Int?, continuation: String) throws -> ObjectList<ConfigMap> {
        if isDown { throw Failure(meaning: .other) }
        var all: [ConfigMap]
        var at = version
        var from = 0
        if continuation.isEmpty {
            lists += 1
            all = objects.values.sorted { $0.key < $1.key }
            snapshots[version] = all
        } else {
            let parts = continuation.split(separator: ":").compactMap { Int($0) }
            guard let kept = snapshots[parts[0]] else { throw Failure(meaning: .expired) }
            (all, at, from) = (kept, parts[0], parts[1])
        }
        let end = min(all.count, from + (limit ?? all.count))
        var list = ObjectList<ConfigMap>()
        list.items = Array(all[from..<end])
        list.metadata.resourceVersion = String(at)
        if end < all.count { list.metadata.continuation = "\(at):\(end)" }
        return list
    }

    func watch(_ request: SourceWatch) throws -> AsyncThrowingStream<WatchEvent<ConfigMap>, any Error> {
        if isDown { throw Failure(meaning: .other) }
        if request.sendInitialEvents, refusesStreamingLists { throw Failure(meaning: .refused) }
        let from = Int(request.version) ?? 0
        if !request.sendInitialEvents, from < forgotten { throw Failure(meaning: .expired) }
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: WatchEvent<ConfigMap>.self)
        watches += 1
        if request.sendInitialEvents {
            streamingLists += 1
            for object in objects.values { continuation.yield(.added(object)) }
            continuation.yield(.bookmark(resourceVersion: String(version), isEndOfInitialEvents: true))
        } else {
            for entry in history where entry.version > from { continuation.yield(entry.event) }
        }
        nextWatcher += 1
        watchers[nextWatcher] = continuation
        return stream
    }

    private func tell(_ event: WatchEvent<ConfigMap>) {
        history.append((version, event))
        for watcher in watchers.values { watcher.yield(event) }
    }
}

struct SimulatedSource: ObjectSource {
    let server: SimulatedServer
    var streams = false

    func offersStreamingLists() async throws -> Bool {
        if await server.isDown { throw SimulatedServer.Failure(meaning: .other) }
        return streams
    }

    func page(limit: Int?, continuation: String) async throws -> ObjectList<ConfigMap> {
        try await server.page(limit: limit, continuation: continuation)
    }

    func watch(
        _ request: SourceWatch,
        onEvent: @escaping @Sendable (WatchEvent<ConfigMap>) async -> Void
    ) async throws {
        for try await event in try await server.watch(request) { await onEvent(event) }
        try Task.checkCancellation()
    }

    func meaning(of error: any Error) -> SourceFailure {
        (error as? SimulatedServer.Failure)?.meaning ?? .other
    }
}
