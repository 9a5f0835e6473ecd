/// Who leads, until when: what replicas of a controller elect their leader with.
public struct Lease: KubernetesObject, Hashable {
    /// Where the API has this kind.
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
        /// How long after its renewal others have to wait before they take it.
        public var leaseDurationSeconds: Int32 = 0
        /// When the present holder took it.
        public var acquireTime: MicroTime?
        /// When the present holder renewed it last.
        public var renewTime: MicroTime?
        /// How often the holder has changed.
        public var leaseTransitions: Int32 = 0

        /// A lease that nobody has.
        public init() {}
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = Spec()

    /// A lease with this record.
    public init(metadata: ObjectMeta, spec: Spec = Spec()) {
        self.metadata = metadata
        self.spec = spec
    }
}

extension Lease: JSONEncodable {
    /// Reads it from JSON; what is not kept here is skipped.
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

    /// Writes it as JSON, in the API's form.
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
    /// Reads it from JSON; what is not kept here is skipped.
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

    /// Writes it as JSON, in the API's form.
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
