public import KubernetesModel

/// A way to find the objects of a cache by a value that is drawn from them.
public struct CacheIndex<Object: KubernetesObject>: Sendable {
    /// Names the index in its cache.
    public let name: String
    let values: @Sendable (Object) -> [String]

    /// An index over values, of which an object may have any number.
    public init(_ name: String, values: @escaping @Sendable (Object) -> [String]) {
        self.name = name
        self.values = values
    }

    /// By the uids of an object's owners.
    public static var owner: CacheIndex { CacheIndex("owner") { $0.metadata.ownerReferences.map(\.uid) } }

    /// By namespace.
    public static var namespace: CacheIndex { CacheIndex("namespace") { [$0.metadata.namespace] } }

    /// By the value of a label.
    public static func label(_ label: String) -> CacheIndex {
        CacheIndex("label:\(label)") { $0.metadata.labels[label].map { [$0] } ?? [] }
    }
}

/// How an object of a cache changed.
public enum CacheChange<Object: KubernetesObject>: Sendable {
    case added(Object)
    case updated(old: Object, new: Object)
    case deleted(Object)

    /// The object as it is now, or was last.
    public var object: Object {
        switch self {
        case .added(let object), .updated(_, let object), .deleted(let object): object
        }
    }

    /// The object before and after, where it was there: for handlers that follow a reference which may have changed.
    public var objects: [Object] {
        switch self {
        case .added(let object), .deleted(let object): [object]
        case .updated(let old, let new): [old, new]
        }
    }
}
