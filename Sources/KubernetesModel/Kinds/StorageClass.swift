/// A way to get storage.
public struct StorageClass: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "storage.k8s.io",
        version: "v1",
        kind: "StorageClass",
        plural: "storageclasses",
        isNamespaced: false
    )

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// Who makes its volumes.
    public var provisioner = ""
    /// What happens to a volume when its claim goes: `Retain` or `Delete`.
    public var reclaimPolicy = "Delete"
    /// `Immediate` or `WaitForFirstConsumer`.
    public var volumeBindingMode = "Immediate"
    /// Claims of this class may grow.
    public var allowsVolumeExpansion = false

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// True when claims without a class get this one.
    public var isDefault: Bool { metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true" }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "provisioner": provisioner = try reader.read()
            case "reclaimPolicy": reclaimPolicy = try reader.read()
            case "volumeBindingMode": volumeBindingMode = try reader.read()
            case "allowVolumeExpansion": allowsVolumeExpansion = try reader.read(Bool?.self) ?? false
            default: try reader.skipValue()
            }
        }
    }
}
