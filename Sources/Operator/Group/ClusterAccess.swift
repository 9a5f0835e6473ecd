import KubernetesModel
import XDB

/// What the group controller does to the API server.
///
/// The one seam between the controller's logic and the network to the API server, so that tests can put a table in its
/// place. Every call is idempotent: what is there already, or gone already, is a success.
protocol ClusterAccess: Sendable {
    /// Reads an object, not from a cache; nil when there is none.
    func get<Object: KubernetesObject>(_ type: Object.Type, _ key: ObjectKey) async throws -> Object?

    /// Makes the object so, by server-side apply; takes fields over that others had set.
    func apply<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object

    /// Makes an object; nil when one of that name is there already, which stays as it is.
    func create<Object: KubernetesObject>(_ body: JSONValue, as type: Object.Type) async throws -> Object?

    /// Sets a label of a pod, or removes it, if the pod still has this uid.
    func setLabels(_ labels: [String: String?], of pod: ObjectKey, uid: String) async throws -> Pod

    /// Sets an annotation of a pod, if the pod still has this uid.
    func setAnnotation(_ annotation: String, to value: String, of pod: ObjectKey, uid: String) async throws -> Pod

    /// Sets a label of a node, or removes it.
    func setLabel(_ label: String, to value: String?, ofNode node: String) async throws -> Node

    /// Deletes a pod if it still has this uid.
    ///
    /// - Parameter grace: Seconds for an end in order; nil for what the pod asks for, 0 without waiting for its node.
    func deletePod(_ key: ObjectKey, uid: String, grace: Int?) async throws

    /// Deletes a Job if it still has this uid, and its pods after it.
    func deleteJob(_ key: ObjectKey, uid: String) async throws

    /// Deletes a Secret if it still has this uid.
    func deleteSecret(_ key: ObjectKey, uid: String) async throws

    /// Deletes a claim.
    func deleteClaim(_ key: ObjectKey) async throws

    /// Writes the status of a group under the resource version in its metadata. Throws `StatusConflict` when the group
    /// has changed since.
    func writeStatus(of group: XDBGroup) async throws -> XDBGroup

    /// Writes the status of an operation under the resource version in its metadata; nil when it has changed since or is
    /// gone, and has to be looked at again.
    func writeStatus(of operation: XDBOperation) async throws -> XDBOperation?

    /// Deletes an operation if it still has this uid.
    func deleteOperation(_ key: ObjectKey, uid: String) async throws

    /// Sets the finalizers of a group under the resource version in its metadata. Throws `StatusConflict` as above.
    func setFinalizers(_ finalizers: [String], of group: XDBGroup) async throws -> XDBGroup

    /// Changes the specification of a group by a merge patch, under the resource version in its metadata. Throws
    /// `StatusConflict` as above.
    func setSpec(_ patch: JSONValue, of group: XDBGroup) async throws -> XDBGroup

    /// `policy/v1` where the server has it, else `policy/v1beta1`; the same as long as the process lives, as are the caches.
    var disruptionBudgetVersion: String { get }
}

extension ClusterAccess {
    /// Deletes a pod if it still has this uid, and lets it end in order.
    func deletePod(_ key: ObjectKey, uid: String) async throws { try await deletePod(key, uid: uid, grace: nil) }
}

/// The group has changed since it was read: what was decided is void.
struct StatusConflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which group.
    var group: ObjectKey

    /// Names the group.
    init(group: ObjectKey) {
        self.group = group
    }

    /// What happened.
    var description: String { "\(group) has changed since it was read" }
}
