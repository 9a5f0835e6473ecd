/// Work that ends.
public struct Job: KubernetesObject, Hashable {
    public static let resource = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        public var active: Int32 = 0
        public var succeeded: Int32 = 0
        public var failed: Int32 = 0
        public var startTime: Time?
        public var completionTime: Time?
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

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

    public var metadata = ObjectMeta()
    public var parallelism: Int32?
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
