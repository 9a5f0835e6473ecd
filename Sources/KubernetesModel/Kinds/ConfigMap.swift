/// Configuration as text by key.
public struct ConfigMap: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// The entries.
    public var data: [String: String] = [:]
    /// It can no longer be changed, only deleted.
    public var isImmutable = false

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "data": data = try reader.read()
            case "immutable": isImmutable = try reader.read(Bool?.self) ?? false
            default: try reader.skipValue()
            }
        }
    }
}
