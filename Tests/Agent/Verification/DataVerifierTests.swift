import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// A new life of a member and another member compare their data: real servers, real agents.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mariabackup")))
struct DataVerifierTests {
    /// A row of every sort of value, tables that are in no order, and names that have to be quoted.
    private static let tables = [
        """
        CREATE TABLE shop.kinds (id INT, part VARCHAR(20), f FLOAT, d DOUBLE(10,3), n DECIMAL(30,10), b BIT(9), \
        x VARBINARY(20), j JSON, l LONGTEXT, t TIMESTAMP(6) NULL, y YEAR, e ENUM('ä','ö'), u UUID, i INET6, g POINT, \
        twice INT AS (id * 2) VIRTUAL, thrice INT AS (id * 3) STORED, PRIMARY KEY (id, part DESC))
        """,
        """
        INSERT INTO shop.kinds (id, part, f, d, n, b, x, j, l, t, y, e, u, i, g) SELECT seq, REPEAT('é', seq % 5), \
        seq / 7, seq / 3, seq / 9, seq, UNHEX(HEX(seq)), JSON_OBJECT('a', seq), REPEAT(seq, 1000), \
        FROM_UNIXTIME(1700000000 + seq), 2000 + seq % 50, 'ö', NULL, '::1', POINT(seq, 1) FROM shop.seq_1_to_300
        """,
        "CREATE TABLE shop.`no ``key` (v VARCHAR(20), w INT)",
        "INSERT INTO shop.`no ``key` SELECT IF(seq % 3, NULL, seq % 5), NULLIF(seq % 4, 0) FROM shop.seq_1_to_500",
        "CREATE TABLE shop.beginnings (v VARCHAR(200), PRIMARY KEY (v(5)))",
        "INSERT INTO shop.beginnings SELECT CONCAT(100000 + seq, 'x') FROM shop.seq_1_to_9 WHERE seq < 2",
        "CREATE SEQUENCE shop.numbers",
        "CREATE VIEW shop.seen AS SELECT id FROM shop.kinds",
        "CREATE TABLE shop.many (id BIGINT UNSIGNED PRIMARY KEY, v INT)",
        "INSERT INTO shop.many SELECT seq * 1000, seq FROM shop.seq_1_to_60000",
    ]

    private static func use(_ body: (RebuildGroup) async throws -> Void) async throws {
        try await RebuildGroup.use { group in
            for statement in tables { try await group.leader.sql(statement, seconds: 120) }
            try await group.leader.sql("ANALYZE TABLE shop.many", seconds: 120)
            try await group.makeLife()
            try await body(group)
        }
    }

    /// The server applies what is written after whatever has happened.
    private static func expectGoesOn(_ group: RebuildGroup) async throws {
        try await group.leader.sql("INSERT INTO shop.t (v) VALUES ('later')")
        try await group.catchUp()
    }

    @Test(.timeLimit(.minutes(10)))
    func whatIsTheSameMatchesWhileClientsWriteAndChangeTables() async throws {
        try await Self.use { group in
            let writer = Writer(group.leader)
            let leader = group.leader
            let changes = Task {
                var number = 0
                while !Task.isCancelled {
                    number += 1
                    for statement in [
                        "CREATE TABLE shop.temp\(number) (id INT PRIMARY KEY)", "TRUNCATE TABLE shop.temp\(number)",
                        "ALTER TABLE shop.kinds ADD COLUMN more INT DEFAULT \(number)",
                        "ALTER TABLE shop.kinds DROP COLUMN more", "DROP TABLE shop.temp\(number)",
                    ] { try await leader.sql(statement, seconds: 60) }
                }
            }
            for (attempt, source) in [group.follower, group.leader, group.follower, group.leader].enumerated() {
                try await group.life.verify(attempt, with: source)
                let result = try await group.life.verification(attempt)
                #expect(result.state == .matched, "\(result.message)")
                #expect(result.source == source.name)
                print(result.message)
                // Asked again, it is the same one.
                try await group.life.verify(attempt, with: source)
                #expect(try await group.life.status().verification == result)
            }
            changes.cancel()
            do {
                try await changes.value
            } catch is CancellationError {
                // The statement that was under way.
            }
            let (rows, longest) = try await writer.end()
            print("rows \(rows), longest write \(longest)")
            try await Self.expectGoesOn(group)
            #expect(try await group.rows(group.life) == group.rows(group.leader))
            #expect(try await group.leader.status().server.unacknowledged == 0)
        }
    }

    /// Each change is made in the new life alone, found, and taken back.
    @Test(.timeLimit(.minutes(15)))
    func whatDiffersIsFound() async throws {
        try await Self.use { group in
            let changes = [
                ("shop.kinds", "UPDATE shop.kinds SET f = f * 1.0000003 WHERE id = 7", "f = 7 / 7 WHERE id = 7"),
                ("shop.kinds", "UPDATE shop.kinds SET u = UUID() WHERE id = 9", "u = NULL WHERE id = 9"),
                (
                    "shop.kinds", "UPDATE shop.kinds SET x = CONCAT(x, 0x00) WHERE id = 9",
                    "x = UNHEX(HEX(9)) WHERE id = 9"
                ),
            ]
            var attempt = 0
            func compare() async throws -> AgentStatus.Verification {
                attempt += 1
                try await group.life.verify(attempt, with: group.follower)
                return try await group.life.verification(attempt)
            }
            for (table, change, back) in changes {
                try await group.life.local([change])
                let result = try await compare()
                #expect(result.state == .differs, "\(change): \(result.message)")
                #expect(result.message.contains("table \(table) has 300 rows with checksum"), "\(result.message)")
                try await group.life.local(["UPDATE shop.kinds SET \(back)"])
            }
            // In the middle of a large one, and at its end.
            try await group.life.local(["DELETE FROM shop.many WHERE id > 59999000"])
            let end = try await compare()
            #expect(end.state == .differs && end.message.contains("table shop.many has"), "\(end.message)")
            try await group.life.local(["INSERT INTO shop.many VALUES (60000000, 60000)"])
            try await group.life.local(["DELETE FROM shop.many WHERE id BETWEEN 10000000 AND 50000000"])
            let middle = try await compare()
            #expect(middle.state == .differs && middle.message.contains("table shop.many has"), "\(middle.message)")
            try await group.life.local(["INSERT INTO shop.many SELECT seq * 1000, seq FROM shop.seq_10000_to_50000"])
            // Without a primary key.
            try await group.life.local(["INSERT INTO shop.`no ``key` VALUES ('more', 1)"])
            let row = try await compare()
            #expect(row.state == .differs && row.message.contains("has 501 rows"), "\(row.message)")
            try await group.life.local(["DELETE FROM shop.`no ``key` WHERE v = 'more'"])
            try await group.life.local(["CREATE TABLE shop.surplus (id INT)"])
            let surplus = try await compare()
            #expect(surplus.message.contains("table shop.surplus is here, and not at orders-1"), "\(surplus.message)")
            try await group.life.local(["DROP TABLE shop.surplus"])
            let same = try await compare()
            #expect(same.state == .matched, "\(same.message)")
            try await Self.expectGoesOn(group)
            // And a server that has nothing at all.
            try await group.life.local(["DROP DATABASE shop"])
            let empty = try await compare()
            #expect(empty.state == .differs, "\(empty.message)")
            #expect(empty.message.contains("schema shop is not here"), "\(empty.message)")
            try await group.leader.sql("CREATE DATABASE later")
            try await group.catchUp()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func whateverInterruptsItTheServerGoesOn() async throws {
        try await Self.use { group in
            // Who may ask for what.
            try await group.life.verify(1, with: group.members[2])
            let logger = try await group.life.verification(1)
            #expect(logger.state == .failed && logger.message.contains("no data"), "\(logger.message)")
            let request = SampleRequest(to: group.follower.name, after: .zero)
            let stolen = try await group.leader.call("POST", "sample", request, certificate: group.life.name)
            #expect(try JSONDecoder().decode(AgentError.self, from: stolen).reason == "NotTheOperator")
            let body = VerifyRequest(attempt: 1, source: group.leader.peer)
            let verify = try await group.life.call("POST", "verify", body, certificate: group.leader.name)
            #expect(try JSONDecoder().decode(AgentError.self, from: verify).reason == "NotTheOperator")

            // The other side does not answer: the server waits, and the log does not.
            group.agents[1].signal(SIGSTOP)
            try await group.life.verify(2, with: group.follower)
            try await Self.expectIsHeld(group)
            // Another request takes its place.
            try await group.life.verify(3, with: group.leader)
            #expect(try await group.life.verification(3).state == .matched)
            try await Self.expectGoesOn(group)

            // The agent dies in the middle, and knows nothing of it afterwards.
            try await group.life.verify(4, with: group.follower)
            try await Self.expectIsHeld(group)
            group.agents[3].signal(SIGKILL)
            _ = await group.agents[3].ended()
            group.agents[3] = try group.life.start()
            try await group.life.wait("streaming") { $0.phase == .streaming && $0.verification == nil }
            try await Self.expectGoesOn(group)
            try await group.life.verify(4, with: group.leader)
            #expect(try await group.life.verification(4).state == .matched)

            // The other side dies in the middle: it is waited for, and then it is there again.
            try await group.life.verify(5, with: group.follower)
            try await Self.expectIsHeld(group)
            group.agents[1].signal(SIGKILL)
            _ = await group.agents[1].ended()
            group.agents[1] = try group.follower.start()
            var result = try await group.life.verification(5)
            for attempt in 6..<10 where result.state == .failed {
                try await group.life.verify(attempt, with: group.follower)
                result = try await group.life.verification(attempt)
            }
            #expect(result.state == .matched, "\(result.message)")
            try await Self.expectGoesOn(group)
        }
    }

    /// What is committed later is received, and not applied.
    private static func expectIsHeld(_ group: RebuildGroup) async throws {
        // From when its request is under way; so what is written is looked at until some of it is not applied.
        let deadline = ContinuousClock.now + .seconds(120)
        while .now < deadline {
            try await group.leader.sql("INSERT INTO shop.t (v) VALUES ('not yet')")
            let end = try await group.leader.written()
            try await group.life.wait("receiving") { $0.committed >= end }
            try await Task.sleep(for: .seconds(2))
            let status = try await group.life.status()
            #expect(status.verification?.state == .running)
            if status.server.applied ?? .zero < end { return }
        }
        Issue.record("the server is not held")
    }
}
