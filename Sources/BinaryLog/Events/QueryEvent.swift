/// A statement with what it needs of its session.
public struct QueryEvent: Hashable, Sendable {
    /// The session that ran the statement.
    public var threadID: UInt32
    /// The default database; may be empty.
    public var database: String
    /// The session's state as the server writes it, not interpreted.
    public var statusVariables: [UInt8]
    /// The statement.
    public var statement: String

    /// A statement.
    public init(
        threadID: UInt32 = 0,
        database: String = "",
        statusVariables: [UInt8] = QueryEvent.standardStatusVariables,
        statement: String
    ) {
        self.threadID = threadID
        self.database = database
        self.statusVariables = statusVariables
        self.statement = statement
    }

    /// What a statement needs to mean the same on every server, whatever that server's own defaults are.
    ///
    /// Flags (foreign keys and unique checks on, autocommit, explicit defaults for timestamps), `sql_mode`
    /// (STRICT_TRANS_TABLES, ERROR_FOR_DIVISION_BY_ZERO, NO_AUTO_CREATE_USER, NO_ENGINE_SUBSTITUTION: the default of
    /// 10.11), the catalog `std`, and utf8mb3 client, utf8mb3 connection, latin1 server: what the server's own command
    /// line client writes, byte by byte.
    public static let standardStatusVariables: [UInt8] = [
        0x00, 0x00, 0x00, 0x00, 0x01,
        0x01, 0x00, 0x00, 0x20, 0x54, 0x00, 0x00, 0x00, 0x00,
        0x06, 0x03, 0x73, 0x74, 0x64,
        0x04, 0x21, 0x00, 0x21, 0x00, 0x08, 0x00,
    ]

    /// Reads a whole QUERY event.
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        let parts = try QueryEvent.parts(header, bytes)
        threadID = parts.threadID
        database = String(lossy: parts.database)
        statusVariables = Array(parts.status)
        statement = String(lossy: parts.statement)
    }

    private struct Parts {
        var threadID: UInt32
        var status: UnsafeRawBufferPointer
        var database: UnsafeRawBufferPointer
        var statement: UnsafeRawBufferPointer
    }

    @inline(__always)
    private static func parts(
        _ header: EventHeader,
        _ bytes: UnsafeRawBufferPointer
    ) throws(BinaryLogError) -> Parts {
        guard header.type == .query, bytes.count >= EventHeader.minimumLength else {
            throw .malformed("a query event that is short")
        }
        var reader = ByteReader(bytes.part(EventHeader.size..<bytes.count - EventHeader.checksumSize))
        let threadID = try reader.uint32()
        try reader.skip(4)
        let databaseLength = Int(try reader.uint8())
        try reader.skip(2)
        let status = try reader.take(Int(try reader.uint16()))
        let database = try reader.take(databaseLength)
        try reader.skip(1)
        return Parts(threadID: threadID, status: status, database: database, statement: reader.rest())
    }

    /// Whether a whole QUERY event ends its transaction.
    static func endsTransaction(_ header: EventHeader, _ bytes: UnsafeRawBufferPointer) throws(BinaryLogError) -> Bool {
        let statement = try parts(header, bytes).statement
        return statement.elementsEqual("COMMIT".utf8) || statement.elementsEqual("ROLLBACK".utf8)
    }

    /// The event's bytes.
    public func event(timestamp: UInt32, serverID: UInt32, flags: EventFlags = []) -> Event {
        let database = Array(database.utf8.prefix(255))
        var body: [UInt8] = []
        body.append(little: threadID)
        body.append(little: UInt32(0))
        body.append(UInt8(database.count))
        body.append(little: UInt16(0))
        body.append(little: UInt16(statusVariables.count))
        body.append(contentsOf: statusVariables)
        body.append(contentsOf: database)
        body.append(0)
        body.append(contentsOf: statement.utf8)
        return Event(type: .query, timestamp: timestamp, serverID: serverID, flags: flags, body: body)
    }
}
