/// A set of equal pods, as far as its state goes.
public struct Deployment: KubernetesObject, Hashable {
    public static let resource = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        public var observedGeneration: Int64 = 0
        public var replicas: Int32 = 0
        public var updatedReplicas: Int32 = 0
        public var readyReplicas: Int32 = 0
        public var availableReplicas: Int32 = 0
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "observedGeneration": observedGeneration = try reader.read()
                case "replicas": replicas = try reader.read()
                case "updatedReplicas": updatedReplicas = try reader.read()
                case "readyReplicas": readyReplicas = try reader.read()
                case "availableReplicas": availableReplicas = try reader.read()
                case "conditions": conditions = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    public var metadata = ObjectMeta()
    public var replicas: Int32 = 1
    public var status = Status()

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
            case "spec": replicas = try reader.readField("replicas") ?? 1
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
