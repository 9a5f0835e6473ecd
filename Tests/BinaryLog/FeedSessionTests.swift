import BinaryLog
import Testing
import XDB

struct FeedSessionTests {
    private static let salt = (1...20).map { UInt8($0) }

    /// What a client that knows the password answers to the salt above.
    private static func login(user: String = "feed", proof: [UInt8]? = nil) -> [UInt8] {
        var payload: [UInt8] = [0x05, 0xA2, 0x0A, 0x00, 0x00, 0x00, 0x00, 0x40, 0x21]
        payload += [UInt8](repeating: 0, count: 23)
        let secret: [UInt8] = proof ?? Self.proof
        payload += Array(user.utf8) + [0, UInt8(secret.count)] + secret
        return payload + Array("mysql_native_password".utf8) + [0]
    }

    /// `SHA1('secret') XOR SHA1(salt + SHA1(SHA1('secret')))`, computed with another program.
    private static let proof = Golden.bytes("b32bb3a583e1340c0a1108d58b1be49781ad8c2f")

    private struct Client {
        var session = FeedSession(
            configuration: FeedConfiguration(user: "feed", password: "secret"),
            connectionID: 7,
            salt: FeedSessionTests.salt
        )
        var answers: [Packet] = []
        private var reader = PacketReader(limit: 1 << 20)

        /// Sends one payload.
        ///
        /// Returns what it was answered.
        mutating func send(_ payload: [UInt8], sequence: UInt8 = 0) throws -> ([Packet], [FeedAction]) {
            var writer = PacketWriter(sequence: sequence)
            writer.append(payload)
            var output: [UInt8] = []
            let actions = try writer.bytes.withUnsafeBytes {
                try session.receive($0, unixTime: 1_795_230_941, output: &output)
            }
            var packets: [Packet] = []
            try output.withUnsafeBytes { raw in try reader.read(raw) { packets.append($0) } }
            return (packets, actions)
        }

        mutating func query(_ text: String) throws -> [Packet] {
            try send([0x03] + Array(text.utf8)).0
        }

        /// The values of the only row; nil for anything but a result set with one.
        mutating func row(_ text: String) throws -> [String]? {
            let packets = try query(text)
            guard let columns = packets.first?.payload.first, packets.count == Int(columns) + 4 else { return nil }
            var values: [String] = []
            var row = packets[packets.count - 2].payload[...]
            while let length = row.popFirst() {
                values.append(String(decoding: row.prefix(Int(length)), as: UTF8.self))
                row = row.dropFirst(Int(length))
            }
            return values
        }
    }

    private func loggedIn() throws -> Client {
        var client = Client()
        _ = client.session.greeting()
        let (packets, actions) = try client.send(Self.login(), sequence: 1)
        try #require(packets == [Packet(sequence: 2, payload: [0, 0, 0, 2, 0, 0, 0])])
        try #require(actions == [])
        return client
    }

    @Test("the greeting, byte by byte")
    func greeting() {
        var client = Client()
        var expected: [UInt8] = [0x0A] + Array("5.5.5-10.11.19-MariaDB-xdb".utf8) + [0, 7, 0, 0, 0]
        expected += Array(Self.salt.prefix(8)) + [0, 0x00, 0x82, 8, 2, 0, 0x08, 0x00, 21]
        expected += [UInt8](repeating: 0, count: 10) + Array(Self.salt.dropFirst(8)) + [0]
        expected += Array("mysql_native_password".utf8) + [0]
        #expect(client.session.greeting() == [UInt8(expected.count), 0, 0, 0] + expected)
    }

    @Test("a wrong password or user is refused, and the connection closed", arguments: ["feed", "root"])
    func denied(user: String) throws {
        var client = Client()
        _ = client.session.greeting()
        let proof = user == "feed" ? [UInt8](repeating: 1, count: 20) : Self.proof
        let (packets, actions) = try client.send(Self.login(user: user, proof: proof), sequence: 1)
        #expect(packets.first?.payload.prefix(3) == [0xFF, 0x15, 0x04])
        #expect(actions.count == 1)
        #expect(try client.send([0x03]).0 == [])
    }

    @Test("a replica's queries, in its order, up to the dump")
    func replica() throws {
        var client = try loggedIn()
        #expect(try client.row("SELECT UNIX_TIMESTAMP()") == ["1795230941"])
        #expect(try client.row("SHOW VARIABLES LIKE 'SERVER_ID'") == ["server_id", "1"])
        #expect(try client.query("SET @master_heartbeat_period= 1000000000").first?.payload.first == 0)
        #expect(try client.query("SET @master_binlog_checksum= @@global.binlog_checksum").first?.payload.first == 0)
        #expect(try client.row("SELECT @master_binlog_checksum") == ["CRC32"])
        #expect(try client.query("SET @mariadb_slave_capability=4").first?.payload.first == 0)
        #expect(try client.row("SELECT @@GLOBAL.gtid_domain_id") == ["0"])
        #expect(try client.query("SET @slave_connect_state='0-101-8'").first?.payload.first == 0)
        #expect(try client.query("SET @slave_gtid_strict_mode=1").first?.payload.first == 0)
        #expect(try client.query("SET @slave_gtid_ignore_duplicates=0").first?.payload.first == 0)
        #expect(try client.query("SET @slave_until_gtid='0-101-9'").first?.payload.first == 0)
        #expect(try client.send([0x15, 1, 0, 0, 0, 0, 0, 0, 0, 0]).0.first?.payload.first == 0)
        // An empty set: one packet of columns, two definitions, two EOFs.
        let empty = try client.query("SHOW VARIABLES LIKE 'rpl_semi_sync_master_enabled'")
        #expect(empty.map(\.payload.first) == [2, 3, 3, 0xFE, 0xFE])
        #expect(empty.map(\.sequence) == [1, 2, 3, 4, 5])
        let (packets, actions) = try client.send([0x12, 4, 0, 0, 0, 2, 0, 0x21, 0x03, 0, 0] + Array("f".utf8))
        #expect(packets == [])
        let request = FeedRequest(
            after: [GTID(serverID: ServerID(rawValue: 101), sequence: 8)],
            until: [GTID(serverID: ServerID(rawValue: 101), sequence: 9)],
            heartbeatNanoseconds: 1_000_000_000,
            replicaServerID: 0x321,
            semiSynchronous: false
        )
        #expect(actions == [.dump(request)])
        #expect(client.session.refuse("no").prefix(7) == [11, 0, 0, 1, 0xFF, 0xD4, 0x04])
    }

    /// A replica whose connection broke names its character set before anything else, and gives up on an error.
    @Test("what a replica says when it connects again", arguments: ["SET NAMES latin1", "set names utf8mb4"])
    func characterSet(text: String) throws {
        var client = try loggedIn()
        #expect(try client.query(text).first?.payload.first == 0)
    }

    @Test(
        "what a feed does not know is an error, and the connection stays",
        arguments: ["KILL 3", "SELECT 1", "", "SET x"]
    )
    func unknown(text: String) throws {
        var client = try loggedIn()
        #expect(try client.query(text).first?.payload.first == 0xFF)
        #expect(try client.send([0x0E]).0.first?.payload.first == 0)
        #expect(try client.send([0x63]).0.first?.payload.first == 0xFF)
        #expect(try client.send([0x01]).1 == [.close(reason: "the replica said goodbye")])
    }

    @Test("a list of GTIDs that is none is refused", arguments: ["0-1", "'0-1'", "'0-1-2", "'0-1-2,x'", "'-'"])
    func badGTID(text: String) throws {
        var client = try loggedIn()
        #expect(try client.query("SET @slave_connect_state=\(text)").first?.payload.first == 0xFF)
    }
}
