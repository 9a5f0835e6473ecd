/// A host: its labels, and whether it takes pods.
public struct Node: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        kind: "Node",
        plural: "nodes",
        isNamespaced: false
    )

    /// Something that keeps pods away that do not tolerate it.
    public struct Taint: Hashable, Sendable, JSONDecodable {
        /// The taint's name.
        public var key = ""
        /// Its value; often empty.
        public var value = ""
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        public var effect = ""
        /// When it was added; only for effects that evict.
        public var timeAdded: Time?

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "key": self.key = try reader.read()
                case "value": value = try reader.read()
                case "effect": effect = try reader.read()
                case "timeAdded": timeAdded = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// What is wanted of the node.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        /// Set by `kubectl cordon`.
        public var isUnschedulable = false
        /// What keeps pods away that do not tolerate it.
        public var taints: [Taint] = []
        /// The machine, as its cloud names it.
        public var providerID = ""

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "unschedulable": isUnschedulable = try reader.read()
                case "taints": taints = try reader.read()
                case "providerID": providerID = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// One way to reach the node.
    public struct Address: Hashable, Sendable, JSONDecodable {
        /// For example `InternalIP` or `Hostname`.
        public var type = ""
        /// The address or name.
        public var address = ""

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "type": type = try reader.read()
                case "address": address = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// What the kubelet says.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// `Ready` and the pressures.
        public var conditions: [Condition] = []
        /// How it is reached.
        public var addresses: [Address] = []
        /// What pods can have in all, by resource.
        public var allocatable: [String: Quantity] = [:]

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "conditions": conditions = try reader.read()
                case "addresses": addresses = try reader.read()
                case "allocatable": allocatable = try reader.read()
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

    /// True when the kubelet has said of late that it is well.
    public var isReady: Bool { status.conditions.isTrue("Ready") }

    /// The zone of the well-known label; empty when the node has none.
    public var zone: String {
        metadata.labels["topology.kubernetes.io/zone"] ?? metadata.labels["failure-domain.beta.kubernetes.io/zone"]
            ?? ""
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
