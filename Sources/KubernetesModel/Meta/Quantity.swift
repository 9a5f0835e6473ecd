/// An amount with a unit, for example `100Mi`, `1.5` or `250m`; the text is kept as it was written.
///
/// Two quantities are equal when their amounts are: `1Gi` equals `1024Mi`.
public struct Quantity: Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// As it was written.
    public let description: String
    /// The amount in units of 10⁻⁹, rounded up, which is the precision that Kubernetes has.
    public let nano: Int128

    /// Parses an amount; nil when the text is none or too large.
    public init?(_ description: String) {
        let text = Array(description.utf8)
        var index = 0
        var isNegative = false
        if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            index = 1
        }
        var digits: Int128 = 0
        var decimals = 0
        var seen = 0
        var isFraction = false
        while index < text.count {
            if text[index] == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if text[index] &- UInt8(ascii: "0") < 10 {
                // 27 digits say everything from nano to exa; more would overflow.
                guard digits < 1_000_000_000_000_000_000_000_000_000 else { return nil }
                digits = digits * 10 + Int128(text[index] - UInt8(ascii: "0"))
                seen += 1
                if isFraction { decimals += 1 }
            } else {
                break
            }
            index += 1
        }
        guard seen > 0, let unit = Self.unit(String(decoding: text[index...], as: UTF8.self)) else { return nil }
        // digits * binary * 10^(decimal - decimals) * 10^9
        var (amount, overflow) = digits.multipliedReportingOverflow(by: unit.binary)
        var exponent = unit.decimal - decimals + 9
        while exponent > 0, !overflow {
            (amount, overflow) = amount.multipliedReportingOverflow(by: 10)
            exponent -= 1
        }
        guard !overflow else { return nil }
        while exponent < 0 {
            amount = amount / 10 + (amount % 10 > 0 ? 1 : 0)
            exponent += 1
        }
        self.description = description
        self.nano = isNegative ? -amount : amount
    }

    /// A whole amount without a unit.
    public init(_ value: Int64) {
        description = String(value)
        nano = Int128(value) * 1_000_000_000
    }

    /// The whole amount, rounded up: bytes of a size, cores of a CPU request.
    ///
    /// Nil when it does not fit 64 bits.
    public var value: Int64? {
        let (quotient, remainder) = nano.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int64(exactly: remainder > 0 ? quotient + 1 : quotient)
    }

    private static func unit(_ suffix: String) -> (binary: Int128, decimal: Int)? {
        switch suffix {
        case "": return (1, 0)
        case "n": return (1, -9)
        case "u": return (1, -6)
        case "m": return (1, -3)
        case "k": return (1, 3)
        case "M": return (1, 6)
        case "G": return (1, 9)
        case "T": return (1, 12)
        case "P": return (1, 15)
        case "E": return (1, 18)
        case "Ki": return (1 << 10, 0)
        case "Mi": return (1 << 20, 0)
        case "Gi": return (1 << 30, 0)
        case "Ti": return (1 << 40, 0)
        case "Pi": return (1 << 50, 0)
        case "Ei": return (1 << 60, 0)
        default:
            guard let mark = suffix.first, mark == "e" || mark == "E", let exponent = Int(suffix.dropFirst()),
                (-30...30).contains(exponent)
            else { return nil }
            return (1, exponent)
        }
    }
}

extension Quantity: Hashable, Comparable {
    /// Equal when the amounts are, however they are written.
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nano == right.nano }
    /// Orders by amount.
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nano < right.nano }
    /// Hashes the amount.
    public func hash(into hasher: inout Hasher) { hasher.combine(nano) }
}

extension Quantity: JSONCodable {
    /// A quantity is a string, or a bare number.
    public init(from reader: inout JSONReader) throws(JSONError) {
        let value = try reader.readValue()
        let text: String
        switch value {
        case .string(let string): text = string
        case .integer(let integer): text = String(integer)
        case .number(let number): text = String(number)
        default: throw reader.mismatch("expected a quantity")
        }
        guard let quantity = Quantity(text) else { throw reader.mismatch("'\(text)' is not a quantity") }
        self = quantity
    }

    /// Writes it as the API does, for example `100Mi`.
    public func encode(to writer: inout JSONWriter) { writer.write(description) }
}
