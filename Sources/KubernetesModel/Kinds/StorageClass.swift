/// A way to get storage.
public struct StorageClass: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "storage.k8s.io",
        version: "v1",
        kind: "StorageClass",
        plural: "storageclasses",
        isNamespaced: false
    )

    public var metadata = ObjectMeta()
    public var provisioner = ""
    public var reclaimPolicy = "Delete"
    /// `Immediate` or `WaitForFirstConsumer`.
    public var volumeBindingMode = "Immediate"
    public var allowsVolumeExpansion = false

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// True when claims without a class get this one.
    public var isDefault: Bool { metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true" }

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
