/// Who stands behind a service.
public struct Endpoints: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "", version: "v1", kind: "Endpoints", plural: "endpoints")

    /// One address.
    public struct Address: Hashable, Sendable, JSONDecodable {
        /// The pod's address.
        public var ip = ""
        /// The node that it is on.
        public var nodeName: String?
        /// The pod.
        public var targetRef: ObjectReference?

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "ip": ip = try reader.read()
                case "nodeName": nodeName = try reader.read()
                case "targetRef": targetRef = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// One port.
    public struct Port: Hashable, Sendable, JSONDecodable {
        /// The port's name in the Service.
        public var name = ""
        /// The port of the pods.
        public var port: Int32 = 0

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "port": port = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// Addresses that serve the same ports.
    public struct Subset: Hashable, Sendable, JSONDecodable {
        /// Pods that take connections.
        public var addresses: [Address] = []
        /// Pods that are selected, but not ready.
        public var notReadyAddresses: [Address] = []
        /// The ports of all of them.
        public var ports: [Port] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "addresses": addresses = try reader.read()
                case "notReadyAddresses": notReadyAddresses = try reader.read()
                case "ports": ports = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// The addresses, grouped by their ports.
    public var subsets: [Subset] = []

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
            case "subsets": subsets = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
