/// Something that happened to an object, for people: `events.k8s.io/v1`.
public struct Event: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")

    /// Whether someone should look.
    public enum EventType: String, Hashable, Sendable, JSONCodable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The same event again and again.
    public struct Series: Hashable, Sendable {
        /// How often it was seen.
        public var count: Int32
        /// When it was seen last.
        public var lastObservedTime: MicroTime

        /// So often, last at that time.
        public init(count: Int32, lastObservedTime: MicroTime) {
            self.count = count
            self.lastObservedTime = lastObservedTime
        }
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// When it was seen first.
    public var eventTime: MicroTime?
    /// Its repetitions; nil while there are none.
    public var series: Series?
    /// For example `xdb-operator.github.io/operator`.
    public var reportingController = ""
    /// For example the name of the controller's pod.
    public var reportingInstance = ""
    /// What was done, CamelCase.
    public var action = ""
    /// Why it happened, CamelCase.
    public var reason = ""
    /// The object that it happened to.
    public var regarding = ObjectReference(kind: "", name: "")
    /// Another object that it has to do with.
    public var related: ObjectReference?
    /// For a person; at most 1024 bytes.
    public var note = ""
    /// Normal or a warning.
    public var type = EventType.normal

    /// An event with this name; the other fields are set one by one.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }
}

extension Event: JSONEncodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "eventTime": eventTime = try reader.read()
            case "series": series = try reader.read()
            case "reportingController": reportingController = try reader.read()
            case "reportingInstance": reportingInstance = try reader.read()
            case "action": action = try reader.read()
            case "reason": reason = try reader.read()
            case "regarding": regarding = try reader.read()
            case "related": related = try reader.read()
            case "note": note = try reader.read()
            // Events of old clients may have any type, or none.
            case "type": type = try reader.read(String.self) == "Warning" ? .warning : .normal
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
        writer.field("eventTime", eventTime)
        writer.field("series", series)
        writer.field("reportingController", reportingController)
        writer.field("reportingInstance", reportingInstance)
        writer.field("action", action)
        writer.field("reason", reason)
        writer.field("regarding", regarding)
        writer.field("related", related)
        writer.field("note", note)
        writer.field("type", type)
        writer.endObject()
    }
}

extension Event.Series: JSONCodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        self.init(count: 0, lastObservedTime: MicroTime(Time(seconds: 0)))
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "count": count = try reader.read()
            case "lastObservedTime": lastObservedTime = try reader.read()
            default: try reader.skipValue()
            }
        }
    }

    /// Writes it as JSON, in the API's form.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("count", count)
        writer.field("lastObservedTime", lastObservedTime)
        writer.endObject()
    }
}
