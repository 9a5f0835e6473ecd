/// One aspect of an object's state, by the API conventions: a map by type, a reason for programs, a message for people.
public struct Condition: Hashable, Sendable {
    /// Whether the condition holds.
    public enum Status: String, Hashable, Sendable, JSONCodable {
        case `true` = "True"
        case `false` = "False"
        case unknown = "Unknown"

        /// True or false, when it is known.
        public init(_ value: Bool) {
            self = value ? .true : .false
        }
    }

    /// CamelCase, for example `Ready`.
    public var type: String
    /// Whether it holds.
    public var status: Status
    /// CamelCase.
    public var reason: String
    /// The same for a person: what is wrong, and what helps.
    public var message: String
    /// The generation of the spec that this was found for.
    public var observedGeneration: Int64?
    /// When the status changed last; changes of reason and message do not count.
    public var lastTransitionTime: Time?

    /// Makes a condition; `Array.set` fills in the time.
    public init(
        _ type: String,
        _ status: Status,
        reason: String,
        message: String = "",
        observedGeneration: Int64? = nil,
        lastTransitionTime: Time? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
    }

    /// True when it holds.
    public var isTrue: Bool { status == .true }
}

extension Condition: JSONCodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        self.init("", .unknown, reason: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "type": type = try reader.read()
            case "status": status = try reader.read()
            case "reason": reason = try reader.read()
            case "message": message = try reader.read()
            case "observedGeneration": observedGeneration = try reader.read()
            case "lastTransitionTime": lastTransitionTime = try reader.read()
            default: try reader.skipValue()
            }
        }
    }

    /// Writes it as JSON, in the API's form.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("type", type)
        writer.field("status", status)
        writer.field("reason", reason)
        writer.field("message", message)
        writer.field("observedGeneration", observedGeneration)
        writer.field("lastTransitionTime", lastTransitionTime)
        writer.endObject()
    }
}

extension [Condition] {
    /// The condition of a type.
    public subscript(type: String) -> Condition? { first { $0.type == type } }

    /// True when the condition of this type is there and holds.
    public func isTrue(_ type: String) -> Bool { self[type]?.isTrue ?? false }

    /// Sets the condition of its type.
    ///
    /// The transition time changes only when the status does; the order of the others stays. Says whether anything
    /// changed.
    @discardableResult
    public mutating func set(_ condition: Condition, now: Time) -> Bool {
        var condition = condition
        guard let index = firstIndex(where: { $0.type == condition.type }) else {
            condition.lastTransitionTime = condition.lastTransitionTime ?? now.wholeSeconds
            append(condition)
            return true
        }
        condition.lastTransitionTime =
            self[index].status == condition.status ? self[index].lastTransitionTime : now.wholeSeconds
        if self[index] == condition { return false }
        self[index] = condition
        return true
    }

    /// Removes the condition of a type.
    public mutating func remove(_ type: String) {
        removeAll { $0.type == type }
    }
}
