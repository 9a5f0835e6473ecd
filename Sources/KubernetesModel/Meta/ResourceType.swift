/// What names a kind to the API server: where it is served and how its objects say what they are.
public struct ResourceType: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public var group: String
    /// The version, for example `v1`.
    public var version: String
    /// CamelCase, for example `StorageClass`.
    public var kind: String
    /// As in the path, for example `storageclasses`.
    public var plural: String
    /// False for kinds that belong to the whole cluster.
    public var isNamespaced: Bool

    /// Names a kind.
    public init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// `group/version`, or only the version in the core group.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// For messages: `xdbgroups.xdb-operator.github.io/v1alpha1`.
    public var description: String { group.isEmpty ? "\(plural)/\(version)" : "\(plural).\(group)/\(version)" }
}

/// An object of the API server that is read as a value.
///
/// Conforming types read only the fields that the program needs. Those that we also write whole conform to
/// `JSONEncodable` too and keep the fields that they do not know; all others are written as server-side-apply bodies.
public protocol KubernetesObject: JSONDecodable, Sendable {
    /// The kind that this type reads.
    static var resource: ResourceType { get }

    /// The `Accept` header of requests that read it.
    static var mediaType: MediaType { get }

    var metadata: ObjectMeta { get set }
}

extension KubernetesObject {
    /// Whole objects, unless the type says otherwise.
    public static var mediaType: MediaType { .json }

    /// What names the object among those of its kind.
    public var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }

    /// A reference from another object's event or status.
    public var reference: ObjectReference {
        ObjectReference(
            apiVersion: Self.resource.apiVersion,
            kind: Self.resource.kind,
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid
        )
    }

    /// A reference that makes another object go when this one goes.
    public func ownerReference(isController: Bool = true, blocksDeletion: Bool = true) -> OwnerReference {
        OwnerReference(
            apiVersion: Self.resource.apiVersion,
            kind: Self.resource.kind,
            name: metadata.name,
            uid: metadata.uid,
            isController: isController,
            blocksDeletion: blocksDeletion
        )
    }
}

/// How the API server is asked to write the objects that it sends.
public enum MediaType: Hashable, Sendable {
    /// Whole objects.
    case json
    /// Only `metadata`, as `PartialObjectMetadata`.
    case metadata
}

/// What names an object among those of its kind.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Empty for objects of the whole cluster.
    public var namespace: String
    /// The name.
    public var name: String

    /// Names an object.
    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Orders by namespace, then by name.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    /// `namespace/name`, or only the name for objects of the whole cluster.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
