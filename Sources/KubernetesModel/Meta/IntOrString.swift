/// A port by number or by name, or an amount that is a number or a percentage.
public enum IntOrString: Hashable, Sendable, JSONCodable, CustomStringConvertible {
    case int(Int32)
    case string(String)

    /// Reads a number or a string.
    public init(from reader: inout JSONReader) throws(JSONError) {
        switch try reader.readValue() {
        case .string(let text): self = .string(text)
        case .integer(let number):
            guard let value = Int32(exactly: number) else { throw reader.mismatch("the number does not fit 32 bits") }
            self = .int(value)
        default: throw reader.mismatch("expected an integer or a string")
        }
    }

    /// Writes a number or a string.
    public func encode(to writer: inout JSONWriter) {
        switch self {
        case .int(let value): writer.write(value)
        case .string(let text): writer.write(text)
        }
    }

    /// As a person writes it.
    public var description: String {
        switch self {
        case .int(let value): String(value)
        case .string(let text): text
        }
    }
}
