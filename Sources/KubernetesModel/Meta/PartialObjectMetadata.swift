/// Only the metadata of an object of some kind: all that labels, owners and resource versions need, and what keeps
/// Secrets out of memory. The API server sends nothing else.
public struct PartialObjectMetadata<Kind: KubernetesObject>: KubernetesObject, Hashable {
    public static var resource: ResourceType { Kind.resource }
    public static var mediaType: MediaType { .metadata }

    public var metadata: ObjectMeta

    /// Wraps metadata.
    public init(metadata: ObjectMeta = ObjectMeta()) {
        self.metadata = metadata
    }

    public init(from reader: inout JSONReader) throws(JSONError) {
        metadata = ObjectMeta()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
