public import XDB

/// The event that begins every transaction.
public struct GTIDEvent: Hashable, Sendable {
    /// What follows the GTID.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits on the wire.
        public let rawValue: UInt8

        /// Flags from their bits.
        @inlinable
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// One statement without a COMMIT at the end.
        public static let standalone = Flags(rawValue: 0x01)
        /// A group commit id follows.
        public static let groupCommitID = Flags(rawValue: 0x02)
        /// The group can be rolled back.
        public static let transactional = Flags(rawValue: 0x04)
        /// May be applied in parallel with its neighbours.
        public static let allowParallel = Flags(rawValue: 0x08)
        /// The transaction waited for a lock.
        public static let waited = Flags(rawValue: 0x10)
        /// A data definition statement.
        public static let ddl = Flags(rawValue: 0x20)
        /// An XA PREPARE; an XID follows.
        public static let preparedXA = Flags(rawValue: 0x40)
        /// An XA COMMIT or ROLLBACK; an XID follows.
        public static let completedXA = Flags(rawValue: 0x80)
    }

    /// Longer ones are refused: the longest that a server writes has an XA transaction's id of 128 bytes.
    static let maximumLength = 1024

    /// The transaction's id.
    public var gtid: GTID
    /// What the transaction is.
    public var flags: Flags
    /// Transactions with the same id were committed together and may be applied together.
    public var commitID: UInt64?
    /// Seconds since 1970 at the server that wrote it.
    public var timestamp: UInt32

    /// A transaction's begin.
    public init(gtid: GTID, flags: Flags, commitID: UInt64? = nil, timestamp: UInt32) {
        self.gtid = gtid
        self.flags = commitID == nil ? flags.subtracting(.groupCommitID) : flags.union(.groupCommitID)
        self.commitID = commitID
        self.timestamp = timestamp
    }

    /// Reads a whole GTID event.
    @inline(__always)
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        let end = bytes.count - EventHeader.checksumSize
        guard header.type == .gtid, end >= EventHeader.size + 13 else { throw .malformed("a GTID event that is short") }
        guard bytes.count <= Self.maximumLength else {
            throw .tooLong(what: "a GTID event", length: bytes.count, limit: Self.maximumLength)
        }
        gtid = GTID(
            domain: bytes.unchecked(27, as: UInt32.self),
            serverID: ServerID(rawValue: header.serverID),
            sequence: bytes.unchecked(19, as: UInt64.self)
        )
        flags = Flags(rawValue: bytes.unchecked(31, as: UInt8.self))
        timestamp = header.timestamp
        commitID = nil
        if flags.contains(.groupCommitID) {
            guard end >= 40 else { throw .malformed("a GTID event without its group commit id") }
            commitID = bytes.unchecked(32, as: UInt64.self)
        }
    }

    /// The event's bytes.
    public func event(flags eventFlags: EventFlags = .suppressUse) -> Event {
        var body: [UInt8] = []
        body.append(little: gtid.sequence)
        body.append(little: gtid.domain)
        body.append(flags.rawValue)
        if let commitID {
            body.append(little: commitID)
        } else {
            body.append(contentsOf: [0, 0, 0, 0, 0, 0])
        }
        return Event(
            type: .gtid,
            timestamp: timestamp,
            serverID: gtid.serverID.rawValue,
            flags: eventFlags,
            body: body
        )
    }
}
