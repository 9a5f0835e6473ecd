/// A moment, as Kubernetes writes it: RFC 3339 in UTC, by the second (`Time`) or by the microsecond (`MicroTime`).
public struct Time: Hashable, Comparable, Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// The rest, 0 ..< 1,000,000,000.
    public var nanoseconds: Int32

    /// Makes a moment from its seconds and the rest.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    public static func < (left: Time, right: Time) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The time that has passed since another moment; negative when that one is later.
    public func since(_ other: Time) -> Duration {
        .seconds(seconds - other.seconds) + .nanoseconds(Int64(nanoseconds) - Int64(other.nanoseconds))
    }

    /// The moment that much later, or earlier for a negative duration.
    public func advanced(by duration: Duration) -> Time {
        let (whole, attoseconds) = duration.components
        let total = Int64(nanoseconds) + attoseconds / 1_000_000_000
        let carry = total.floorDivided(by: 1_000_000_000)
        return Time(seconds: seconds + whole + carry, nanoseconds: Int32(total - carry * 1_000_000_000))
    }

    /// The moment without its fraction of a second, as it comes back from the API server.
    public var wholeSeconds: Time { Time(seconds: seconds) }
}

extension Time: CustomStringConvertible, LosslessStringConvertible {
    /// Parses RFC 3339, with any offset and any fraction; nil when the text is anything else.
    public init?(_ description: String) {
        let text = Array(description.utf8)
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let year = Self.number(text[0..<4]), let month = Self.number(text[5..<7]),
            let day = Self.number(text[8..<10]), let hour = Self.number(text[11..<13]),
            let minute = Self.number(text[14..<16]), let second = Self.number(text[17..<19]),
            (1...12).contains(month), day >= 1, day <= Self.days(year, month), hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        var nanoseconds: Int32 = 0
        if text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            var scale: Int32 = 100_000_000
            while index < text.count, let digit = Self.number(text[index...index]) {
                nanoseconds += Int32(digit) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard index < text.count else { return nil }
        var offset: Int64 = 0
        if text[index] | 0x20 == UInt8(ascii: "z") {
            guard index == text.count - 1 else { return nil }
        } else {
            guard text.count == index + 6, text[index + 3] == UInt8(ascii: ":"),
                let hours = Self.number(text[index + 1..<index + 3]), hours < 24,
                let minutes = Self.number(text[index + 4..<index + 6]), minutes < 60
            else { return nil }
            switch text[index] {
            case UInt8(ascii: "+"): offset = hours * 3600 + minutes * 60
            case UInt8(ascii: "-"): offset = -(hours * 3600 + minutes * 60)
            default: return nil
            }
        }
        self.init(
            seconds: Self.daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset,
            nanoseconds: nanoseconds
        )
    }

    /// By the second, for example `2025-03-01T12:00:00Z`.
    public var description: String { text(fraction: "") }

    /// By the microsecond, as `MicroTime` fields want it, for example `2025-03-01T12:00:00.000000Z`.
    public var microseconds: String {
        let digits = String(nanoseconds / 1000)
        return text(fraction: "." + String(repeating: "0", count: 6 - digits.count) + digits)
    }

    private func text(fraction: String) -> String {
        let day = seconds.floorDivided(by: 86400)
        let rest = seconds - day * 86400
        let date = Self.date(day)
        func pad(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return pad(date.year, 4) + "-" + pad(date.month, 2) + "-" + pad(date.day, 2) + "T" + pad(rest / 3600, 2) + ":"
            + pad(rest / 60 % 60, 2) + ":" + pad(rest % 60, 2) + fraction + "Z"
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard digit &- UInt8(ascii: "0") < 10 else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        let next = month == 12 ? (year + 1, Int64(1)) : (year, month + 1)
        return daysSince1970(next.0, next.1, 1) - daysSince1970(year, month, 1)
    }

    // Days and dates of the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March, so that
    // the leap day is the last of its year (Howard Hinnant, "chrono-compatible low-level date algorithms").

    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let era = days.floorDivided(by: 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Time: JSONCodable {
    /// Reads a time in the form of RFC 3339.
    public init(from reader: inout JSONReader) throws(JSONError) {
        let text = try reader.readString()
        guard let value = Time(text) else { throw reader.mismatch("'\(text)' is not a time (RFC 3339)") }
        self = value
    }

    /// Writes it in the form of RFC 3339, in whole seconds.
    public func encode(to writer: inout JSONWriter) { writer.write(description) }
}

/// A moment in a field that has microseconds: those of leases and events.
public struct MicroTime: Hashable, Comparable, Sendable, JSONCodable {
    /// The moment.
    public var time: Time

    /// Wraps a moment, without what is finer than a microsecond, as it comes back from the API server.
    public init(_ time: Time) {
        self.time = Time(seconds: time.seconds, nanoseconds: time.nanoseconds / 1000 * 1000)
    }

    /// Whole milliseconds since another moment; negative when that one is later.
    public func milliseconds(since other: MicroTime) -> Int {
        let (seconds, attoseconds) = time.since(other.time).components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// Orders by time.
    public static func < (left: MicroTime, right: MicroTime) -> Bool { left.time < right.time }

    /// Reads a time in the form of RFC 3339.
    public init(from reader: inout JSONReader) throws(JSONError) { self.init(try reader.read()) }
    /// Writes it in the form of RFC 3339, with six digits of the second.
    public func encode(to writer: inout JSONWriter) { writer.write(time.microseconds) }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
