import KubernetesModel
public import Planning
import XDB

/// The group that something belongs to.
public struct GroupReference: Hashable, Sendable {
    /// What its objects are called.
    public var names: GroupNames
    /// The uid of the `XDBGroup`: a group that is made again under the same name is another one.
    public var uid: String

    /// Names a group.
    public init(name: String, namespace: String, uid: String) {
        self.names = GroupNames(group: name, namespace: namespace)
        self.uid = uid
    }

    /// The group's name.
    public var name: String { names.group }
    /// Its namespace.
    public var namespace: String { names.namespace }

    /// The DNS name in a member's certificate.
    public func certificateName(member: String) -> String { "\(member).\(name).\(namespace).xdb" }
    /// The DNS name in the operator's certificate.
    public var operatorCertificateName: String { "operator.\(name).\(namespace).xdb" }

    /// The labels of everything that belongs to the group.
    public var labels: [String: String] {
        [
            "app.kubernetes.io/name": "xdb",
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/managed-by": fieldManager,
            Label.group: name,
        ]
    }

    /// The metadata of an object that Kubernetes deletes with the group.
    func metadata(_ objectName: String, labels extra: [String: String] = [:]) -> JSONValue {
        [
            "name": .string(objectName),
            "namespace": .string(namespace),
            "labels": JSONValue(labels.merging(extra) { $1 }),
            "ownerReferences": [ownerReference],
        ]
    }

    /// Who owns what belongs to the group.
    private var ownerReference: JSONValue {
        [
            "apiVersion": .string(XDBGroup.resource.apiVersion),
            "kind": .string(XDBGroup.resource.kind),
            "name": .string(name),
            "uid": .string(uid),
            "controller": true,
            "blockOwnerDeletion": true,
        ]
    }
}

/// The name under which the operator owns fields of objects.
let fieldManager = "xdb-operator"
