/// Any JSON: the body of what we write, and the fields that a type does not know.
///
/// Literals make it pleasant: `["metadata": ["name": .string(name)], "spec": ["replicas": 3]]`.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number that is written as an integer and fits 64 bits.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

// MARK: Making values

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// Null.
    public init(nilLiteral: ()) { self = .null }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A number without a fraction.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// The last of equal keys counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension JSONValue {
    /// A value from anything that encodes itself: a typed object, a dictionary of labels, a list of strings.
    public init(_ value: some JSONEncodable) {
        if value.isAbsentInJSON {
            self = .null
        } else if let tree = value as? JSONValue {
            self = tree
        } else {
            // What the writer writes, the reader reads; only an encoder that forgets a bracket could end in null.
            self = (try? JSONReader.read(value.json, as: JSONValue.self)) ?? .null
        }
    }

    /// An integer of any width that fits 64 bits; a larger one becomes a floating point number.
    public static func int(_ value: some BinaryInteger) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
    }

    /// The same tree without the fields of objects whose value is null, at any depth.
    public var withoutNulls: JSONValue {
        switch self {
        case .object(let fields): .object(fields.filter { $0.value != .null }.mapValues(\.withoutNulls))
        case .array(let elements): .array(elements.map(\.withoutNulls))
        default: self
        }
    }

    /// The tree with another laid over it by the rules of a JSON merge patch (RFC 7396): objects are merged, null
    /// removes, everything else replaces.
    public func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var fields = objectValue ?? [:]
        for (key, change) in changes {
            if change == .null {
                fields.removeValue(forKey: key)
            } else {
                fields[key] = (fields[key] ?? .null).merging(change)
            }
        }
        return .object(fields)
    }
}

// MARK: Looking into values

extension JSONValue {
    /// A field of an object; nil when it is absent or this is no object.
    ///
    /// Setting a field makes an object of anything else.
    public subscript(key: String) -> JSONValue? {
        get { objectValue?[key] }
        set {
            var fields = objectValue ?? [:]
            fields[key] = newValue
            self = .object(fields)
        }
    }

    /// An element of an array; nil when there is none.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// A field of nested objects: `value[path: "spec", "template", "metadata"]`.
    public subscript(path path: String...) -> JSONValue? {
        path.reduce(Optional(self)) { $0?[$1] }
    }

    /// The text, when it is a string.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    /// The truth, when it is a boolean.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The integer, when it is one.
    public var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }
    /// The elements, when it is an array.
    public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// The fields, when it is an object.
    public var objectValue: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
    /// The number, integer or not.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

// MARK: Reading and writing

extension JSONValue: JSONCodable {
    /// Reads any JSON value.
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readValue() }

    /// Keys are sorted, so that equal values have equal bytes.
    public func encode(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.writeNull()
        case .bool(let value): writer.write(value)
        case .integer(let value): writer.write(value)
        case .number(let value): writer.write(value)
        case .string(let value): writer.write(value)
        case .array(let elements): elements.encode(to: &writer)
        case .object(let fields): fields.encode(to: &writer)
        }
    }

    /// The value as another type, for example a typed object.
    public func decoded<Value: JSONDecodable>(as type: Value.Type = Value.self) throws(JSONError) -> Value {
        try JSONReader.read(json, as: type)
    }
}

extension JSONValue: CustomStringConvertible {
    /// Compact JSON with sorted keys.
    public var description: String { String(decoding: json, as: UTF8.self) }
}
