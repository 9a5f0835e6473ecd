/// Who stands behind a service.
public struct Endpoints: KubernetesObject, Hashable {
    public static let resource = ResourceType(group: "", version: "v1", kind: "Endpoints", plural: "endpoints")

    /// One address.
    public struct Address: Hashable, Sendable, JSONDecodable {
        public var ip = ""
        public var nodeName: String?
        public var targetRef: ObjectReference?

        /// Nothing known.
        public init() {}

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
        public var name = ""
        public var port: Int32 = 0

        /// Nothing known.
        public init() {}

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
        public var addresses: [Address] = []
        public var notReadyAddresses: [Address] = []
        public var ports: [Port] = []

        /// Nothing known.
        public init() {}

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

    public var metadata = ObjectMeta()
    public var subsets: [Subset] = []

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
            case "subsets": subsets = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
