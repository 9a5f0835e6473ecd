/// A namespace.
public struct Namespace: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        isNamespaced: false
    )

    public var metadata = ObjectMeta()
    /// `Active` or `Terminating`.
    public var phase = ""

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
            case "status": phase = try reader.readField("phase") ?? ""
            default: try reader.skipValue()
            }
        }
    }
}
