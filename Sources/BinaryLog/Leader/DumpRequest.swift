public import XDB

/// What a leader's agent says to its local server to become its semi-synchronous replica.
///
/// The agent connects and logs in with a client library, runs `statements`, and then writes `packet` on the connection's
/// socket itself, and reads everything after it with a ``DumpStreamDecoder``.
public struct DumpRequest: Hashable, Sendable {
    /// The last transaction that the agent has; nil for an empty log.
    public var after: [GTID]
    /// The id under which the agent shows itself; different from every server's.
    public var serverID: UInt32
    /// How long the server may be silent.
    public var heartbeatNanoseconds: UInt64
    /// Whether the server's commits wait for this replica.
    public var semiSynchronous: Bool

    /// A dump that begins after a transaction.
    public init(
        after: GTID?,
        serverID: UInt32,
        heartbeatNanoseconds: UInt64 = 500_000_000,
        semiSynchronous: Bool = true
    ) {
        self.after = after.map { [$0] } ?? []
        self.serverID = serverID
        self.heartbeatNanoseconds = heartbeatNanoseconds
        self.semiSynchronous = semiSynchronous
    }

    /// The session's statements, in order, before the dump.
    public var statements: [String] {
        var statements = [
            "SET @master_heartbeat_period=\(heartbeatNanoseconds)",
            "SET @master_binlog_checksum='CRC32'",
            "SET @mariadb_slave_capability=4",
            "SET @slave_connect_state='\(after.map(\.description).joined(separator: ","))'",
            "SET @slave_gtid_strict_mode=1",
            "SET @slave_gtid_ignore_duplicates=0",
        ]
        if semiSynchronous { statements.append("SET @rpl_semi_sync_slave=1") }
        return statements
    }

    /// The packet COM_BINLOG_DUMP, header included.
    ///
    /// The position is ignored by a server that was told a GTID.
    public var packet: [UInt8] {
        var payload: [UInt8] = [0x12]
        payload.append(little: UInt32(4))
        // BINLOG_SEND_ANNOTATE_ROWS: without it the log would lack events that the server's own binlog has.
        payload.append(little: UInt16(2))
        payload.append(little: serverID)
        var writer = PacketWriter()
        writer.append(payload)
        return writer.bytes
    }
}

/// A place in the server's own binlog files, as acknowledgements name it.
public struct BinlogCoordinates: Hashable, Sendable {
    /// The server's file.
    public var file: String
    /// Where an event ends in it.
    public var position: UInt64

    /// A place.
    public init(file: String, position: UInt64) {
        self.file = file
        self.position = position
    }

    /// The packet that acknowledges everything up to here, header included.
    ///
    /// Its sequence number is always 0.
    public var acknowledgement: [UInt8] {
        var payload: [UInt8] = [0xEF]
        payload.append(little: position)
        payload.append(contentsOf: file.utf8)
        var writer = PacketWriter()
        writer.append(payload)
        return writer.bytes
    }
}
