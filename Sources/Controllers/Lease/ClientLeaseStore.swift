import Kubernetes
import KubernetesModel

/// A lease on an API server.
struct ClientLeaseStore: LeaseStore {
    let client: KubernetesClient
    let key: ObjectKey

    func read() async throws -> Lease? { try await client.find(Lease.self, key) }

    func create(_ spec: Lease.Spec) async throws -> Lease {
        let lease = Lease(metadata: ObjectMeta(name: key.name, namespace: key.namespace), spec: spec)
        return try await client.create(lease)
    }

    func write(_ spec: Lease.Spec, over lease: Lease) async throws -> Lease {
        // A patch, so that labels and whatever newer servers keep in a lease stay as they are.
        try await client.patch(
            Lease.self,
            key,
            ["spec": JSONValue(spec)],
            resourceVersion: lease.metadata.resourceVersion
        )
    }
}
