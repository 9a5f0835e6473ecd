/// A claim of storage.
public struct PersistentVolumeClaim: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims"
    )

    /// What is claimed.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        public var storageClassName: String?
        /// Empty until it is bound.
        public var volumeName = ""
        public var accessModes: [String] = []
        public var requests: [String: Quantity] = [:]

        /// Nothing known.
        public init() {}

        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "storageClassName": storageClassName = try reader.read()
                case "volumeName": volumeName = try reader.read()
                case "accessModes": accessModes = try reader.read()
                case "resources": requests = try reader.readField("requests") ?? [:]
                default: try reader.skipValue()
                }
            }
        }
    }

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// `Pending`, `Bound` or `Lost`.
        public var phase = ""
        public var capacity: [String: Quantity] = [:]
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "phase": phase = try reader.read()
                case "capacity": capacity = try reader.read()
                case "conditions": conditions = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    public var metadata = ObjectMeta()
    public var spec = Spec()
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
            case "spec": spec = try reader.read()
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
