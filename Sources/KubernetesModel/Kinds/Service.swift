/// A stable name and address for pods.
public struct Service: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")

    /// A port that it serves.
    public struct Port: Hashable, Sendable, JSONDecodable {
        /// The port's name.
        public var name = ""
        /// The port of the Service.
        public var port: Int32 = 0
        /// The port of the pods; nil for the same one.
        public var targetPort: IntOrString?
        /// The port on every node, for types that have one.
        public var nodePort: Int32?

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
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
        /// How it is reached: `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
        public var type = "ClusterIP"
        /// `None` for a headless service.
        public var clusterIP = ""
        /// The labels of the pods behind it.
        public var selector: [String: String] = [:]
        /// Its ports.
        public var ports: [Port] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
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

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = Spec()

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
            case "spec": spec = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
