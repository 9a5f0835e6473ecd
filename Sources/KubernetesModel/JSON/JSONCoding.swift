/// A type that reads itself from JSON with a pull reader.
///
/// Hand-written, so that only what is wanted is kept and the rest is skipped without making values of it:
/// `Codable` costs ten times as much, and decoding is what a Kubernetes client spends its time on.
public protocol JSONDecodable {
    /// Reads exactly one value.
    init(from reader: inout JSONReader) throws(JSONError)
}

/// A type that writes itself as JSON.
public protocol JSONEncodable {
    /// Writes exactly one value.
    func encode(to writer: inout JSONWriter)

    /// True when a field with this value is left out of an object; an absent optional is.
    var isAbsentInJSON: Bool { get }
}

extension JSONEncodable {
    /// Values are present unless their type says otherwise.
    public var isAbsentInJSON: Bool { false }

    /// The value as compact JSON.
    public var json: [UInt8] {
        var writer = JSONWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

/// A type with both directions.
public typealias JSONCodable = JSONDecodable & JSONEncodable

extension JSONDecodable {
    /// Reads one value that fills all of the bytes.
    public init(json bytes: [UInt8]) throws(JSONError) {
        self = try JSONReader.read(bytes, as: Self.self)
    }

    /// Reads one value that fills all of the text.
    public init(json text: String) throws(JSONError) {
        self = try JSONReader.read(Array(text.utf8), as: Self.self)
    }
}

extension String: JSONCodable {
    /// Reads a JSON string.
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readString() }
    /// Writes a JSON string.
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
}

extension Bool: JSONCodable {
    /// Reads true or false.
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readBool() }
    /// Writes true or false.
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
}

extension Double: JSONCodable {
    /// Reads a JSON number.
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readDouble() }
    /// Writes a JSON number.
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
}

extension FixedWidthInteger where Self: JSONDecodable {
    /// Reads an integer that fits the type.
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readInteger() }
}

extension BinaryInteger where Self: JSONEncodable {
    /// Writes the decimal digits.
    public func encode(to writer: inout JSONWriter) { writer.writeNumber(String(self)) }
}

extension Int: JSONCodable {}
extension Int32: JSONCodable {}
extension Int64: JSONCodable {}
extension UInt16: JSONCodable {}
extension UInt32: JSONCodable {}
extension UInt64: JSONCodable {}

extension Optional: JSONDecodable where Wrapped: JSONDecodable {
    /// JSON's null is nil.
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.readNull() ? nil : Wrapped(from: &reader)
    }
}

extension Optional: JSONEncodable where Wrapped: JSONEncodable {
    /// Writes null for nil.
    public func encode(to writer: inout JSONWriter) {
        if let self { self.encode(to: &writer) } else { writer.writeNull() }
    }

    /// Nil is left out, and so is a value that would be.
    public var isAbsentInJSON: Bool { self?.isAbsentInJSON ?? true }
}

extension Array: JSONDecodable where Element: JSONDecodable {
    /// JSON's null is an empty array, as Go writes its nil slices.
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = []
        if try reader.readNull() { return }
        try reader.beginArray()
        while try reader.nextElement() { append(try Element(from: &reader)) }
    }
}

extension Array: JSONEncodable where Element: JSONEncodable {
    /// Writes an array.
    public func encode(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { writer.write(element) }
        writer.endArray()
    }
}

extension Dictionary: JSONDecodable where Key == String, Value: JSONDecodable {
    /// JSON's null is an empty dictionary, as Go writes its nil maps.
    public init(from reader: inout JSONReader) throws(JSONError) {
        self = [:]
        if try reader.readNull() { return }
        try reader.beginObject()
        while let key = try reader.nextKey() { self[key.string] = try Value(from: &reader) }
    }
}

extension Dictionary: JSONEncodable where Key == String, Value: JSONEncodable {
    /// Keys are sorted, so that equal values have equal bytes.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, value) in self.sorted(by: { $0.key < $1.key }) { writer.field(key, value) }
        writer.endObject()
    }
}

extension JSONDecodable where Self: RawRepresentable, RawValue == String {
    /// Reads the text of a case; any other text is an error.
    public init(from reader: inout JSONReader) throws(JSONError) {
        let text = try reader.readString()
        guard let value = Self(rawValue: text) else { throw reader.mismatch("'\(text)' is not a \(Self.self)") }
        self = value
    }
}

extension JSONEncodable where Self: RawRepresentable, RawValue == String {
    /// Writes the text of the case.
    public func encode(to writer: inout JSONWriter) { writer.write(rawValue) }
}
