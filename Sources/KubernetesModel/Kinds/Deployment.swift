/// A set of equal pods, as far as its state goes.
public struct Deployment: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// The generation that the rest of the status is about.
        public var observedGeneration: Int64 = 0
        /// Pods there are.
        public var replicas: Int32 = 0
        /// Pods of the newest template.
        public var updatedReplicas: Int32 = 0
        /// Pods that are ready.
        public var readyReplicas: Int32 = 0
        /// Pods that have been ready for long enough.
        public var availableReplicas: Int32 = 0
        /// `Available`, `Progressing`, `ReplicaFailure`.
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
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

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// Pods that are wanted.
    public var replicas: Int32 = 1
    /// What is.
    public var status = Status()

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
            case "spec": replicas = try reader.readField("replicas") ?? 1
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
