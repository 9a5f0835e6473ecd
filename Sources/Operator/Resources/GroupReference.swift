import KubernetesModel
import Planning
import XDB

/// The group that something belongs to.
struct GroupReference: Hashable, Sendable {
    /// What its objects are called.
    var names: GroupNames
    /// The uid of the `XDBGroup`: a group that is made again under the same name is another one.
    var uid: String

    /// Names a group.
    init(name: String, namespace: String, uid: String) {
        self.names = GroupNames(group: name, namespace: namespace)
        self.uid = uid
    }

    /// The group's name.
    var name: String { names.group }
    /// Its namespace.
    var namespace: String { names.namespace }

    /// The DNS name in the certificate of a member's life.
    func certificateName(of life: String) -> String { "\(life).\(name).\(namespace).xdb" }
    /// The DNS name in the operator's certificate.
    var operatorCertificateName: String { "operator.\(name).\(namespace).xdb" }

    /// The labels of everything that belongs to the group.
    var labels: [String: String] {
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

    /// The record of something that the operator does by itself.
    func operationBody(_ operationName: String, _ spec: XDBOperation.Spec) -> JSONValue {
        [
            "apiVersion": .string(XDBOperation.resource.apiVersion),
            "kind": .string(XDBOperation.resource.kind),
            "metadata": metadata(operationName),
            "spec": spec.fieldJSON ?? [:],
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
