/// Configuration as text by key.
public struct ConfigMap: KubernetesObject, Hashable {
    public static let resource = ResourceType(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")

    public var metadata = ObjectMeta()
    public var data: [String: String] = [:]
    public var isImmutable = false

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

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
