/// Work that ends.
public struct Job: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// Pods that run.
        public var active: Int32 = 0
        /// Pods that ended well.
        public var succeeded: Int32 = 0
        /// Pods that failed.
        public var failed: Int32 = 0
        /// When the controller began with it.
        public var startTime: Time?
        /// When it was done; nil before, and when it failed.
        public var completionTime: Time?
        /// `Complete` or `Failed`, once it has ended.
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "active": active = try reader.read()
                case "succeeded": succeeded = try reader.read()
                case "failed": failed = try reader.read()
                case "startTime": startTime = try reader.read()
                case "completionTime": completionTime = try reader.read()
                case "conditions": conditions = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// How many pods run at a time; nil for one.
    public var parallelism: Int32?
    /// What is.
    public var status = Status()

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    /// True when its work is done.
    public var isComplete: Bool { status.conditions.isTrue("Complete") }

    /// True when it has given up.
    public var isFailed: Bool { status.conditions.isTrue("Failed") }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": parallelism = try reader.readField("parallelism")
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
