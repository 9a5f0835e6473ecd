/// Who leads, until when: what replicas of a controller elect their leader with.
public struct Lease: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "coordination.k8s.io",
        version: "v1",
        kind: "Lease",
        plural: "leases"
    )

    /// The record of the election.
    public struct Spec: Hashable, Sendable {
        /// Empty when the leader has let go.
        public var holderIdentity = ""
        public var leaseDurationSeconds: Int32 = 0
        public var acquireTime: MicroTime?
        public var renewTime: MicroTime?
        /// How often the holder has changed.
        public var leaseTransitions: Int32 = 0

        /// A lease that nobody has.
        public init() {}
    }

    public var metadata = ObjectMeta()
    public var spec = Spec()

    /// A lease with this record.
    public init(metadata: ObjectMeta, spec: Spec = Spec()) {
        self.metadata = metadata
        self.spec = spec
    }
}

extension Lease: JSONEncodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": spec = try reader.read()
            default: try reader.skipValue()
            }
        }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("apiVersion", Self.resource.apiVersion)
        writer.field("kind", Self.resource.kind)
        writer.field("metadata", metadata)
        writer.field("spec", spec)
        writer.endObject()
    }
}

extension Lease.Spec: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "holderIdentity": holderIdentity = try reader.read(String?.self) ?? ""
            case "leaseDurationSeconds": leaseDurationSeconds = try reader.read(Int32?.self) ?? 0
            case "acquireTime": acquireTime = try reader.read()
            case "renewTime": renewTime = try reader.read()
            case "leaseTransitions": leaseTransitions = try reader.read(Int32?.self) ?? 0
            default: try reader.skipValue()
            }
        }
    }

    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("holderIdentity", holderIdentity)
        if leaseDurationSeconds > 0 { writer.field("leaseDurationSeconds", leaseDurationSeconds) }
        writer.field("acquireTime", acquireTime)
        writer.field("renewTime", renewTime)
        writer.field("leaseTransitions", leaseTransitions)
        writer.endObject()
    }
}
