/// Writes compact JSON.
///
/// ```swift
/// writer.beginObject()
/// writer.field("name", name)          // left out when it is an optional without a value
/// writer.endObject()
/// ```
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    /// True when the next entry or key needs a comma before it.
    private var needsComma = false

    /// Starts with nothing.
    public init() {}

    /// Opens an object.
    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Closes the object.
    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Opens an array.
    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Closes the array.
    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes the key of the value that is written next.
    public mutating func key(_ key: String) {
        separate()
        quote(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a field, unless its value is absent.
    public mutating func field(_ key: String, _ value: some JSONEncodable) {
        if value.isAbsentInJSON { return }
        self.key(key)
        value.encode(to: &self)
    }

    /// Writes a field, unless it is an empty collection or string, like Go's `omitempty`.
    public mutating func nonEmptyField(_ key: String, _ value: some JSONEncodable & Collection) {
        if !value.isEmpty { field(key, value) }
    }

    /// Writes a value that writes itself.
    public mutating func write(_ value: some JSONEncodable) {
        value.encode(to: &self)
    }

    /// Writes a string.
    public mutating func write(_ text: String) {
        separate()
        quote(text)
        needsComma = true
    }

    /// Writes true or false.
    public mutating func write(_ value: Bool) {
        writeNumber(value ? "true" : "false")
    }

    /// Writes a number; one that JSON cannot say (infinite, not a number) is written as null.
    public mutating func write(_ value: Double) {
        writeNumber(value.isFinite ? "\(value)" : "null")
    }

    /// Writes null.
    public mutating func writeNull() {
        writeNumber("null")
    }

    /// Writes text that is a JSON token already.
    mutating func writeNumber(_ token: String) {
        separate()
        bytes.append(contentsOf: token.utf8)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
