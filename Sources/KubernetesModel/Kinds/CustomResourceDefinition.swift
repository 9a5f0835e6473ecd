/// The definition of a kind, as far as whether and in which versions it is served.
public struct CustomResourceDefinition: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        isNamespaced: false
    )

    /// One version of the kind.
    public struct Version: Hashable, Sendable, JSONDecodable {
        public var name = ""
        public var isServed = false
        public var isStorage = false

        /// Nothing known.
        public init() {}

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

    public var metadata = ObjectMeta()
    public var versions: [Version] = []
    public var conditions: [Condition] = []

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// True when the API server serves the kind.
    public var isEstablished: Bool { conditions.isTrue("Established") }

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
