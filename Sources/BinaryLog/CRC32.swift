import CDeflate

/// The CRC-32 of zlib, of MariaDB's binlog and of its backups (polynomial 0xEDB88320).
///
/// Checksums are computed twice for every byte that enters a log, once to verify the sender's and once for the event
/// with its new position, and once for every byte of a copy: this is their innermost loop.
public enum CRC32 {
    /// The checksum of some bytes, or of more bytes after those that gave `crc`.
    public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        guard let pointer = bytes.baseAddress else { return crc }
        return libdeflate_crc32(crc, pointer, bytes.count)
    }
}
