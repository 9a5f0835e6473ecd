/// The CRC-32 of zlib and of MariaDB's binlog (polynomial 0xEDB88320), sixteen bytes a step.
///
/// Checksums are computed twice for every byte that enters a log, once to verify the sender's and once for the event
/// with its new position, so this is the innermost loop of the module.
public enum CRC32 {
    /// The checksum of some bytes, or of more bytes after those that gave `crc`.
    public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        let table = tables
        var state = ~crc
        guard var pointer = bytes.baseAddress else { return crc }
        var left = bytes.count
        while left >= 16 {
            let low = UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self)) ^ UInt64(state)
            let high = UInt64(littleEndian: pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            state = fold(low, table + 8 * 256) ^ fold(high, table)
            pointer += 16
            left -= 16
        }
        if left >= 8 {
            state = fold(UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self)) ^ UInt64(state), table)
            pointer += 8
            left -= 8
        }
        while left > 0 {
            state = table[Int((state ^ UInt32(pointer.load(as: UInt8.self))) & 0xFF)] ^ (state >> 8)
            pointer += 1
            left -= 1
        }
        return ~state
    }

    @inline(__always)
    private static func fold(_ word: UInt64, _ table: UnsafePointer<UInt32>) -> UInt32 {
        let first = table[7 * 256 + Int(word & 0xFF)] ^ table[6 * 256 + Int((word >> 8) & 0xFF)]
        let second = table[5 * 256 + Int((word >> 16) & 0xFF)] ^ table[4 * 256 + Int((word >> 24) & 0xFF)]
        let third = table[3 * 256 + Int((word >> 32) & 0xFF)] ^ table[2 * 256 + Int((word >> 40) & 0xFF)]
        let fourth = table[256 + Int((word >> 48) & 0xFF)] ^ table[Int(word >> 56)]
        return (first ^ second) ^ (third ^ fourth)
    }

    /// Table k has the checksum of a byte that is followed by k zero bytes.
    ///
    /// Filled once and never written again or freed, which is why sharing the pointer is safe.
    nonisolated(unsafe) private static let tables: UnsafePointer<UInt32> = {
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 16 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<16 * 256 {
            let previous = tables[index - 256]
            tables[index] = tables[Int(previous & 0xFF)] ^ (previous >> 8)
        }
        return UnsafePointer(tables)
    }()
}
