/// A whole event, owned.
///
/// For events that are made, and for the few that are kept; the hot path borrows instead.
public struct Event: Hashable, Sendable {
    /// The header, also the first bytes of `bytes`.
    public let header: EventHeader
    /// All bytes, header and checksum included.
    public let bytes: [UInt8]

    /// Takes the bytes of one whole event, after checking length and checksum.
    public init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        self.header = try bytes.withUnsafeBytes { raw in
            let header = try EventHeader(raw)
            guard header.length == raw.count else {
                throw BinaryLogError.malformed("an event with bytes after its end")
            }
            try Event.verify(raw, header)
            return header
        }
    }

    /// Builds an event from a body and gives it length and checksum.
    public init(
        type: EventType,
        timestamp: UInt32,
        serverID: UInt32,
        endPosition: UInt32 = 0,
        flags: EventFlags = [],
        body: [UInt8]
    ) {
        let length = EventHeader.minimumLength + body.count
        let header = EventHeader(
            timestamp: timestamp,
            type: type,
            serverID: serverID,
            length: length,
            endPosition: endPosition,
            flags: flags
        )
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        header.write(to: &bytes)
        bytes.append(contentsOf: body)
        let crc = bytes.withUnsafeBytes { CRC32.checksum($0) }
        bytes.append(little: crc)
        self.header = header
        self.bytes = bytes
    }

    /// What stands between header and checksum.
    public var body: ArraySlice<UInt8> { bytes[EventHeader.size..<bytes.count - EventHeader.checksumSize] }

    /// The same event ending at another position, with its new checksum.
    public func ending(at position: UInt64) -> Event {
        Event(
            type: header.type,
            timestamp: header.timestamp,
            serverID: header.serverID,
            endPosition: UInt32(truncatingIfNeeded: position),
            flags: header.flags,
            body: Array(body)
        )
    }

    /// Checks a whole event's CRC32.
    @inline(__always)
    static func verify(_ bytes: UnsafeRawBufferPointer, _ header: EventHeader) throws(BinaryLogError) {
        let end = bytes.count - EventHeader.checksumSize
        guard CRC32.checksum(bytes.part(0..<end)) == bytes.unchecked(end, as: UInt32.self) else {
            throw .checksumMismatch(event: header.type, position: header.endPosition)
        }
    }

    /// Gives a whole event in place another end position, and the checksum that follows from it.
    public static func relocate(_ bytes: UnsafeMutableRawBufferPointer, endPosition: UInt32) {
        precondition(bytes.count >= EventHeader.minimumLength)
        bytes.storeBytes(of: endPosition.littleEndian, toByteOffset: EventHeader.positionOffset, as: UInt32.self)
        let end = bytes.count - EventHeader.checksumSize
        let crc = CRC32.checksum(UnsafeRawBufferPointer(start: bytes.baseAddress, count: end))
        bytes.storeBytes(of: crc.littleEndian, toByteOffset: end, as: UInt32.self)
    }
}
