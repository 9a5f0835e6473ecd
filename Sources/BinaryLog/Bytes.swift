/// Reads little-endian values one after the other; every read is checked against the end of the bytes.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - offset }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(BinaryLogError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw .malformed("bytes end inside a number") }
        let value = T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        offset += MemoryLayout<T>.size
        return value
    }

    mutating func uint8() throws(BinaryLogError) -> UInt8 { try integer(UInt8.self) }
    mutating func uint16() throws(BinaryLogError) -> UInt16 { try integer(UInt16.self) }
    mutating func uint32() throws(BinaryLogError) -> UInt32 { try integer(UInt32.self) }
    mutating func uint64() throws(BinaryLogError) -> UInt64 { try integer(UInt64.self) }

    mutating func skip(_ count: Int) throws(BinaryLogError) {
        _ = try take(count)
    }

    /// The next `count` bytes, borrowed.
    mutating func take(_ count: Int) throws(BinaryLogError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw .malformed("bytes end inside a field of \(count)") }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        offset += count
        return slice
    }

    /// Everything that is left, borrowed.
    mutating func rest() -> UnsafeRawBufferPointer {
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        offset = bytes.count
        return slice
    }

    /// Bytes up to a NUL, which is consumed and not returned.
    mutating func untilNUL() throws(BinaryLogError) -> UnsafeRawBufferPointer {
        var end = offset
        while end < bytes.count, bytes[end] != 0 { end += 1 }
        guard end < bytes.count else { throw .malformed("a string without its NUL") }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
        offset = end + 1
        return slice
    }

    /// MySQL's length-encoded integer.
    ///
    /// The NULL marker is not a number and is refused.
    mutating func lengthEncoded() throws(BinaryLogError) -> UInt64 {
        switch try uint8() {
        case let small where small < 0xFB: return UInt64(small)
        case 0xFC: return UInt64(try uint16())
        case 0xFD: return UInt64(try uint16()) | UInt64(try uint8()) << 16
        case 0xFE: return try uint64()
        default: throw .malformed("not a length")
        }
    }
}

extension String {
    /// Text from a peer; bytes that are not UTF-8 become replacement characters.
    init(lossy bytes: UnsafeRawBufferPointer) {
        self = String(decoding: bytes, as: UTF8.self)
    }
}

extension UnsafeRawBufferPointer {
    /// A little-endian number.
    ///
    /// The caller has checked the bounds.
    @inline(__always)
    func unchecked<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
        assert(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The part of these bytes in a range that the caller has checked.
    @inline(__always)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        assert(range.lowerBound >= 0 && range.upperBound <= count)
        return UnsafeRawBufferPointer(start: baseAddress.map { $0 + range.lowerBound }, count: range.count)
    }
}

extension [UInt8] {
    /// Appends a number in little-endian order.
    mutating func append<T: FixedWidthInteger>(little value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends the low 24 bits.
    mutating func append(little24 value: Int) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value >> 16))
    }

    /// Appends MySQL's length-encoded integer.
    mutating func append(lengthEncoded value: Int) {
        switch value {
        case ..<0xFB:
            append(UInt8(value))
        case ..<0x1_0000:
            append(0xFC)
            append(little: UInt16(value))
        case ..<0x100_0000:
            append(0xFD)
            append(little24: value)
        default:
            append(0xFE)
            append(little: UInt64(value))
        }
    }

    /// Appends a length-encoded string.
    mutating func append(lengthEncoded text: some StringProtocol) {
        append(lengthEncoded: text.utf8.count)
        append(contentsOf: text.utf8)
    }

    /// Overwrites a number in little-endian order.
    mutating func store<T: FixedWidthInteger>(little value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self) }
    }
}
