/// The definition of a kind, as far as whether and in which versions it is served.
public struct CustomResourceDefinition: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        isNamespaced: false
    )

    /// One version of the kind.
    public struct Version: Hashable, Sendable, JSONDecodable {
        /// The version, for example `v1alpha1`.
        public var name = ""
        /// The server answers requests in this version.
        public var isServed = false
        /// Objects are kept in this version.
        public var isStorage = false

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "served": isServed = try reader.read()
                case "storage": isStorage = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// The versions of the kind.
    public var versions: [Version] = []
    /// Above all `Established`: the server serves the kind.
    public var conditions: [Condition] = []

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// True when the API server serves the kind.
    public var isEstablished: Bool { conditions.isTrue("Established") }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": versions = try reader.readField("versions") ?? []
            case "status": conditions = try reader.readField("conditions") ?? []
            default: try reader.skipValue()
            }
        }
    }
}
