import BinaryLog
import Foundation
import Testing
import XDB

@testable import Agent

/// The log of a group without any database server: the leader's agent itself is the one who writes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplicationTests {
    private func position(_ epoch: UInt32, _ sequence: UInt64) -> Position {
        Position(epoch: Epoch(rawValue: epoch), sequence: sequence)
    }

    @Test func aGroupOfOneCommitsAlone() async throws {
        let group = try await LogGroup(1)
        let first = try await group.elect(0, epoch: 1)
        #expect(first == GTID("0-16-3"))
        try await group[0].running.waitCommitted(first.position)
        let last = try await group[0].write(10)
        try await group[0].running.waitCommitted(last.position)
        #expect(group[0].snapshot.role == .leader)
        await group.close()
    }

    @Test func commitsNeedAMajorityAndGoOnWhenItIsBack() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        // One follower is enough.
        try await group[0].running.waitCommitted(first.position)
        try await group[1].until("hears of the commit") { $0.committed == first.position }

        await group[1].stop()
        let blocked = try await group[0].write(5)
        try await group[0].until("its own log is durable") { $0.position == blocked.position }
        #expect(group[0].snapshot.committed == first.position)

        // Nobody but the third one, which has had nothing so far.
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(blocked.position)
        try await group[2].until("hears of the commit") { $0.committed == blocked.position }
        try await group[0].until("sees who is there") { $0.peers.map(\.connected) == [false, true] }

        // The first one comes back with its old log.
        try await group[1].start(epoch: 1)
        #expect(group[1].snapshot.position == first.position)
        try await group.follow(1, 0, epoch: 1)
        try await group[1].until("has all") { $0.position == blocked.position && $0.committed == blocked.position }
        #expect(group[1].snapshot.hearsLeader)
        await group.close()
    }

    @Test func learnersDoNotCount() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(
            0,
            epoch: 1,
            voters: ["orders-0", "orders-1", "orders-7"],
            learners: ["orders-2"]
        )
        try await group.follow(2, 0, epoch: 1)
        try await group[2].until("receives") { $0.position == first.position }
        try await group[0].until("sees the learner") { snapshot in
            snapshot.peers.contains { $0.name == "orders-2" && $0.durable == first.position }
        }
        #expect(group[0].snapshot.committed == .zero)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group.close()
    }

    @Test func whoLearnsMayChangeInAnEpochAndWhoVotesMayNot() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1, voters: ["orders-0", "orders-1"])
        try await group.follow(2, 0, epoch: 1)
        await #expect(throws: ReplicationError.self) {
            try await group[0].lead(epoch: Epoch(rawValue: 1), voters: ["orders-0", "orders-1", "orders-2"])
        }
        let again = try await group[0].lead(
            epoch: Epoch(rawValue: 1),
            voters: ["orders-0", "orders-1"],
            learners: ["orders-2"]
        )
        #expect(again == first)
        try await group[2].until("receives") { $0.position == first.position }
        #expect(group[0].snapshot.committed == .zero)
        await group.close()
    }

    @Test func aSealedMemberAcknowledgesNothing() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        // Writes pass while both are sealed: whatever the old leader counts as committed is in what they answered.
        let leader = group[0]
        let writing = try leader.running
        async let writes: Void = {
            for _ in 0..<300 { _ = try? await writing.appendForTests() }
        }()
        try await Task.sleep(for: .milliseconds(20))
        let two = Epoch(rawValue: 2)
        let answers = [
            try await group[1].running.seal(epoch: two), try await group[2].running.seal(epoch: two),
        ]
        await writes
        let end = try await group[0].write(1)
        try await group[0].until("its own log is durable") { $0.position == end.position }
        let committed = group[0].snapshot.committed
        #expect(committed < end.position)
        #expect(committed <= answers.map(\.position).max() ?? .zero)
        // Nothing of the old leader arrives any more, and nothing is promised to it again.
        #expect(group[1].snapshot.position == answers[0].position)
        await #expect(throws: ReplicationError.epochTooOld(asked: Epoch(rawValue: 1), promised: two)) {
            try await group.follow(1, 0, epoch: 1)
        }
        await group.close()
    }

    /// All are told at about the same time: a follower that was quicker need not come again.
    @Test func whoComesBeforeTheLeaderLeadsIsAnsweredThen() async throws {
        let group = try await LogGroup(3)
        let epoch = Epoch(rawValue: 1)
        for member in group.members { _ = try await member.running.seal(epoch: epoch) }
        func session() async throws -> ObjectIdentifier? {
            try await group[1].running.onLoop { core in
                guard case .follower(let following) = core.role else { return nil }
                return following.receiver.map { ObjectIdentifier($0) }
            }
        }
        try await group.follow(1, 0, epoch: 1)
        let first = try await session()
        try await Task.sleep(for: .milliseconds(500))
        let last = try await group[0].lead(epoch: epoch, voters: group.names)
        try await group[0].running.waitCommitted(last.position)
        #expect(try await session() == first)
        // One that is sealed again keeps nobody waiting.
        _ = try await group[0].running.seal(epoch: Epoch(rawValue: 2))
        try await group[1].until("has lost it") { !$0.streaming }
        await group.close()
    }

    @Test func aLeaderThatHandsOverGivesItsLogToItsSuccessor() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        for follower in 1...2 { try await group.follow(follower, 0, epoch: 1) }
        try await group[0].running.waitCommitted(first.position)
        try await group[0].until("sees the successor") { $0.peers.first?.connected == true }
        let last = try await group[0].write(400)
        try await group[0].running.handOver(to: "orders-1", within: .seconds(60))
        #expect(try await group[1].running.seal(epoch: Epoch(rawValue: 2)).position == last.position)
        // Nobody is waited for who is not there, nor for longer than the limit.
        try await group[0].running.handOver(to: "orders-7", within: .seconds(3600))
        await group[1].stop()
        _ = try await group[0].write()
        try await group[0].running.handOver(to: "orders-1", within: .milliseconds(50))
        await group.close()
    }

    @Test func aConflictingEndIsRemoved() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        try await group[1].until("has all") { $0.committed == first.position }
        await group[1].stop()
        await group[2].stop()
        // Nobody else has these.
        let lost = try await group[0].write(50)
        try await group[0].until("durable") { $0.position == lost.position }
        await group[0].stop()

        try await group[1].start(epoch: 1)
        try await group[2].start(epoch: 1)
        let second = try await group.elect(1, epoch: 2)
        #expect(second.serverID == ServerID(rawValue: 33))
        try await group.follow(2, 1, epoch: 2)
        try await group[1].running.waitCommitted(second.position)
        let more = try await group[1].write(3)

        try await group[0].start(epoch: 1)
        #expect(group[0].snapshot.position == lost.position)
        try await group.follow(0, 1, epoch: 2)
        try await group[0].until("has the new leader's log") { $0.position == more.position }
        try await group[0].until("knows what is committed") { $0.committed == more.position }

        // What was removed can still be looked at, with MariaDB's own program.
        let tail = try #require(group[0].snapshot.discarded)
        #expect(tail.after == first.description)
        #expect(tail.to == lost.description)
        let listing = try await Self.listing(of: tail.file)
        for sequence in first.sequence + 1...lost.sequence {
            #expect(listing.contains("GTID \(GTID(serverID: lost.serverID, sequence: sequence))"))
        }
        #expect(!listing.contains("GTID \(first) "))
        await group.close()
    }

    private static func listing(of file: String) async throws -> String {
        let output = "\(file).txt"
        let arguments = ["/usr/bin/mariadb-binlog", "--verify-binlog-checksum", file]
        #expect(await (try WatchedProcess.start(arguments, output: output)).ended() == .exited(0))
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    @Test func theEndOfABinlogIsTheGroupsOrNot() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        #expect(first == GTID("0-16-3"))
        try await group.follow(1, 0, epoch: 1)
        try await group[1].until("has it") { $0.committed == first.position }
        func judge(_ gtid: String) async throws -> TailVerdict {
            try await group[1].running.judge(tail: try #require(GTID(gtid)))
        }
        #expect(try await judge("0-16-3") == .committed)
        #expect(try await judge("0-16-4") == .unknown, "it may still come")
        await group[0].stop()
        let second = try await group.elect(1, epoch: 2)
        try await group.follow(2, 1, epoch: 2)
        try await group[1].running.waitCommitted(second.position)
        #expect(try await judge("0-16-2") == .committed)
        let found = try await judge("0-16-9")
        #expect(found == .foreign(first: try #require(GTID("0-16-4")), last: try #require(GTID("0-16-9"))))
        #expect(found.problem?.message.contains("0-16-4 to 0-16-9") == true)
        #expect(try await judge("0-49-99") == .unknown, "of a newer epoch")
        await group.close()
    }

    @Test func whatTheServerHasIsNeverRemoved() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group[1].stop()
        let lost = try await group[0].write(5)
        try await group[0].until("durable") { $0.position == lost.position }
        await group[0].stop()
        try await group[1].start(epoch: 1)
        _ = try await group.elect(1, epoch: 2)
        try await group.follow(2, 1, epoch: 2)
        try await group[0].start(epoch: 1)
        // Its server had committed one of the transactions that nobody else has.
        try await group.follow(0, 1, epoch: 2, server: GTID(serverID: first.serverID, sequence: first.sequence + 1))
        try await group[0].until("says that it has diverged") { $0.failure?.reason == "Diverged" }
        #expect(group[0].snapshot.position == lost.position)
        await group.close()
    }

    @Test func aNewLeaderCompletesItsLogFromAnother() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group[1].stop()
        // Only the logger has these, besides the leader that is lost.
        let last = try await group[0].write(500)
        try await group[0].running.waitCommitted(last.position)
        await group[0].stop()

        try await group[1].start(epoch: 1)
        let two = Epoch(rawValue: 2)
        let answers = [
            try await group[1].running.seal(epoch: two), try await group[2].running.seal(epoch: two),
        ]
        #expect(answers[0].position < answers[1].position)
        #expect(answers[1].position == last.position)
        await #expect(throws: ReplicationError.self) {
            // Its log is not complete.
            _ = try await group[1].running.lead(
                epoch: two,
                ordinal: 1,
                start: last.position,
                voters: group.names,
                learners: [],
                firstTransactions: [FirstTransaction(database: "", content: .statements(["SELECT 1"]))]
            )
        }
        try await group[1].running.pull(epoch: two, source: group[2].address, until: last.position, server: nil)
        #expect(group[1].snapshot.last == last)
        let second = try await group[1].lead(epoch: two, voters: group.names)
        try await group.follow(2, 1, epoch: 2)
        try await group[1].running.waitCommitted(second.position)
        await group.close()
    }

    @Test func aRestartedLeaderGoesOnWhereItWas() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        let last = try await group[0].write(20)
        await group[0].stop()
        try await group[0].start(epoch: 1)
        #expect(group[0].snapshot.role == .sealed)
        let again = try await group[0].running.lead(
            epoch: Epoch(rawValue: 1),
            ordinal: 0,
            start: .zero,
            voters: group.names,
            learners: [],
            firstTransactions: (0..<3).map { _ in FirstTransaction(database: "", content: .statements(["SELECT 1"])) }
        )
        #expect(again == first)
        #expect(group[0].snapshot.last == last)
        // The follower finds it again by itself.
        try await group[0].running.waitCommitted(last.position)
        try await group[1].until("has all") { $0.committed == last.position }
        await group.close()
    }

    /// An epoch with no more than the schema's statements may have been cut off in them.
    @Test(arguments: [(0, 3), (1, 3), (2, 3), (3, 1), (30, 1)])
    func theSchemaStandsAtTheBeginUntilItIsCertainlyThere(_ before: Int, _ expected: UInt64) async throws {
        let group = try await LogGroup(1)
        let transaction = FirstTransaction(database: "", content: .statements(["DO 1"]))
        func lead(_ epoch: UInt32, schema: Int, _ count: Int) async throws -> UInt64 {
            let epoch = Epoch(rawValue: epoch)
            let start = try await group[0].running.seal(epoch: epoch).position
            var lasts: [GTID] = []
            // The agent starts again meanwhile, and asks with the same start.
            for _ in 0..<2 {
                lasts.append(
                    try await group[0].running.lead(
                        epoch: epoch,
                        ordinal: 0,
                        start: start,
                        voters: group.names,
                        learners: [],
                        schema: Array(repeating: transaction, count: schema),
                        firstTransactions: Array(repeating: transaction, count: count)
                    )
                )
                try await group[0].running.waitCommitted(try #require(lasts.last).position)
                await group[0].stop()
                try await group[0].start(epoch: epoch.rawValue)
            }
            #expect(lasts[0] == lasts[1])
            return lasts[0].sequence - start.sequence
        }
        if before > 0 { #expect(try await lead(1, schema: 0, before) == UInt64(before)) }
        #expect(try await lead(2, schema: 2, 1) == expected)
        await group.close()
    }

    @Test func aRestartLosesNothing() async throws {
        let group = try await LogGroup(3, segmentBytes: 64 << 10)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        var last = first
        for round in 0..<6 {
            last = try await group[0].write(400, statement: "REPLACE INTO xdb.heartbeat VALUES (\(round), 1)")
            let restarted = group[1 + round % 2]
            await restarted.stop()
            try await restarted.start(epoch: 1)
            try await group.follow(1 + round % 2, 0, epoch: 1)
        }
        try await group[0].running.waitCommitted(last.position)
        for member in group.members {
            try await member.until("has all") { $0.position == last.position && $0.committed == last.position }
            #expect(member.snapshot.first == position(1, 1))
        }
        await group.close()
    }

    @Test func strangersAreRefused() async throws {
        let group = try await LogGroup(2)
        let first = try await group.elect(0, epoch: 1, voters: ["orders-0", "orders-1", "orders-2"])
        // A certificate of another CA.
        await group[1].stop()
        group[1].tls = TestCertificates.foreign.path(of: "orders-1")
        try await group[1].start()
        try await group.follow(1, 0, epoch: 1)
        try await Task.sleep(for: .milliseconds(300))
        #expect(group[0].snapshot.peers.allSatisfy { !$0.connected })
        // The right CA, but another member's certificate.
        await group[1].stop()
        group[1].tls = TestCertificates.shared.path(of: "orders-5")
        try await group[1].start(epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await Task.sleep(for: .milliseconds(300))
        #expect(group[1].snapshot.position == .zero)
        #expect(group[0].snapshot.committed == .zero)
        // Its own.
        await group[1].stop()
        group[1].tls = TestCertificates.shared.path(of: "orders-1")
        try await group[1].start(epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group.close()
    }

    @Test func certificatesAreReadAgain() async throws {
        let group = try await LogGroup(2)
        let copy = group.directory + "/tls"
        try FileManager.default.copyItem(atPath: TestCertificates.foreign.path(of: "orders-1"), toPath: copy)
        await group[1].stop()
        group[1].tls = copy
        try await group[1].start()
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await Task.sleep(for: .milliseconds(200))
        #expect(!group[1].snapshot.streaming)
        // A Secret's volume changes under the running agent.
        for name in ["ca.crt", "tls.crt", "tls.key"] {
            let source = TestCertificates.shared.path(of: "orders-1") + "/" + name
            try FileManager.default.copyItem(atPath: source, toPath: "\(copy)/\(name).new")
            #expect(rename("\(copy)/\(name).new", "\(copy)/\(name)") == 0)
        }
        try await group[0].running.waitCommitted(first.position)
        await group.close()
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mariadb-binlog")))
    func theLogIsABinlog() async throws {
        let group = try await LogGroup(1, segmentBytes: 32 << 10)
        _ = try await group.elect(0, epoch: 1)
        let last = try await group[0].write(1000)
        try await group[0].running.waitCommitted(last.position)
        let directory = group[0].configuration.directory + "/log"
        let segments = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(segments.count > 3)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/mariadb-binlog")
        process.arguments = ["--verify-binlog-checksum"] + segments.map { "\(directory)/\($0)" }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("GTID \(last)"))
        await group.close()
    }

    @Test func whatAllMembersHaveIsPurged() async throws {
        let group = try await LogGroup(3, segmentBytes: 32 << 10)
        for member in group.members {
            await member.stop()
            member.configuration.retainedBytes = 64 << 10
            member.configuration.purgeSeconds = 0.1
            try await member.start()
        }
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        let last = try await group[0].write(2000)
        try await group[0].running.waitCommitted(last.position)
        // The third member has not been here: all of it is kept for it.
        try await Task.sleep(for: .milliseconds(500))
        #expect(group[0].snapshot.first == position(1, 1))
        try await group.follow(2, 0, epoch: 1)
        for member in group.members {
            try await member.until("purges") { $0.logBytes < 200 << 10 && $0.position == last.position }
            #expect(member.snapshot.logBytes >= 64 << 10)
        }
        // A new life cannot be helped with what is left.
        await group[2].stop()
        try group[2].beginAnew()
        try await group[2].start()
        try await group.follow(2, 0, epoch: 1)
        try await group[2].until("says that it needs a rebuild") { $0.failure?.reason == "LogPurged" }
        await group.close()
    }
}
