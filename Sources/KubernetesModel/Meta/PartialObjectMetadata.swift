/// Only the metadata of an object of some kind: all that labels, owners and resource versions need, and what keeps
/// Secrets out of memory.
///
/// The API server sends nothing else.
public struct PartialObjectMetadata<Kind: KubernetesObject>: KubernetesObject, Hashable {
    /// The kind whose metadata it is.
    public static var resource: ResourceType { Kind.resource }
    /// Asks the server for the metadata alone.
    public static var mediaType: MediaType { .metadata }

    /// Name, namespace, labels and what else every object has.
    public var metadata: ObjectMeta

    /// Wraps metadata.
    public init(metadata: ObjectMeta = ObjectMeta()) {
        self.metadata = metadata
    }

    /// Reads it from JSON; what is not kept here is skipped.
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
