import KubernetesModel
import Planning

/// The claim for one incarnation of a member's directory.
struct MemberClaim: Hashable, Sendable {
    /// The group.
    var group: GroupReference
    /// The member.
    var member: String
    /// Which life of its directory.
    var incarnation: Int
    /// nil for the cluster's default class.
    var storageClassName: String?
    /// A quantity, for example `100Gi`.
    var size: String
    /// Whether Kubernetes deletes the claim with the group.
    var isDeletedWithGroup: Bool

    /// Describes a claim.
    init(
        group: GroupReference,
        member: String,
        incarnation: Int,
        storageClassName: String?,
        size: String,
        isDeletedWithGroup: Bool
    ) {
        self.group = group
        self.member = member
        self.incarnation = incarnation
        self.storageClassName = storageClassName
        self.size = size
        self.isDeletedWithGroup = isDeletedWithGroup
    }

    /// The name of the claim.
    var name: String { group.names.claim(of: member, incarnation: incarnation) }

    /// The object to apply.
    var body: JSONValue {
        var metadata = group.metadata(name, labels: [Label.member: member, Label.incarnation: String(incarnation)])
        if !isDeletedWithGroup { metadata["ownerReferences"] = nil }
        return JSONValue.object([
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": [
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": storageClassName.map { .string($0) } ?? .null,
                "resources": ["requests": ["storage": .string(size)]],
            ],
        ]).withoutNulls
    }
}
