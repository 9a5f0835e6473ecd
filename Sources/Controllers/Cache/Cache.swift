public import KubernetesModel
import Synchronization

/// The objects of one kind as the API server had them a moment ago, with the program's own writes already in.
///
/// Reading never waits and never asks the server. What is read is a value: it does not change any more.
public final class Cache<Object: KubernetesObject>: Sendable {
    /// Says how an object changed.
    ///
    /// `isInitial` is true for the objects of the first list.
    public typealias Handler = @Sendable (_ change: CacheChange<Object>, _ isInitial: Bool) -> Void

    /// The part of the kind's objects that is kept.
    public let scope: CacheScope

    private struct State {
        var store: CacheStore<Object>
        var handlers: [Handler] = []
    }

    private let state: Mutex<State>
    private let synced = Latch()

    /// An empty cache, which an `Informer` fills.
    public init(scope: CacheScope = .all, indexes: [CacheIndex<Object>] = []) {
        self.scope = scope
        state = Mutex(State(store: CacheStore(indexes: indexes)))
    }

    // MARK: Reading

    /// True once the first complete list is in.
    public var hasSynced: Bool { synced.isOpen }

    /// Returns when the first complete list is in; throws `CancellationError` when the task is cancelled before.
    public func waitForSync() async throws { try await synced.wait() }

    /// The object of a key; nil when there is none.
    public func get(_ key: ObjectKey) throws(CacheError) -> Object? {
        try check(namespace: key.namespace)
        return state.withLock { $0.store.objects[key] }
    }

    /// The objects of a namespace, or of all, that have these labels, in the order of their keys.
    public func list(namespace: String? = nil, labels: [String: String] = [:]) throws(CacheError) -> [Object] {
        try check(namespace: namespace)
        // Filtered under the lock: a copy that outlives it would make the next change copy the whole table.
        let found = state.withLock {
            $0.store.objects.values.filter { object in
                (namespace == nil || object.metadata.namespace == namespace)
                    && labels.allSatisfy { object.metadata.labels[$0] == $1 }
            }
        }
        return found.sorted { $0.key < $1.key }
    }

    /// The objects for which an index has this value, in the order of their keys.
    public func list(index: CacheIndex<Object>, value: String) throws(CacheError) -> [Object] {
        try check(namespace: nil)
        let found: [Object]? = state.withLock { state in
            state.store.keys(index: index.name, value: value)?.compactMap { state.store.objects[$0] }
        }
        guard let found else { throw .noIndex(Object.resource, index.name) }
        return found.sorted { $0.key < $1.key }
    }

    /// The objects that name this uid as an owner; needs the index `owner`.
    public func list(ownedBy uid: String) throws(CacheError) -> [Object] { try list(index: .owner, value: uid) }

    /// How many objects are here.
    public var count: Int { state.withLock { $0.store.objects.count } }

    /// Calls the handler for every object that is here and for every change from now on.
    ///
    /// It must be quick and must not read the cache: it maps the change to keys of a queue.
    public func onChange(_ handler: @escaping Handler) {
        let present = state.withLock {
            $0.handlers.append(handler)
            return Array($0.store.objects.values)
        }
        for object in present { handler(.added(object), true) }
    }

    // MARK: Own writes

    /// Puts the object out of the answer to a write of our own in, so that the next reconcile sees it.
    ///
    /// An object that is here in a later version stays as it is.
    public func wrote(_ object: Object) {
        guard scope.contains(object.metadata) else { return }
        change { $0.wrote(object).map { [$0] } ?? [] }
    }

    /// Takes an object out whose deletion the server has answered with "gone".
    public func deleted(_ key: ObjectKey, uid: String) {
        change { $0.deleted(key, uid: uid).map { [$0] } ?? [] }
    }

    // MARK: The watch

    func replace(with list: [Object], version: String) {
        let isInitial = !synced.isOpen
        change(isInitial: isInitial) { $0.replace(with: list, version: ResourceVersion(version)) }
        synced.open()
    }

    func watched(_ object: Object) { change { $0.watched(object).map { [$0] } ?? [] } }

    func watchedDeletion(of object: Object) { change { $0.watchedDeletion(of: object).map { [$0] } ?? [] } }

    func bookmark(_ version: String) { state.withLock { $0.store.bookmark(ResourceVersion(version)) } }

    /// The version up to which the watch has come.
    var version: String { state.withLock { $0.store.version.text } }

    // MARK: -

    private func change(isInitial: Bool = false, _ body: (inout CacheStore<Object>) -> [CacheChange<Object>]) {
        let (changes, handlers) = state.withLock { (body(&$0.store), $0.handlers) }
        for change in changes {
            for handler in handlers { handler(change, isInitial) }
        }
    }

    private func check(namespace: String?) throws(CacheError) {
        guard synced.isOpen else { throw .notSynced(Object.resource) }
        guard let scoped = scope.namespace, Object.resource.isNamespaced else { return }
        guard namespace == scoped || namespace == nil else {
            throw .outOfScope(Object.resource, namespace: namespace ?? "")
        }
    }
}

/// The part of a kind's objects that a cache keeps.
///
/// The API server does the choosing.
public struct CacheScope: Hashable, Sendable {
    /// Only this namespace; nil for all.
    public var namespace: String?
    /// Kubernetes' notation, for example `app=xdb,role in (leader)`; empty for all.
    public var labelSelector: String
    /// Kubernetes' notation, for example `spec.nodeName=host-1`; empty for all.
    public var fieldSelector: String
    /// Labels that every object of the scope has; part of the selector that goes to the server.
    public var labels: [String: String]

    /// Everything, as far as no argument narrows it.
    public init(
        namespace: String? = nil,
        labels: [String: String] = [:],
        labelSelector: String = "",
        fieldSelector: String = ""
    ) {
        self.namespace = namespace
        self.labels = labels
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }

    /// All objects of the kind.
    public static let all = CacheScope()

    /// The whole label selector in Kubernetes' notation.
    var selector: String {
        let equalities = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return (equalities + (labelSelector.isEmpty ? [] : [labelSelector])).joined(separator: ",")
    }

    /// Whether an object that we wrote belongs here, as far as that can be told without the server's selectors: what
    /// only the server can tell comes by the watch.
    func contains(_ metadata: ObjectMeta) -> Bool {
        guard labelSelector.isEmpty, fieldSelector.isEmpty else { return false }
        return (namespace == nil || namespace == metadata.namespace)
            && labels.allSatisfy { metadata.labels[$0] == $1 }
    }
}

/// Why a cache cannot answer: a mistake of the program, since it must declare what it reads.
public enum CacheError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No cache of this kind was declared.
    case notCached(ResourceType)
    /// The first list is not in yet.
    case notSynced(ResourceType)
    /// The cache keeps another namespace only.
    case outOfScope(ResourceType, namespace: String)
    /// The cache was made without this index.
    case noIndex(ResourceType, String)

    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .notCached(let kind): "\(kind) is not cached: declare an informer of it, or ask the API server"
        case .notSynced(let kind): "the cache of \(kind) has not synced yet: wait for it before reading"
        case .outOfScope(let kind, let namespace): "the cache of \(kind) does not keep the namespace \(namespace)"
        case .noIndex(let kind, let name): "the cache of \(kind) has no index \(name): declare it with the informer"
        }
    }
}
