public import KubernetesModel
import Synchronization

/// The caches of a program, by the type of their objects.
public final class Caches: Sendable {
    private let caches = Mutex<[ObjectIdentifier: any Sendable]>([:])

    /// No caches.
    public init() {}

    /// Makes a cache known.
    ///
    /// A kind has one cache in a program.
    public func add<Object: KubernetesObject>(_ cache: Cache<Object>) {
        caches.withLock {
            precondition($0[ObjectIdentifier(Object.self)] == nil, "\(Object.resource) is cached twice")
            $0[ObjectIdentifier(Object.self)] = cache
        }
    }

    /// The cache of a kind; an error when there is none.
    public func cache<Object: KubernetesObject>(of type: Object.Type) throws(CacheError) -> Cache<Object> {
        guard let cache = find(type) else { throw .notCached(Object.resource) }
        return cache
    }

    /// The object of a key out of the cache of its kind; nil when there is none.
    public func get<Object: KubernetesObject>(_ type: Object.Type, _ key: ObjectKey) throws(CacheError) -> Object? {
        try cache(of: type).get(key)
    }

    /// The objects of a namespace, or of all, that have these labels.
    public func list<Object: KubernetesObject>(
        _ type: Object.Type,
        namespace: String? = nil,
        labels: [String: String] = [:]
    ) throws(CacheError) -> [Object] {
        try cache(of: type).list(namespace: namespace, labels: labels)
    }

    /// The objects that an index of their cache has under a value.
    public func list<Object: KubernetesObject>(
        _ index: CacheIndex<Object>,
        _ value: String
    ) throws(CacheError) -> [Object] {
        try cache(of: Object.self).list(index: index, value: value)
    }

    /// The objects that name this uid as an owner; needs the index `owner`.
    public func list<Object: KubernetesObject>(
        _ type: Object.Type,
        ownedBy uid: String
    ) throws(CacheError) -> [Object] {
        try cache(of: type).list(ownedBy: uid)
    }

    /// Puts the object out of the answer to a write of our own into its cache, if its kind has one.
    public func wrote<Object: KubernetesObject>(_ object: Object) { find(Object.self)?.wrote(object) }

    /// Takes an object out whose deletion the server has answered with "gone".
    public func deleted<Object: KubernetesObject>(_ type: Object.Type, _ key: ObjectKey, uid: String) {
        find(type)?.deleted(key, uid: uid)
    }

    private func find<Object: KubernetesObject>(_ type: Object.Type) -> Cache<Object>? {
        caches.withLock { $0[ObjectIdentifier(type)] } as? Cache<Object>
    }
}
