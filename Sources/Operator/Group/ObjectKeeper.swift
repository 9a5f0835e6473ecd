import Controllers
import KubernetesModel
import Synchronization

/// Keeps the objects of groups as they are wanted, without asking the API server each time.
///
/// What was applied last is remembered with the resource version of the answer. As long as the cache shows that very
/// version nobody has touched the object; a change of what is wanted, a foreign change or a deletion applies it anew.
final class ObjectKeeper: Sendable {
    private struct Applied {
        var body: JSONValue
        var resourceVersion: String
    }

    private struct Name: Hashable {
        var kind: String
        var key: ObjectKey
    }

    private let cluster: any ClusterAccess
    private let caches: Caches
    private let applied = Mutex<[Name: Applied]>([:])

    /// Keeps objects in a cluster, whose metadata are in these caches.
    init(cluster: any ClusterAccess, caches: Caches) {
        self.cluster = cluster
        self.caches = caches
    }

    /// Makes the object so, unless it is.
    func ensure<Kind: KubernetesObject>(
        _ body: JSONValue,
        as kind: Kind.Type
    ) async throws {
        let key = ObjectKey(
            namespace: body[path: "metadata", "namespace"]?.stringValue ?? "",
            name: body[path: "metadata", "name"]?.stringValue ?? ""
        )
        let name = Name(kind: Kind.resource.kind, key: key)
        let cached = try caches.get(PartialObjectMetadata<Kind>.self, key)
        if let last = applied.withLock({ $0[name] }), last.body == body, let cached,
            cached.metadata.resourceVersion == last.resourceVersion
        {
            return
        }
        let answer = try await cluster.apply(
            body,
            as: PartialObjectMetadata<Kind>.self
        )
        caches.wrote(answer)
        applied.withLock { $0[name] = Applied(body: body, resourceVersion: answer.metadata.resourceVersion) }
    }

    /// Forgets what was applied for a group that is gone.
    func forget(namespace: String, names: [String]) {
        applied.withLock { applied in
            applied = applied.filter { $0.key.key.namespace != namespace || !names.contains($0.key.key.name) }
        }
    }
}
