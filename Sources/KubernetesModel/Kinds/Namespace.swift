/// A namespace.
public struct Namespace: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        isNamespaced: false
    )

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// `Active` or `Terminating`.
    public var phase = ""

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
            case "status": phase = try reader.readField("phase") ?? ""
            default: try reader.skipValue()
            }
        }
    }
}
