public import XDB

/// How the feed shows itself to the local server.
public struct FeedConfiguration: Hashable, Sendable {
    /// The version that is announced.
    ///
    /// Replicas judge by it what the master can do: it must look like `5.5.5-10.11.x-MariaDB`; with another one a
    /// replica silently gives up GTIDs.
    public var serverVersion: String
    /// The feed's server id.
    ///
    /// It must differ from that of every server of the group, past and future, so 1 to 15 are right: epochs begin at 1
    /// and their ids at 16.
    public var serverID: UInt32
    /// The only account.
    public var user: String
    /// Its password.
    public var password: String

    /// The settings of one feed.
    public init(
        serverVersion: String = "5.5.5-10.11.19-MariaDB-xdb",
        serverID: UInt32 = 1,
        user: String,
        password: String
    ) {
        self.serverVersion = serverVersion
        self.serverID = serverID
        self.user = user
        self.password = password
    }
}

/// A replica's wish for the stream.
public struct FeedRequest: Hashable, Sendable {
    /// The last transaction that it has, one for each domain; empty when it has none.
    public var after: [GTID]
    /// Where it wants the stream to end (START SLAVE UNTIL).
    public var until: [GTID]
    /// How long the stream may be silent; 0 when it does not care.
    public var heartbeatNanoseconds: UInt64
    /// The replica's current server id.
    ///
    /// Events with this id are skipped by it, so a feed must not have any.
    public var replicaServerID: UInt32
    /// Whether the two prefix bytes of semi-synchronous replication were agreed.
    public var semiSynchronous: Bool

    /// A wish; by default for everything.
    public init(
        after: [GTID] = [],
        until: [GTID] = [],
        heartbeatNanoseconds: UInt64 = 0,
        replicaServerID: UInt32 = 0,
        semiSynchronous: Bool = false
    ) {
        self.after = after
        self.until = until
        self.heartbeatNanoseconds = heartbeatNanoseconds
        self.replicaServerID = replicaServerID
        self.semiSynchronous = semiSynchronous
    }
}

/// What the owner of a feed's connection has to do.
///
/// Bytes to be written come apart from it, and go first.
public enum FeedAction: Hashable, Sendable {
    /// Begin the stream with a ``FeedStream``, or refuse with ``FeedSession/refuse(_:)``.
    case dump(FeedRequest)
    /// Close the connection, after what is to be written was.
    case close(reason: String)
}

/// The master's side of one connection from the local server, up to the begin of the stream: bytes in, bytes out.
///
/// A 10.11 replica with `MASTER_USE_GTID=slave_pos` asks the queries that are answered here, in order, and takes errors in
/// most of them as fatal. Everything else gets an error that says so; in particular `KILL`, which STOP SLAVE sends on a
/// second connection when semi-synchronous replication is on, and to which an error is harmless.
public struct FeedSession: Sendable {
    private enum State: Hashable, Sendable {
        case handshake
        case commands
        case streaming
        case closed
    }

    /// Longest command; a replica's are under 200 bytes.
    private static let commandLimit = 64 << 10

    private let configuration: FeedConfiguration
    private let salt: [UInt8]
    private let connectionID: UInt32
    private var reader = PacketReader(limit: commandLimit)
    private var state = State.handshake
    private var request = FeedRequest()
    private var nextSequence: UInt8 = 0

    /// A session on a fresh connection.
    ///
    /// The salt is twenty random bytes; its NULs are replaced.
    public init(configuration: FeedConfiguration, connectionID: UInt32, salt: [UInt8]) {
        precondition(salt.count == 20, "a salt has twenty bytes")
        self.configuration = configuration
        self.connectionID = connectionID
        self.salt = salt.map { $0 & 0x7F == 0 ? 0x2A : $0 & 0x7F }
    }

    /// What to write first of all.
    public mutating func greeting() -> [UInt8] {
        let greeting = Greeting(
            serverVersion: configuration.serverVersion,
            connectionID: connectionID,
            salt: salt
        )
        var writer = PacketWriter()
        writer.append(greeting.payload)
        return writer.bytes
    }

    /// Takes bytes from the replica and appends what to write.
    ///
    /// `unixTime` answers `SELECT UNIX_TIMESTAMP()`.
    ///
    /// An error means that the replica does not speak the protocol: close the connection.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        unixTime: Int64,
        output: inout [UInt8]
    ) throws -> [FeedAction] {
        guard state != .closed else { return [] }
        var packets: [Packet] = []
        try reader.read(bytes) { packets.append($0) }
        var actions: [FeedAction] = []
        for packet in packets {
            var writer = PacketWriter(sequence: packet.sequence &+ 1)
            if let action = try answer(packet.payload, unixTime: unixTime, writer: &writer) { actions.append(action) }
            nextSequence = writer.sequence
            output.append(contentsOf: writer.bytes)
            if state == .closed { break }
        }
        return actions
    }

    /// The packet that refuses the stream: the replica stops with error 1236 and this text in its status.
    public mutating func refuse(_ message: String) -> [UInt8] {
        state = .closed
        var writer = PacketWriter(sequence: nextSequence)
        writer.append(ServerPackets.error(1236, message))
        return writer.bytes
    }

    /// The stream that answers the dump, from its first packet.
    public func stream(of request: FeedRequest) -> FeedStream {
        FeedStream(
            serverID: configuration.serverID,
            semiSynchronous: request.semiSynchronous,
            sequence: nextSequence
        )
    }

    private mutating func answer(
        _ payload: [UInt8],
        unixTime: Int64,
        writer: inout PacketWriter
    ) throws -> FeedAction? {
        switch state {
        case .handshake:
            let response = try HandshakeResponse(payload)
            let expected = NativePassword.proof(password: configuration.password, salt: salt)
            guard response.user == configuration.user, NativePassword.matches(response.proof, expected) else {
                writer.append(ServerPackets.error(1045, state: "28000", "Access denied for user '\(response.user)'"))
                state = .closed
                return .close(reason: "the password of user '\(response.user)' is wrong")
            }
            writer.append(ServerPackets.ok)
            state = .commands
            return nil
        case .commands:
            return try command(payload, unixTime: unixTime, writer: &writer)
        case .streaming:
            // Acknowledgements of a semi-synchronous replica, which this feed does not ask for, need no answer.
            if payload.first == 0xEF { return nil }
            state = .closed
            return .close(reason: "the replica left the stream")
        case .closed:
            return nil
        }
    }

    private mutating func command(
        _ payload: [UInt8],
        unixTime: Int64,
        writer: inout PacketWriter
    ) throws -> FeedAction? {
        switch payload.first {
        case 0x01:
            state = .closed
            return .close(reason: "the replica said goodbye")
        case 0x03:
            query(String(decoding: payload.dropFirst(), as: UTF8.self), unixTime: unixTime, writer: &writer)
            return nil
        case 0x0E:
            writer.append(ServerPackets.ok)
            return nil
        case 0x12:
            request.replicaServerID = try payload.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                try reader.skip(1 + 4 + 2)
                return try reader.uint32()
            }
            state = .streaming
            return .dump(request)
        case 0x15:
            writer.append(ServerPackets.ok)
            return nil
        case nil:
            throw BinaryLogError.malformed("an empty command")
        case let code?:
            writer.append(ServerPackets.error(1047, state: "08S01", "Unknown command \(code)"))
            return nil
        }
    }

    private mutating func query(_ text: String, unixTime: Int64, writer: inout PacketWriter) {
        let statement = text.lowercased()
        func rows(_ columns: [String], _ rows: [[String]]) {
            for payload in ServerPackets.resultSet(columns: columns, rows: rows) { writer.append(payload) }
        }
        if statement.hasPrefix("set ") {
            if let refusal = assign(statement) {
                writer.append(ServerPackets.error(1231, state: "42000", refusal))
            } else {
                writer.append(ServerPackets.ok)
            }
        } else if statement.contains("unix_timestamp") {
            rows(["UNIX_TIMESTAMP()"], [[String(unixTime)]])
        } else if statement.contains("'server_id'") {
            rows(["Variable_name", "Value"], [["server_id", String(configuration.serverID)]])
        } else if statement.contains("@master_binlog_checksum") {
            rows(["@master_binlog_checksum"], [["CRC32"]])
        } else if statement.contains("gtid_domain_id") {
            rows(["@@GLOBAL.gtid_domain_id"], [["0"]])
        } else if statement.contains("rpl_semi_sync_master_enabled") {
            // No row: this master does not know semi-synchronous replication, so the replica does not ask for it.
            rows(["Variable_name", "Value"], [])
        } else {
            writer.append(ServerPackets.error(1064, state: "42000", "not answered by the feed: \(text.prefix(200))"))
        }
    }

    /// Takes a `SET @name = value`; returns why not.
    ///
    /// Variables without a meaning here are accepted.
    private mutating func assign(_ statement: String) -> String? {
        // Of a replica that connects again (`mysql_reconnect` of the server's client library). What is sent has its
        // character sets in it.
        if statement.hasPrefix("set names ") { return nil }
        let parts = statement.dropFirst(4).split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return "not an assignment" }
        let name = Self.trim(parts[0])
        let value = Self.trim(parts[1])
        switch name {
        case "@slave_connect_state":
            guard let gtids = Self.gtids(value) else { return "\(value) is not a list of GTIDs" }
            request.after = gtids
        case "@slave_until_gtid":
            guard let gtids = Self.gtids(value) else { return "\(value) is not a list of GTIDs" }
            request.until = gtids
        case "@master_heartbeat_period":
            guard let period = UInt64(value) else { return "\(value) is not a number of nanoseconds" }
            request.heartbeatNanoseconds = period
        case "@rpl_semi_sync_slave":
            request.semiSynchronous = value == "1"
        default:
            break
        }
        return nil
    }

    private static func trim(_ text: Substring) -> String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\t" }
        guard let first = text.firstIndex(where: { !blank($0) }), let last = text.lastIndex(where: { !blank($0) })
        else { return "" }
        return String(text[first...last])
    }

    /// GTIDs between quotes, separated by commas.
    private static func gtids(_ quoted: String) -> [GTID]? {
        guard quoted.count >= 2, quoted.first == "'", quoted.last == "'" else { return nil }
        var gtids: [GTID] = []
        for part in quoted.dropFirst().dropLast().split(separator: ",") {
            guard let gtid = GTID(trim(part)) else { return nil }
            gtids.append(gtid)
        }
        return gtids
    }
}
