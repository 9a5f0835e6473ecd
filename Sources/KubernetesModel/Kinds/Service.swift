/// A stable name and address for pods.
public struct Service: KubernetesObject, Hashable {
    public static let resource = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")

    /// A port that it serves.
    public struct Port: Hashable, Sendable, JSONDecodable {
        public var name = ""
        public var port: Int32 = 0
        public var targetPort: IntOrString?
        public var nodePort: Int32?

        /// Nothing known.
        public init() {}

        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "port": port = try reader.read()
                case "targetPort": targetPort = try reader.read()
                case "nodePort": nodePort = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// What it selects and serves.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        public var type = "ClusterIP"
        /// `None` for a headless service.
        public var clusterIP = ""
        public var selector: [String: String] = [:]
        public var ports: [Port] = []

        /// Nothing known.
        public init() {}

        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "type": type = try reader.read()
                case "clusterIP": clusterIP = try reader.read()
                case "selector": selector = try reader.read()
                case "ports": ports = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    public var metadata = ObjectMeta()
    public var spec = Spec()

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
            case "spec": spec = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
