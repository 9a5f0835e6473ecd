/// Reads JSON as the caller asks for it: no tree is made, and what is not asked for is skipped.
///
/// ```swift
/// try reader.beginObject()
/// while let key = try reader.nextKey() {
///     switch key {
///     case "name": name = try reader.read()
///     case "labels": labels = try reader.read()
///     default: try reader.skipValue()
///     }
/// }
/// ```
///
/// After every key and every `nextElement()` exactly one value must be read or skipped. The reader is strict (RFC 8259,
/// valid UTF-8, nothing after the value) and its depth is bounded; hostile bytes end in a `JSONError`.
public struct JSONReader: ~Copyable {
    /// Deeper nesting than this is an error.
    ///
    /// Kubernetes objects stay far below; the bound keeps recursion harmless.
    public static let maximumDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0
    private var depth = 0
    /// True right after an opening bracket, where no comma is due.
    ///
    /// One flag is enough for all levels: a nested container is always closed, and so past its first entry, when its
    /// parent goes on.
    private var isFirst = false
    /// Where long strings come from, when the caller has many objects of a kind to read.
    private var pool: StringPool?

    /// The bytes must outlive the reader, which `read(_:as:)` and `read(_:_:)` see to.
    private init(_ bytes: UnsafeBufferPointer<UInt8>, _ pool: StringPool?) {
        self.bytes = bytes
        self.pool = pool
    }

    /// Reads one value of a type that fills all of the bytes.
    public static func read<Value: JSONDecodable>(
        _ bytes: [UInt8],
        as type: Value.Type = Value.self,
        sharing pool: StringPool? = nil
    ) throws(JSONError) -> Value {
        try read(bytes, sharing: pool) { (reader: inout JSONReader) throws(JSONError) in try Value(from: &reader) }
    }

    /// Reads one value that fills all of the bytes, by the body; the reader is valid only inside it.
    public static func read<Value>(
        _ bytes: [UInt8],
        sharing pool: StringPool? = nil,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var reader = JSONReader(buffer, pool)
            do throws(JSONError) {
                let value = try body(&reader)
                try reader.end()
                return value
            } catch {
                throw error.located(in: buffer)
            }
        }
    }

    // MARK: Containers

    /// Enters an object.
    public mutating func beginObject() throws(JSONError) {
        try begin(UInt8(ascii: "{"), "an object")
    }

    /// The next key of the object, or nil at its end.
    public mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try nextEntry(closing: UInt8(ascii: "}")) else { return nil }
        guard offset < bytes.count else { throw truncated() }
        guard bytes[offset] == UInt8(ascii: "\"") else { throw malformed("expected a key") }
        let key = try scanKey()
        skipSpace()
        try expect(UInt8(ascii: ":"))
        return key
    }

    /// Enters an array.
    public mutating func beginArray() throws(JSONError) {
        try begin(UInt8(ascii: "["), "an array")
    }

    /// True when another element follows, false at the end of the array.
    public mutating func nextElement() throws(JSONError) -> Bool {
        try nextEntry(closing: UInt8(ascii: "]"))
    }

    // MARK: Values

    /// Reads a value of the type that the context wants.
    public mutating func read<Value: JSONDecodable>(_ type: Value.Type = Value.self) throws(JSONError) -> Value {
        try Value(from: &self)
    }

    /// Reads null if it is there; false when another value follows.
    public mutating func readNull() throws(JSONError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Reads true or false.
    public mutating func readBool() throws(JSONError) -> Bool {
        switch try peek() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw unexpected("true or false")
        }
    }

    /// Reads a string.
    public mutating func readString() throws(JSONError) -> String {
        guard try peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let (range, form) = try scanString()
        return try string(range, form)
    }

    /// Shares equal strings from here on, when it does not already.
    mutating func shareStrings() {
        if pool == nil { pool = StringPool() }
    }

    /// Reads an integer that fits the type; a fraction or an exponent is an error, as it is for the API server.
    public mutating func readInteger<Value: FixedWidthInteger>() throws(JSONError) -> Value {
        let start = offset
        let (range, isInteger) = try scanNumber()
        guard isInteger else { throw JSONError(.mismatch, "expected an integer", offset: start) }
        var value: Value = 0
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        for index in (isNegative ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound {
            let digit = Value(truncatingIfNeeded: bytes[index] &- UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || carry { throw JSONError(.mismatch, "the number does not fit \(Value.self)", offset: start) }
            value = sum
        }
        return value
    }

    /// Reads a number.
    public mutating func readDouble() throws(JSONError) -> Double {
        let start = offset
        let (range, _) = try scanNumber()
        guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else {
            throw JSONError(.mismatch, "the number is out of range", offset: start)
        }
        return value
    }

    /// Reads any value as a tree; this is how fields that a type does not know are kept.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            var fields: [String: JSONValue] = [:]
            try beginObject()
            while let key = try nextKey() { fields[key.string] = try readValue() }
            return .object(fields)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() { elements.append(try readValue()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try readBool())
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            let start = offset
            let (range, isInteger) = try scanNumber()
            let text = String(decoding: bytes[range], as: UTF8.self)
            if isInteger, let value = Int64(text) { return .integer(value) }
            guard let value = Double(text), value.isFinite else {
                throw JSONError(.mismatch, "the number is out of range", offset: start)
            }
            return .number(value)
        }
    }

    /// Reads one field of an object and skips the rest of it; nil when the field, or the object, is absent or null.
    public mutating func readField<Value: JSONDecodable>(
        _ name: StaticString,
        as type: Value.Type = Value.self
    ) throws(JSONError) -> Value? {
        if try readNull() { return nil }
        var value: Value?
        try beginObject()
        while let key = try nextKey() {
            if name ~= key { value = try read() } else { try skipValue() }
        }
        return value
    }

    /// Passes over any value.
    public mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextEntry(closing: UInt8(ascii: "}")) {
                guard offset < bytes.count else { throw truncated() }
                guard bytes[offset] == UInt8(ascii: "\"") else { throw malformed("expected a key") }
                _ = try scanString()
                skipSpace()
                try expect(UInt8(ascii: ":"))
                try skipValue()
            }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skipValue() }
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: _ = try scanNumber()
        }
    }

    // MARK: Going back

    /// A place to come back to.
    public struct Mark {
        fileprivate let offset: Int
        fileprivate let depth: Int
        fileprivate let isFirst: Bool
    }

    /// Where the reader stands: to read a value again, or after something that follows it.
    public var mark: Mark { Mark(offset: offset, depth: depth, isFirst: isFirst) }

    /// Goes back to a mark of this reader.
    public mutating func reset(to mark: Mark) {
        offset = mark.offset
        depth = mark.depth
        isFirst = mark.isFirst
    }

    // MARK: Errors

    /// An error at this place for a value whose meaning is wrong.
    public func mismatch(_ message: String) -> JSONError {
        JSONError(.mismatch, message, offset: offset)
    }

    private func truncated() -> JSONError {
        JSONError(.truncated, "the document ends too early", offset: bytes.count)
    }

    private func malformed(_ message: String) -> JSONError {
        JSONError(.malformed, message, offset: offset)
    }

    private func unexpected(_ wanted: String) -> JSONError {
        guard offset < bytes.count else { return truncated() }
        let found =
            switch bytes[offset] {
            case UInt8(ascii: "{"): "an object"
            case UInt8(ascii: "["): "an array"
            case UInt8(ascii: "\""): "a string"
            case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
            case UInt8(ascii: "n"): "null"
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
            default: ""
            }
        if found.isEmpty { return malformed("expected \(wanted)") }
        return JSONError(.mismatch, "expected \(wanted), found \(found)", offset: offset)
    }

    // MARK: Scanning

    private mutating func end() throws(JSONError) {
        skipSpace()
        guard offset == bytes.count else { throw malformed("there is something after the value") }
    }

    private mutating func begin(_ bracket: UInt8, _ wanted: String) throws(JSONError) {
        guard try peek() == bracket else { throw unexpected(wanted) }
        guard depth < Self.maximumDepth else { throw JSONError(.tooDeep, "nested too deep", offset: offset) }
        depth += 1
        offset += 1
        isFirst = true
    }

    /// Passes the comma, or the closing bracket, and stands at the next entry.
    private mutating func nextEntry(closing bracket: UInt8) throws(JSONError) -> Bool {
        let byte = try peek()
        if byte == bracket {
            offset += 1
            depth -= 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw malformed("expected a comma or the end of the container") }
        offset += 1
        skipSpace()
        guard offset < bytes.count, bytes[offset] != bracket else { throw malformed("expected another entry") }
        return true
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            offset += 1
        }
    }

    /// The first byte of the next value.
    private mutating func peek() throws(JSONError) -> UInt8 {
        skipSpace()
        guard offset < bytes.count else { throw truncated() }
        return bytes[offset]
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard offset < bytes.count else { throw truncated() }
        guard bytes[offset] == byte else { throw malformed("expected '\(Character(UnicodeScalar(byte)))'") }
        offset += 1
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard offset + index < bytes.count else { throw truncated() }
            guard bytes[offset + index] == text.utf8Start[index] else { throw malformed("expected \(text)") }
        }
        offset += text.utf8CodeUnitCount
    }

    /// What the bytes of a string need before they are text.
    private enum StringForm {
        case ascii
        case unicode
        case escaped
    }

    /// Passes a string, opening quote included, and tells where its content is.
    private mutating func scanString() throws(JSONError) -> (Range<Int>, StringForm) {
        let start = offset + 1
        var index = start
        var form = StringForm.ascii
        while true {
            index = plainEnd(from: index)
            guard index < bytes.count else { throw truncated() }
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                offset = index + 1
                return (start..<index, form)
            }
            if byte == UInt8(ascii: "\\") {
                form = .escaped
                index += 2
                continue
            }
            if byte < 0x20 {
                offset = index
                throw malformed("a control character in a string")
            }
            if byte >= 0x80, form == .ascii { form = .unicode }
            index += 1
        }
    }

    /// The next byte of a string that is not plain ASCII text, eight bytes at a time: most of a list is strings that
    /// nobody wants, and passing over them is most of the work.
    private func plainEnd(from start: Int) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        while index + 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // A byte's top bit is set where the byte was zero, or less than what is subtracted. A borrow may set bits
            // further up too, but the lowest one that is set is right.
            let quotes = word ^ (ones * 0x22)
            let escapes = word ^ (ones * 0x5C)
            let found =
                ((quotes &- ones) & ~quotes | (escapes &- ones) & ~escapes | (word &- ones * 0x20) & ~word | word)
                & (ones * 0x80)
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < raw.count {
            let byte = raw[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
    }

    private mutating func scanKey() throws(JSONError) -> JSONKey {
        let (range, form) = try scanString()
        if form == .ascii { return JSONKey(bytes: UnsafeBufferPointer(rebasing: bytes[range]), pool) }
        return JSONKey(decoded: try string(range, form))
    }

    private func string(_ range: Range<Int>, _ form: StringForm) throws(JSONError) -> String {
        switch form {
        case .ascii:
            let text = UnsafeBufferPointer(rebasing: bytes[range])
            // Shorter ones have no memory of their own; much longer ones are seldom equal.
            if let pool, (16...256).contains(text.count) { return pool.string(text) }
            return String(decoding: text, as: UTF8.self)
        case .unicode: return try validated(UnsafeBufferPointer(rebasing: bytes[range]), at: range.lowerBound)
        case .escaped: return try unescaped(range)
        }
    }

    private func validated(_ text: some Collection<UInt8>, at start: Int) throws(JSONError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else {
            throw JSONError(.malformed, "a string that is not UTF-8", offset: start)
        }
        return string
    }

    private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            // The scan saw to it that a byte follows each backslash.
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var code = try hexadecimal(index, range.upperBound)
                index += 4
                if (0xD800..<0xDC00).contains(code) {
                    guard index + 6 <= range.upperBound, bytes[index] == UInt8(ascii: "\\"),
                        bytes[index + 1] == UInt8(ascii: "u")
                    else { throw JSONError(.malformed, "half of a surrogate pair", offset: index) }
                    let low = try hexadecimal(index + 2, range.upperBound)
                    guard (0xDC00..<0xE000).contains(low) else {
                        throw JSONError(.malformed, "half of a surrogate pair", offset: index)
                    }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                guard let scalar = UnicodeScalar(code) else {
                    throw JSONError(.malformed, "half of a surrogate pair", offset: index)
                }
                text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            default: throw JSONError(.malformed, "an unknown escape", offset: index - 1)
            }
        }
        return try validated(text, at: range.lowerBound)
    }

    private func hexadecimal(_ start: Int, _ end: Int) throws(JSONError) -> UInt32 {
        guard start + 4 <= end else { throw JSONError(.malformed, "an incomplete escape", offset: start) }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let digit: UInt8
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
            default: throw JSONError(.malformed, "not a hexadecimal digit", offset: index)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Passes a number and tells whether it is written as an integer.
    private mutating func scanNumber() throws(JSONError) -> (Range<Int>, isInteger: Bool) {
        let first = try peek()
        guard first == UInt8(ascii: "-") || isDigit(offset) else { throw unexpected("a number") }
        let start = offset
        var index = offset
        if first == UInt8(ascii: "-") { index += 1 }
        let integer = index
        while isDigit(index) { index += 1 }
        guard index > integer else { throw index < bytes.count ? malformed("a number without digits") : truncated() }
        if index - integer > 1, bytes[integer] == UInt8(ascii: "0") { throw malformed("a number with leading zeros") }
        var isInteger = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            let fraction = index
            while isDigit(index) { index += 1 }
            guard index > fraction else { throw malformed("a number without digits after the point") }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            let exponent = index
            while isDigit(index) { index += 1 }
            guard index > exponent else { throw malformed("a number without digits in its exponent") }
        }
        offset = index
        return (start..<index, isInteger)
    }

    private func isDigit(_ index: Int) -> Bool {
        index < bytes.count && bytes[index] &- UInt8(ascii: "0") < 10
    }
}

/// A key of an object, compared without making a string of it.
///
/// Valid until the reader's body returns: keep `string`, not the key.
public struct JSONKey {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let pool: StringPool?
    /// Set when the key has escapes or is not ASCII.
    private let decoded: String?

    init(bytes: UnsafeBufferPointer<UInt8>, _ pool: StringPool?) {
        self.bytes = bytes
        self.pool = pool
        self.decoded = nil
    }

    init(decoded: String) {
        self.bytes = UnsafeBufferPointer(start: nil, count: 0)
        self.pool = nil
        self.decoded = decoded
    }

    /// The key as text.
    public var string: String {
        if let decoded { return decoded }
        if let pool, (16...256).contains(bytes.count) { return pool.string(bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lets a `switch` over a key have string literals as its cases.
    public static func ~= (pattern: StaticString, key: JSONKey) -> Bool {
        if let decoded = key.decoded {
            return pattern.withUTF8Buffer { decoded.utf8.elementsEqual($0) }
        }
        guard pattern.utf8CodeUnitCount == key.bytes.count else { return false }
        for index in 0..<key.bytes.count where key.bytes[index] != pattern.utf8Start[index] { return false }
        return true
    }
}
