import Kubernetes
import KubernetesModel
import XDB

/// The API server, as the group controller uses it.
struct KubernetesCluster: ClusterAccess {
    private let client: KubernetesClient
    let disruptionBudgetVersion: String

    /// Uses a client, whose field manager becomes the objects' one, and asks the server what it has.
    init(_ client: KubernetesClient) async throws {
        self.client = client
        let isCurrent = try await client.discovery.serves(PodDisruptionBudget.resource)
        disruptionBudgetVersion =
            (isCurrent ? PodDisruptionBudget.resource : PodDisruptionBudgetV1Beta1.resource).apiVersion
    }

    func get<Object: KubernetesObject>(_ type: Object.Type, _ key: ObjectKey) async throws -> Object? {
        try await client.find(type, key)
    }

    func apply<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object {
        try await client.apply(body, as: type)
    }

    func create<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object? {
        do {
            return try await client.create(body, as: type)
        } catch let error as APIError where error.isAlreadyExists {
            return nil
        }
    }

    func setLabels(_ labels: [String: String?], of pod: ObjectKey, uid: String) async throws -> Pod {
        let values = labels.mapValues { $0.map { JSONValue.string($0) } ?? .null }
        let patch: JSONValue = ["metadata": ["uid": .string(uid), "labels": .object(values)]]
        return try await client.patch(Pod.self, pod, patch)
    }

    func setAnnotation(_ annotation: String, to value: String, of pod: ObjectKey, uid: String) async throws -> Pod {
        let patch: JSONValue = ["metadata": ["uid": .string(uid), "annotations": [annotation: .string(value)]]]
        return try await client.patch(Pod.self, pod, patch)
    }

    func setLabel(_ label: String, to value: String?, ofNode node: String) async throws -> Node {
        let patch: JSONValue = ["metadata": ["labels": [label: value.map { .string($0) } ?? .null]]]
        return try await client.patch(Node.self, ObjectKey(name: node), patch)
    }

    func deletePod(_ key: ObjectKey, uid: String, grace: Int?) async throws {
        do {
            try await client.delete(Pod.self, key, DeleteOptions(gracePeriodSeconds: grace, uid: uid))
        } catch let error as APIError where error.isNotFound || error.isConflict {
            // Gone, or another pod by now: what was to be deleted is not there.
        }
    }

    func deleteJob(_ key: ObjectKey, uid: String) async throws {
        do {
            try await client.delete(Job.self, key, DeleteOptions(propagation: .background, uid: uid))
        } catch let error as APIError where error.isNotFound || error.isConflict {
            // Gone, or another one by now.
        }
    }

    func deleteSecret(_ key: ObjectKey, uid: String) async throws {
        do {
            try await client.delete(Secret.self, key, DeleteOptions(uid: uid))
        } catch let error as APIError where error.isNotFound || error.isConflict {
            // Gone, or another one by now.
        }
    }

    func deleteClaim(_ key: ObjectKey) async throws {
        do {
            try await client.delete(PersistentVolumeClaim.self, key)
        } catch let error as APIError where error.isNotFound {
            // It is gone.
        }
    }

    func writeStatus(of group: XDBGroup) async throws -> XDBGroup {
        do {
            return try await client.updateStatus(group)
        } catch let error as APIError where error.isConflict || error.isNotFound {
            throw StatusConflict(group: group.key)
        }
    }

    func writeStatus(of operation: XDBOperation) async throws -> XDBOperation? {
        do {
            return try await client.updateStatus(operation)
        } catch let error as APIError where error.isConflict || error.isNotFound {
            return nil
        }
    }

    func deleteOperation(_ key: ObjectKey, uid: String) async throws {
        do {
            try await client.delete(XDBOperation.self, key, DeleteOptions(uid: uid))
        } catch let error as APIError where error.isNotFound || error.isConflict {
            // Gone, or another one by now.
        }
    }

    func setFinalizers(_ finalizers: [String], of group: XDBGroup) async throws -> XDBGroup {
        try await change(group, ["metadata": ["finalizers": JSONValue(finalizers)]])
    }

    func setSpec(_ patch: JSONValue, of group: XDBGroup) async throws -> XDBGroup {
        try await change(group, ["spec": patch])
    }

    private func change(_ group: XDBGroup, _ patch: JSONValue) async throws -> XDBGroup {
        do {
            return try await client.patch(
                XDBGroup.self,
                group.key,
                patch,
                resourceVersion: group.metadata.resourceVersion
            )
        } catch let error as APIError where error.isConflict || error.isNotFound {
            throw StatusConflict(group: group.key)
        }
    }
}
