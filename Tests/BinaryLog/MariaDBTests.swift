import BinaryLog
import Foundation
import Synchronization
import Testing
import XDB

/// What no table can prove: that MariaDB's own programs take these bytes.
@Suite(.enabled(if: MariaDB.isInstalled), .serialized)
struct MariaDBTests {
    static let leaderID = ServerID(epoch: Epoch(rawValue: 1), ordinal: 1)
    static let nextLeaderID = ServerID(epoch: Epoch(rawValue: 2), ordinal: 2)

    /// Statements of every kind that leaves a trace in a binlog.
    static let workload = """
        CREATE DATABASE s; USE s;
        CREATE TABLE t (a INT PRIMARY KEY AUTO_INCREMENT, b LONGTEXT, KEY (b(10)));
        INSERT INTO t (b) VALUES ('one');
        BEGIN; INSERT INTO t (b) VALUES ('two'); INSERT INTO t (b) VALUES ('three'); COMMIT;
        BEGIN; INSERT INTO t (b) VALUES ('gone'); ROLLBACK;
        SET SESSION binlog_format = STATEMENT;
        SET @v = 'variable'; INSERT INTO t (b) VALUES (@v); INSERT INTO t (b) VALUES (LAST_INSERT_ID());
        INSERT INTO t (b) VALUES (RAND());
        CREATE TEMPORARY TABLE h (x INT); INSERT INTO h VALUES (1), (2); INSERT INTO t (b) SELECT x FROM h; DROP TABLE h;
        SET SESSION binlog_format = ROW;
        XA START 'x'; INSERT INTO t (b) VALUES ('xa'); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x';
        XA START 'y'; INSERT INTO t (b) VALUES ('no'); XA END 'y'; XA PREPARE 'y'; XA ROLLBACK 'y';
        ALTER TABLE t ADD COLUMN c INT DEFAULT 7, ADD INDEX (c);
        CREATE SEQUENCE q; SELECT NEXTVAL(q);
        CREATE TABLE u AS SELECT * FROM t;
        CREATE PROCEDURE p(n INT) BEGIN DECLARE i INT DEFAULT 0;
        WHILE i < n DO INSERT INTO t (b) VALUES (CONCAT('p', i)); SET i = i + 1; END WHILE; END;
        """
    static let tail = """
        USE s; CALL p(300);
        INSERT INTO t (b) VALUES (REPEAT('x', 70000));
        INSERT INTO t (b) VALUES (REPEAT('y', 17 * 1024 * 1024));
        INSERT INTO t (b) VALUES (REPEAT('z', 0xFFFFFF - 100));
        UPDATE t SET c = 8 WHERE a < 50; DELETE FROM t WHERE a = 3;
        INSERT INTO t (b) SELECT REPEAT('w', 5000) FROM seq_1_to_2000;
        CREATE TABLE last (a INT PRIMARY KEY); INSERT INTO last VALUES (1);
        """

    static func run(_ server: MariaDBServer) throws {
        try server.query(
            workload.replacingOccurrences(of: "CREATE PROCEDURE", with: "DELIMITER //\nCREATE PROCEDURE") + "//\n"
        )
        try server.query(tail)
    }

    /// Attaches to a server as its semi-synchronous replica until the log has a transaction.
    static func pull(_ server: MariaDBServer, into store: LogStore, until last: GTID, chunk: Int = 1 << 18) throws {
        let connection = try ReplicaConnection(path: server.socket)
        try connection.dump(DumpRequest(after: store.snapshot.state.last, serverID: 9))
        var decoder = DumpStreamDecoder(semiSynchronous: true)
        while store.snapshot.durable != last.position {
            let bytes = try connection.socket.receive(upTo: chunk)
            guard !bytes.isEmpty else { throw MariaDB.Failure(description: "the server closed the dump") }
            let wanted = try store.append { appender -> BinlogCoordinates? in
                var wanted: BinlogCoordinates?
                try bytes.withUnsafeBytes { raw in
                    try decoder.decode(raw) { event in
                        _ = try appender.append(event.piece)
                        if event.wantsAcknowledgement, event.piece.isLast { wanted = event.coordinates }
                    }
                }
                return wanted
            }
            try store.commit()
            if let wanted { try connection.socket.send(wanted.acknowledgement) }
        }
    }

    static func checksums(_ server: MariaDBServer) throws -> String {
        try server.query("CHECKSUM TABLE s.t, s.u, s.q, s.last; SELECT COUNT(*), MAX(a) FROM s.t")
    }

    @Test("a server's binlog goes through the log to another server, and transactions of the agent's own after it")
    func wholeWay() async throws {
        let leader = try MariaDBServer(
            serverID: Self.leaderID.rawValue,
            ["--rpl-semi-sync-master-enabled=ON", "--max-binlog-size=8M"]
        )
        let directory = try TemporaryDirectory()
        let storage = FileStorage(directory: directory.path)
        let store = try LogStore.open(storage, options: LogOptions(segmentBytes: 4 << 20))

        // Before the server wrote anything, the agent did: the schema and the row that begin the first epoch.
        func write(_ serverID: ServerID, _ contents: [SynthesizedGroup.Content]) throws -> GTID? {
            var last = store.snapshot.state.last
            for content in contents {
                let gtid = GTID(serverID: serverID, sequence: (last?.sequence ?? 0) + 1)
                let group = SynthesizedGroup(gtid: gtid, content: content, timestamp: UInt32(time(nil)))
                last = try store.append { try $0.append(group.events) }
            }
            try store.commit()
            return last
        }
        let begin: [SynthesizedGroup.Content] = [
            .definition("CREATE DATABASE IF NOT EXISTS xdb"),
            .definition(
                "CREATE TABLE IF NOT EXISTS xdb.heartbeat (id INT PRIMARY KEY, epoch INT, at DATETIME(6)) ENGINE=InnoDB"
            ),
            .changes(["REPLACE INTO xdb.heartbeat VALUES (1, 1, NOW(6))"]),
        ]
        let first = try #require(try write(Self.leaderID, begin))
        #expect(first == GTID(serverID: Self.leaderID, sequence: 3))

        // The leader's own server is fed with them like any follower's, under another server id.
        let feed = try Feed(store: store)
        defer { feed.stop() }
        func follow(_ server: MariaDBServer) throws {
            try server.query(
                """
                CHANGE MASTER TO master_host='127.0.0.1', master_port=\(feed.port), master_user='feed',
                master_password='secret', master_use_gtid=slave_pos, master_connect_retry=1, master_heartbeat_period=1;
                START SLAVE
                """
            )
        }
        func wait(_ server: MariaDBServer, _ gtid: GTID) throws {
            let answer = try server.query("SELECT MASTER_GTID_WAIT('\(gtid)', 60)")
            let error = try server.slaveStatus("Last_Error") + (try server.slaveStatus("Last_IO_Error"))
            try #require(answer == "0", "\(error) \(server.errors) \(feed.control.withLock { "\($0)" })")
        }
        try leader.query("SET GLOBAL rpl_semi_sync_master_enabled=OFF; SET GLOBAL server_id=4000000000")
        try leader.query("RESET MASTER; SET GLOBAL gtid_slave_pos=''")
        try follow(leader)
        try wait(leader, first)
        #expect(try leader.query("SELECT @@gtid_slave_pos, @@gtid_binlog_pos") == "\(first)\t\(first)")
        #expect(try leader.query("SELECT id, epoch FROM xdb.heartbeat") == "1\t1")

        // Promote it, run everything on it, and take its binlog.
        try leader.query(
            """
            STOP SLAVE; RESET SLAVE ALL; SET GLOBAL server_id=\(Self.leaderID);
            SET GLOBAL rpl_semi_sync_master_timeout=60000; SET GLOBAL rpl_semi_sync_master_wait_no_slave=OFF;
            SET GLOBAL rpl_semi_sync_master_enabled=ON
            """
        )
        try Self.run(leader)
        let last = try #require(GTID(try leader.query("SELECT @@gtid_binlog_pos")))
        try Self.pull(leader, into: store, until: last)
        #expect(store.snapshot.segments > 3)
        for name in try storage.names() {
            let text = try MariaDB.run(
                "mariadb-binlog",
                ["--no-defaults", "--verify-binlog-checksum", "--base64-output=decode-rows", storage.path(name)]
            )
            #expect(!text.contains("ERROR") && text.contains("End of log file"))
        }

        // A fresh follower applies all of it, from the first byte of the log.
        let follower = try MariaDBServer(
            serverID: 3_900_000_000,
            ["--slave-parallel-threads=4", "--slave-parallel-mode=optimistic"]
        )
        try follower.query("RESET MASTER; SET GLOBAL gtid_slave_pos=''")
        try follow(follower)
        try wait(follower, last)
        #expect(try follower.query("SELECT @@gtid_slave_pos, @@gtid_binlog_pos") == "\(last)\t\(last)")
        let checksums = try (Self.checksums(leader), Self.checksums(follower))
        #expect(checksums.0 == checksums.1)

        // The next epoch begins, while it is connected, and after it was away.
        let second = try #require(
            try write(Self.nextLeaderID, [.changes(["REPLACE INTO xdb.heartbeat VALUES (1, 2, NOW(6))"])])
        )
        try wait(follower, second)
        #expect(try follower.query("SELECT @@gtid_slave_pos, @@gtid_binlog_pos") == "\(second)\t\(second)")
        #expect(
            try follower.query("SELECT @@gtid_binlog_state") == "\(last),\(second)",
            "both epochs are in the follower's own binlog"
        )
        #expect(try follower.query("SELECT epoch FROM xdb.heartbeat") == "2")
        try follower.query("STOP SLAVE")
        let third = try #require(try write(Self.nextLeaderID, begin))
        try follower.query("START SLAVE")
        try wait(follower, third)
        #expect(try follower.query("SELECT @@gtid_slave_pos, @@gtid_binlog_pos") == "\(third)\t\(third)")

        // Heartbeats keep a follower content that is not fed.
        feed.control.withLock { $0.limit = third.position }
        _ = try write(Self.nextLeaderID, [.changes(["DELETE FROM xdb.heartbeat"])])
        try await Task.sleep(for: .seconds(3))
        #expect(feed.control.withLock { $0.heartbeats } > 0)
        #expect(try follower.slaveStatus("Last_IO_Error") == "")
        #expect(try follower.slaveStatus("Slave_IO_Running") == "Yes")
        #expect(try follower.query("SELECT COUNT(*) FROM xdb.heartbeat") == "1", "what is not committed is not fed")

        // The follower's own binlog is a binlog that this module can read, too.
        let copyDirectory = try TemporaryDirectory()
        // It has gaps: with row format a replica does not log what concerns temporary tables only.
        let copy = try LogStore.open(
            FileStorage(directory: copyDirectory.path),
            options: LogOptions(allowsGaps: true)
        )
        try Self.pull(follower, into: copy, until: third, chunk: 4099)
        #expect(copy.snapshot.state == (try LogState([last, third])))

        // A refusal is shown to the DBA as it was written.
        feed.control.withLock { $0.refusal = "xdb: this log begins later" }
        try follower.query("STOP SLAVE; START SLAVE")
        let deadline = Date().addingTimeInterval(20)
        while try follower.slaveStatus("Last_IO_Errno") != "1236", Date() < deadline {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try follower.slaveStatus("Last_IO_Error").contains("xdb: this log begins later"))
        #expect(feed.control.withLock { $0.failures } == [])
    }
}
