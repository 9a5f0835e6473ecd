import KubernetesModel
import Synchronization
import XDB

@testable import Operator

/// An API server that is a table.
final class FakeCluster: ClusterAccess {
    private struct Name: Hashable {
        var kind: String
        var key: ObjectKey
    }

    private struct State {
        var objects: [Name: JSONValue] = [:]
        var version = 0
        var calls: [String] = []
        var errors: [String: any Error] = [:]
    }

    private let state = Mutex(State())

    /// The changes that were asked for, in order.
    var calls: [String] { state.withLock { $0.calls } }

    /// What is answered from now on to whoever makes or applies an object of this kind; nil for the usual.
    func answer(_ kind: String, with error: (any Error)?) { state.withLock { $0.errors[kind] = error } }

    /// Puts an object in as if somebody else had made it.
    func put<Object: KubernetesObject>(_ type: Object.Type, _ metadata: ObjectMeta) {
        let key = ObjectKey(namespace: metadata.namespace, name: metadata.name)
        state.withLock { $0.objects[Name(kind: Object.resource.kind, key: key)] = ["metadata": JSONValue(metadata)] }
    }

    /// Whether there is an object of this name.
    func has<Object: KubernetesObject>(_ type: Object.Type, _ name: String) -> Bool {
        let key = ObjectKey(namespace: "default", name: name)
        return state.withLock { $0.objects[Name(kind: Object.resource.kind, key: key)] != nil }
    }

    func get<Object: KubernetesObject>(_ type: Object.Type, _ key: ObjectKey) async throws -> Object? {
        try state.withLock { $0.objects[Name(kind: Object.resource.kind, key: key)] }?.decoded(as: Object.self)
    }

    func apply<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object {
        try write("apply", body, type)
    }

    func create<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object? {
        let key = try body.decoded(as: PartialObjectMetadata<Object>.self).key
        if state.withLock({ $0.objects[Name(kind: Object.resource.kind, key: key)] != nil }) { return nil }
        return try write("create", body, type)
    }

    func setLabels(_ labels: [String: String?], of pod: ObjectKey, uid: String) async throws -> Pod {
        let values = labels.sorted { $0.key < $1.key }.map { $0.value ?? "none" }
        note("label \(pod.name) \(values.joined(separator: " "))")
        return Pod(metadata: ObjectMeta(name: pod.name, namespace: pod.namespace))
    }

    func setAnnotation(_ annotation: String, to value: String, of pod: ObjectKey, uid: String) async throws -> Pod {
        note("annotate \(pod.name) \(annotation) \(value)")
        return Pod(metadata: ObjectMeta(name: pod.name, namespace: pod.namespace))
    }

    func setLabel(_ label: String, to value: String?, ofNode node: String) async throws -> Node {
        note("label node \(node) \(label) \(value ?? "none")")
        return Node(metadata: ObjectMeta(name: node))
    }

    func deletePod(_ key: ObjectKey, uid: String, grace: Int?) async throws {
        delete(Pod.self, key, uid, grace.map { $0 == 0 ? " by force" : " within \($0) s" } ?? "")
    }

    func deleteJob(_ key: ObjectKey, uid: String) async throws { delete(Job.self, key, uid) }

    func deleteSecret(_ key: ObjectKey, uid: String) async throws { delete(Secret.self, key, uid) }

    func deleteClaim(_ key: ObjectKey) async throws { note("delete PersistentVolumeClaim \(key.name)") }

    func writeStatus(of group: XDBGroup) async throws -> XDBGroup {
        var written = group
        written.metadata.resourceVersion = state.withLock { state in
            state.version += 1
            return "\(100 + state.version)"
        }
        return written
    }

    func writeStatus(of operation: XDBOperation) async throws -> XDBOperation? {
        note("status \(operation.metadata.name)")
        return operation
    }

    func deleteOperation(_ key: ObjectKey, uid: String) async throws { delete(XDBOperation.self, key, uid) }

    func setFinalizers(_ finalizers: [String], of group: XDBGroup) async throws -> XDBGroup { group }

    func setSpec(_ patch: JSONValue, of group: XDBGroup) async throws -> XDBGroup {
        note("change the spec of \(group.metadata.name) \(patch)")
        return group
    }

    let disruptionBudgetVersion = "policy/v1"

    // MARK: -

    private func note(_ call: String) { state.withLock { $0.calls.append(call) } }

    private func write<Object: KubernetesObject>(
        _ verb: String,
        _ body: JSONValue,
        _ type: Object.Type
    ) throws -> Object {
        let key = try body.decoded(as: PartialObjectMetadata<Object>.self).key
        if let error = state.withLock({ $0.errors[Object.resource.kind] }) { throw error }
        let written = state.withLock { state in
            let name = Name(kind: Object.resource.kind, key: key)
            state.version += 1
            state.calls.append("\(verb) \(name.kind) \(key.name)")
            let uid = state.objects[name]?[path: "metadata", "uid"] ?? "uid-\(state.version)"
            let object = body.merging(["metadata": ["uid": uid, "resourceVersion": "\(100 + state.version)"]])
            state.objects[name] = object
            return object
        }
        return try written.decoded(as: Object.self)
    }

    private func delete<Object: KubernetesObject>(
        _ type: Object.Type,
        _ key: ObjectKey,
        _ uid: String,
        _ how: String = ""
    ) {
        state.withLock {
            $0.calls.append("delete \(Object.resource.kind) \(key.name) \(uid)\(how)")
            $0.objects[Name(kind: Object.resource.kind, key: key)] = nil
        }
    }
}
