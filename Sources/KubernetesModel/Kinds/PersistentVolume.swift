/// A piece of storage.
public struct PersistentVolume: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "PersistentVolume",
        plural: "persistentvolumes",
        isNamespaced: false
    )

    /// Where it is and who has it.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        /// The class that it belongs to.
        public var storageClassName = ""
        /// The claim that has it.
        public var claimRef: ObjectReference?
        /// What happens to it when its claim goes: `Retain` or `Delete`.
        public var reclaimPolicy = ""
        /// Its size, under `storage`.
        public var capacity: [String: Quantity] = [:]
        /// Binds local storage to its nodes; kept as it is.
        public var nodeAffinity: JSONValue?

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "storageClassName": storageClassName = try reader.read()
                case "claimRef": claimRef = try reader.read()
                case "persistentVolumeReclaimPolicy": reclaimPolicy = try reader.read()
                case "capacity": capacity = try reader.read()
                case "nodeAffinity": nodeAffinity = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// How far it is.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// `Available`, `Bound`, `Released` or `Failed`.
        public var phase = ""

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "phase": phase = try reader.read()
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
