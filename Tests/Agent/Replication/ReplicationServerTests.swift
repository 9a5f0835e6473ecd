import Foundation
import Synchronization
import Testing
import XDB

@testable import Agent

/// The whole path, with real servers: a leader's binlog, its agents, and the followers' servers.
@Suite(.serialized, .enabled(if: TestServer.isInstalled), .timeLimit(.minutes(10))) struct ReplicationServerTests {
    /// A group whose first `servers` members have one; the rest are loggers.
    final class Lab {
        let group: LogGroup
        var servers: [TestServer]
        var epoch: UInt32 = 0

        init(members: Int, servers count: Int) async throws {
            let group = try await LogGroup(members)
            self.group = group
            servers = try (0..<count).map { _ in try TestServer(in: group.directory) }
            for (index, server) in servers.enumerated() { try await server.start(serverID: UInt32(1000 + index)) }
        }

        /// An election with all that it needs: everyone sealed, a leader, the others behind it, its server open.
        @discardableResult
        func elect(_ leader: Int, followers: [Int]) async throws -> GTID {
            epoch += 1
            let first = try await group.elect(leader, epoch: epoch)
            for follower in followers {
                let server = follower < servers.count ? servers[follower] : nil
                let position = try server?.sql().value("SELECT @@gtid_binlog_pos").flatMap { GTID($0) }
                try await group.follow(follower, leader, epoch: epoch, server: position)
                try server?.follow(try group[follower].running, serverID: 2000 + epoch * 16 + UInt32(follower))
            }
            try servers[leader].follow(try group[leader].running, serverID: 3000 + epoch)
            try await group[leader].running.waitCommitted(first.position)
            let id = ServerID(epoch: Epoch(rawValue: epoch), ordinal: UInt32(leader))
            try servers[leader].lead(after: first, serverID: id)
            try await group[leader].running.attachServer(socket: servers[leader].socket)
            try servers[leader].sql().run("SET GLOBAL read_only=0")
            return first
        }

        func close() async {
            for server in servers { server.kill() }
            await group.close()
        }

        /// Waits until a server has what another one has, and compares a table of both.
        func equal(_ table: String, _ left: Int, _ right: Int) async throws {
            let position = try #require(try servers[left].sql().value("SELECT @@gtid_binlog_pos"))
            let other = try servers[right].sql()
            let waited = try other.value("SELECT MASTER_GTID_WAIT('\(position)', 120)")
            #expect(waited == "0", "\(other.slaveErrors)")
            let sum = "CHECKSUM TABLE \(table) EXTENDED"
            #expect(
                try servers[left].sql().run(sum).first?["Checksum"] == servers[right].sql().run(sum).first?["Checksum"]
            )
        }
    }

    /// Runs blocking work on a thread of its own.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Task<Value, any Error> {
        Task { try await WorkerThread("test").run(body) }
    }

    @Test func acknowledgedWritesAreOnAllServers() async throws {
        let lab = try await Lab(members: 3, servers: 2)
        try await lab.elect(0, followers: [1, 2])
        let sql = try lab.servers[0].sql()
        try sql.run("CREATE DATABASE app")
        try sql.run("CREATE TABLE app.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(100)) ENGINE=InnoDB")
        for index in 0..<200 { try sql.run("INSERT INTO app.t (v) VALUES ('row \(index)')") }
        try await lab.equal("app.t", 0, 1)
        // The new leader's first transaction is on all servers, too.
        try await lab.equal("xdb.heartbeat", 0, 1)
        #expect(try lab.servers[1].sql().value("SELECT epoch FROM xdb.heartbeat WHERE id=1") == "1")
        #expect(try sql.run("SHOW STATUS LIKE 'Rpl_semi_sync_master_no_tx'").first?["Value"] == "0")
        await lab.close()
    }

    @Test func commitsBlockWithoutAMajorityAndNobodyShowsThem() async throws {
        let lab = try await Lab(members: 3, servers: 2)
        try await lab.elect(0, followers: [1])
        let sql = try lab.servers[0].sql()
        try sql.run("CREATE DATABASE app")
        try sql.run("CREATE TABLE app.t (id INT PRIMARY KEY) ENGINE=InnoDB")
        try await lab.equal("app.t", 0, 1)

        // The follower's agent is away; the logger never was here.
        await lab.group[1].stop()
        let socket = lab.servers[0].socket
        let write = Self.blocking {
            try TestSQL(socket).run("INSERT INTO app.t VALUES (1)")
        }
        let waiting = Self.blocking { try TestSQL(socket).value("SELECT COUNT(*) FROM app.t") }
        let before = lab.group[0].snapshot.committed
        try await lab.group[0].until("has the write") { $0.position > before }
        #expect(lab.group[0].snapshot.committed == before)
        // After the binlog and before the engine: no reader of the leader sees it either.
        #expect(try await waiting.value == "0")

        // The logger alone is enough.
        try await lab.group.follow(2, 0, epoch: 1)
        _ = try await write.value
        #expect(try sql.value("SELECT COUNT(*) FROM app.t") == "1")

        // The follower comes back: its server shows the row once it is told that it is committed.
        try await lab.group[1].start(epoch: 1)
        try await lab.group.follow(1, 0, epoch: 1, server: nil)
        try lab.servers[1].follow(try lab.group[1].running, serverID: 2100)
        try await lab.equal("app.t", 0, 1)
        await lab.close()
    }

    @Test func aFollowersServerNeverShowsAnUncommittedRow() async throws {
        // Three voters, of which two are away: the follower has the transaction durably, and it is not committed.
        let lab = try await Lab(members: 2, servers: 2)
        lab.epoch = 1
        let epoch = Epoch(rawValue: 1)
        for member in lab.group.members { _ = try await member.running.seal(epoch: epoch) }
        let voters = ["orders-0", "orders-1", "orders-2", "orders-3", "orders-4"]
        let first = try await lab.group[0].lead(epoch: epoch, voters: voters)
        try await lab.group.follow(1, 0, epoch: 1)
        try lab.servers[1].follow(try lab.group[1].running, serverID: 2100)
        try await lab.group[1].until("has it durably") { $0.position == first.position }
        try await lab.group[1].until("the server is there") { $0.feedAttached || $0.committed == .zero }
        #expect(lab.group[1].snapshot.committed == .zero)
        try await Task.sleep(for: .milliseconds(500))
        #expect(
            try lab.servers[1].sql().value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='xdb'")
                == "0"
        )
        await lab.close()
    }

    /// It may wait longer than its patience for something to be committed, as behind a leader that was cut off.
    @Test func aServerWhoseConnectionToTheFeedEndsConnectsAgain() async throws {
        let lab = try await Lab(members: 2, servers: 2)
        for member in lab.group.members { _ = try await member.running.seal(epoch: Epoch(rawValue: 1)) }
        let voters = ["orders-0", "orders-1", "orders-2", "orders-3", "orders-4"]
        _ = try await lab.group[0].lead(epoch: Epoch(rawValue: 1), voters: voters)
        try await lab.group.follow(1, 0, epoch: 1)
        try lab.servers[1].sql().run("SET GLOBAL slave_net_timeout=1")
        try lab.servers[1].follow(try lab.group[1].running, serverID: 2100)
        try await Task.sleep(for: .seconds(4))

        for member in lab.group.members { _ = try await member.running.seal(epoch: Epoch(rawValue: 2)) }
        let first = try await lab.group[0].lead(epoch: Epoch(rawValue: 2), voters: ["orders-0", "orders-1"])
        try await lab.group.follow(1, 0, epoch: 2)
        let socket = lab.servers[1].socket
        let waited = try await Self.blocking {
            try TestSQL(socket).value("SELECT MASTER_GTID_WAIT('\(first)', 60)")
        }.value
        #expect(waited == "0")
        await lab.close()
    }

    @Test func aKilledAgentGoesOnWithItsServer() async throws {
        let lab = try await Lab(members: 3, servers: 2)
        let first = try await lab.elect(0, followers: [1, 2])
        let socket = lab.servers[0].socket
        try lab.servers[0].sql().run("CREATE DATABASE app")
        try lab.servers[0].sql().run("CREATE TABLE app.t (id INT PRIMARY KEY) ENGINE=InnoDB")
        let flags = Flags()
        let writer = Self.blocking {
            let sql = try TestSQL(socket)
            while !flags.stopped {
                try sql.run("INSERT INTO app.t VALUES (\(flags.next()))")
                flags.acknowledge()
            }
        }
        for _ in 0..<3 {
            let reached = flags.acknowledged + 50
            while flags.acknowledged < reached { try await Task.sleep(for: .milliseconds(5)) }
            // All sockets are cut in the middle of the writes, and acknowledgements are lost.
            await lab.group[0].stop()
            try await lab.group[0].start(epoch: 1)
            let again = try await lab.group[0].running.lead(
                epoch: Epoch(rawValue: 1),
                ordinal: 0,
                start: .zero,
                voters: lab.group.names,
                learners: [],
                firstTransactions: (0..<3).map { _ in FirstTransaction(database: "", content: .statements(["DO 1"])) }
            )
            #expect(again == first)
            try await lab.group[0].running.attachServer(socket: socket)
        }
        let reached = flags.acknowledged + 50
        while flags.acknowledged < reached { try await Task.sleep(for: .milliseconds(5)) }
        flags.stop()
        try await writer.value
        #expect(try lab.servers[0].sql().value("SELECT COUNT(*) FROM app.t") == "\(flags.acknowledged)")
        try await lab.equal("app.t", 0, 1)
        await lab.close()
    }

    @Test func aLostAcknowledgementIsRepairedByAHeartbeat() async throws {
        let lab = try await Lab(members: 3, servers: 1)
        try await lab.elect(0, followers: [1, 2])
        let socket = lab.servers[0].socket
        try lab.servers[0].sql().run("CREATE DATABASE app")
        try lab.servers[0].sql().run("CREATE TABLE app.t (id INT PRIMARY KEY) ENGINE=InnoDB")
        // The peers have it, the log has it, and the acknowledgement is lost with the connection: nothing else is written.
        await lab.group[1].stop()
        await lab.group[2].stop()
        let write = Self.blocking { try TestSQL(socket).run("INSERT INTO app.t VALUES (1)") }
        let before = lab.group[0].snapshot.committed
        try await lab.group[0].until("has the write") { $0.position > before }
        try await lab.group[0].running.detachServer()
        try await lab.group[1].start(epoch: 1)
        try await lab.group.follow(1, 0, epoch: 1)
        let end = lab.group[0].snapshot.position
        try await lab.group[0].running.waitCommitted(end)
        try await lab.group[0].running.attachServer(socket: socket)
        _ = try await write.value
        await lab.close()
    }

    @Test func largeTransactionsPass() async throws {
        let lab = try await Lab(members: 3, servers: 2)
        try await lab.elect(0, followers: [1, 2])
        let sql = try lab.servers[0].sql()
        try sql.run("CREATE DATABASE app")
        try sql.run("CREATE TABLE app.t (id INT PRIMARY KEY, v LONGBLOB) ENGINE=InnoDB")
        // Beyond one packet of the protocol, and beyond several.
        try sql.run("INSERT INTO app.t VALUES (1, REPEAT('a', 17000000))")
        try sql.run("INSERT INTO app.t VALUES (2, REPEAT('b', 40000000))")
        try sql.run("INSERT INTO app.t VALUES (3, REPEAT('c', \(0xFFFFFF - 100)))")
        try sql.run("BEGIN")
        for index in 10..<30 { try sql.run("INSERT INTO app.t VALUES (\(index), REPEAT('d', 1000000))") }
        try sql.run("COMMIT")
        try await lab.equal("app.t", 0, 1)
        await lab.close()
    }

    @Test func aKilledLeaderIsReplacedAndRejoins() async throws {
        let lab = try await Lab(members: 3, servers: 2)
        try await lab.elect(0, followers: [1, 2])
        try lab.servers[0].sql().run("CREATE DATABASE app")
        try lab.servers[0].sql().run("CREATE TABLE app.t (id INT PRIMARY KEY) ENGINE=InnoDB")
        for index in 0..<100 { try lab.servers[0].sql().run("INSERT INTO app.t VALUES (\(index))") }
        // Nobody has this one; the client never hears of it.
        await lab.group[1].stop()
        await lab.group[2].stop()
        let socket = lab.servers[0].socket
        let lost = Self.blocking { try TestSQL(socket).run("INSERT INTO app.t VALUES (1000)") }
        let before = lab.group[0].snapshot.committed
        try await lab.group[0].until("has the write") { $0.position > before }
        lab.servers[0].kill()
        await lab.group[0].stop()
        await #expect(throws: (any Error).self) { try await lost.value }

        try await lab.group[1].start(epoch: 1)
        try await lab.group[2].start(epoch: 1)
        try await lab.elect(1, followers: [2])
        for index in 100..<200 { try lab.servers[1].sql().run("INSERT INTO app.t VALUES (\(index))") }

        // The old leader's server drops its unacknowledged tail when it starts; its agent drops it from the log.
        try await lab.servers[0].start(serverID: 5000)
        try await lab.group[0].start(epoch: 1)
        let position = try lab.servers[0].sql().value("SELECT @@gtid_binlog_pos").flatMap { GTID($0) }
        try await lab.group.follow(0, 1, epoch: 2, server: position)
        try lab.servers[0].follow(try lab.group[0].running, serverID: 5001)
        try await lab.equal("app.t", 1, 0)
        #expect(try lab.servers[0].sql().value("SELECT COUNT(*) FROM app.t") == "200")
        await lab.close()
    }
}

/// What a writing thread and the test tell each other.
private final class Flags: Sendable {
    private let state = Mutex((stopped: false, next: 0, acknowledged: 0))

    var stopped: Bool { state.withLock { $0.stopped } }
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    func stop() { state.withLock { $0.stopped = true } }
    func acknowledge() { state.withLock { $0.acknowledged += 1 } }
    func next() -> Int {
        state.withLock {
            $0.next += 1
            return $0.next
        }
    }
}
