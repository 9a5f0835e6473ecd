/// Flags in an event's header.
public struct EventFlags: OptionSet, Hashable, Sendable {
    /// The bits on the wire.
    public let rawValue: UInt16

    /// Flags from their bits.
    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The file is being written, or was not closed in an orderly way (FORMAT_DESCRIPTION only).
    public static let inUse = EventFlags(rawValue: 0x01)
    /// The statement needs no `USE`.
    public static let suppressUse = EventFlags(rawValue: 0x08)
    /// Made for one stream: in no file.
    public static let artificial = EventFlags(rawValue: 0x20)
    /// Written by a replica into its relay log.
    public static let relayLog = EventFlags(rawValue: 0x40)
    /// A replica that does not know the type may skip the event.
    public static let ignorable = EventFlags(rawValue: 0x80)
}

/// The 19 bytes at the begin of every event.
public struct EventHeader: Hashable, Sendable {
    /// How long a header is.
    public static let size = 19
    /// How long the CRC32 at the end of every event is.
    public static let checksumSize = 4
    /// The shortest event: a header and a checksum.
    public static let minimumLength = size + checksumSize
    /// The longest event that is accepted: MariaDB's largest `slave_max_allowed_packet` and room for its own fields.
    public static let maximumLength = (1 << 30) + (1 << 20)
    /// Where the end position stands in a header.
    static let positionOffset = 13

    /// Seconds since 1970 by the clock of the server that wrote the event; 0 in artificial events.
    public var timestamp: UInt32
    /// What the event is.
    public var type: EventType
    /// The server that wrote the event.
    public var serverID: UInt32
    /// Bytes of the whole event, header and checksum included.
    public var length: Int
    /// Where the event ends in its file; the low 32 bits of it.
    public var endPosition: UInt32
    /// Flags.
    public var flags: EventFlags

    /// A header of an event to be built.
    public init(
        timestamp: UInt32,
        type: EventType,
        serverID: UInt32,
        length: Int,
        endPosition: UInt32 = 0,
        flags: EventFlags = []
    ) {
        self.timestamp = timestamp
        self.type = type
        self.serverID = serverID
        self.length = length
        self.endPosition = endPosition
        self.flags = flags
    }

    /// Reads a header; refuses lengths that no event has.
    @inline(__always)
    public init(_ bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        guard bytes.count >= Self.size else { throw .malformed("an event header of \(bytes.count) bytes") }
        self.timestamp = bytes.unchecked(0, as: UInt32.self)
        self.type = EventType(rawValue: bytes.unchecked(4, as: UInt8.self))
        self.serverID = bytes.unchecked(5, as: UInt32.self)
        self.length = Int(bytes.unchecked(9, as: UInt32.self))
        self.endPosition = bytes.unchecked(Self.positionOffset, as: UInt32.self)
        self.flags = EventFlags(rawValue: bytes.unchecked(17, as: UInt16.self))
        guard length >= Self.minimumLength else { throw .malformed("a \(type) event of \(length) bytes") }
        guard length <= Self.maximumLength else {
            throw .tooLong(what: "a \(type) event", length: length, limit: Self.maximumLength)
        }
    }

    func write(to bytes: inout [UInt8]) {
        bytes.append(little: timestamp)
        bytes.append(type.rawValue)
        bytes.append(little: serverID)
        bytes.append(little: UInt32(truncatingIfNeeded: length))
        bytes.append(little: endPosition)
        bytes.append(little: flags.rawValue)
    }
}
