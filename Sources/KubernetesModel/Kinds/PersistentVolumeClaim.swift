/// A claim of storage.
public struct PersistentVolumeClaim: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims"
    )

    /// What is claimed.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        /// The class to take a volume of; nil for the cluster's default.
        public var storageClassName: String?
        /// Empty until it is bound.
        public var volumeName = ""
        /// How it may be mounted.
        public var accessModes: [String] = []
        /// What is asked for: the size, under `storage`.
        public var requests: [String: Quantity] = [:]

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
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
        /// What it has: the size, under `storage`.
        public var capacity: [String: Quantity] = [:]
        /// What goes on with it, such as a resize.
        public var conditions: [Condition] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
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

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = Spec()
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
            case "spec": spec = try reader.read()
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
