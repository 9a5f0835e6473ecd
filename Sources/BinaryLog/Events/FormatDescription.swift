/// The event that begins every file: which server wrote it, and how its events are laid out.
public struct FormatDescription: Hashable, Sendable {
    /// The event as it stands in a segment: neither in use nor artificial, and without a creation time.
    ///
    /// A replica that reads a creation time believes that its master has just started, and drops the temporary tables of
    /// its sessions. A new segment is no restart, so there is none.
    public let event: Event
    /// The version of the server that wrote it.
    public let serverVersion: String

    private static let versionOffset = EventHeader.size + 2
    private static let versionSize = 50
    private static let createdOffset = EventHeader.size + 52
    private static let headerLengthOffset = EventHeader.size + 56

    /// Reads a whole FORMAT_DESCRIPTION event, and refuses those of binlogs without CRC32.
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        // After the lengths of the event types stands the checksum algorithm, and then the checksum.
        guard header.type == .formatDescription, bytes.count >= Self.headerLengthOffset + 1 + 4 + 1 + 4 else {
            throw .malformed("a format description that is short")
        }
        let version = bytes.unchecked(EventHeader.size, as: UInt16.self)
        guard version == 4 else { throw .unsupported("binlog version \(version)") }
        guard bytes[Self.headerLengthOffset] == EventHeader.size else {
            throw .unsupported("event headers of \(bytes[Self.headerLengthOffset]) bytes")
        }
        guard bytes[bytes.count - 5] == 1 else {
            throw .unsupported("a binlog without CRC32 checksums; set binlog_checksum=CRC32")
        }
        try Self.verify(bytes, header)
        let text = bytes.part(Self.versionOffset..<Self.versionOffset + Self.versionSize)
        serverVersion = String(lossy: text.part(0..<(text.firstIndex(of: 0) ?? text.count)))
        var body = Array(bytes.part(EventHeader.size..<bytes.count - EventHeader.checksumSize))
        body.store(little: UInt32(0), at: Self.createdOffset - EventHeader.size)
        event = Event(
            type: .formatDescription,
            timestamp: header.timestamp,
            serverID: header.serverID,
            flags: header.flags.subtracting([.inUse, .artificial, .relayLog]),
            body: body
        )
    }

    /// A server sets the flag "in use" in its file without a new checksum, and takes it away in the same way.
    private static func verify(_ bytes: UnsafeRawBufferPointer, _ header: EventHeader) throws(BinaryLogError) {
        let end = bytes.count - EventHeader.checksumSize
        let flags = header.flags.subtracting(.inUse).rawValue
        var crc = CRC32.checksum(bytes.part(0..<EventHeader.size - 2))
        crc = withUnsafeBytes(of: flags.littleEndian) { CRC32.checksum($0, continuing: crc) }
        crc = CRC32.checksum(bytes.part(EventHeader.size..<end), continuing: crc)
        guard crc == bytes.unchecked(end, as: UInt32.self) else {
            throw .checksumMismatch(event: header.type, position: header.endPosition)
        }
    }

    /// What MariaDB 10.11 writes, for a log that begins before any server has written to it.
    public init(serverVersion: String = "10.11.0-MariaDB-log", timestamp: UInt32, serverID: UInt32) {
        var body: [UInt8] = []
        body.append(little: UInt16(4))
        let version = Array(serverVersion.utf8.prefix(Self.versionSize - 1))
        body.append(contentsOf: version + [UInt8](repeating: 0, count: Self.versionSize - version.count))
        body.append(little: UInt32(0))
        body.append(UInt8(EventHeader.size))
        body.append(contentsOf: Self.postHeaderLengths)
        body.append(1)
        self.serverVersion = String(decoding: version, as: UTF8.self)
        event = Event(type: .formatDescription, timestamp: timestamp, serverID: serverID, body: body)
    }

    /// Whether events written after one of the two can be read after the other.
    public func describesSameFormat(as other: FormatDescription) -> Bool {
        event.body == other.event.body
    }

    /// How long the fixed part of each of MariaDB 10.11's 171 event types is, from type 1.
    private static let postHeaderLengths: [UInt8] = {
        var lengths: [UInt8] = [
            0x38, 0x0D, 0x00, 0x08, 0x00, 0x12, 0x00, 0x04, 0x04, 0x04, 0x04, 0x12, 0x00, 0x00, 0xE4, 0x00,
            0x04, 0x1A, 0x08, 0x00, 0x00, 0x00, 0x08, 0x08, 0x08, 0x02, 0x00, 0x00, 0x00, 0x0A, 0x0A, 0x0A,
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0A, 0x0A, 0x0A,
        ]
        lengths.append(contentsOf: [UInt8](repeating: 0, count: 159 - lengths.count))
        lengths.append(contentsOf: [0x00, 0x04, 0x13, 0x04, 0x00, 0x0D, 0x08, 0x08, 0x08, 0x0A, 0x0A, 0x0A])
        return lengths
    }()
}
