import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// The data of a member's next life, made by real programs of a real server's data.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mariabackup")))
struct RebuildTests {
    /// From the copy to the vote, while a client writes.
    @Test(.timeLimit(.minutes(10)))
    func aFollowerIsMadeAnew() async throws {
        try await RebuildGroup.use { group in
            let writer = Writer(group.leader)
            let copied = try await group.finish(group.life.startCopy(from: group.follower))
            #expect(copied.reason == "Done")
            #expect(copied.bytes ?? 0 > 8 << 20)
            let position = try #require(copied.position)
            #expect(try await group.run("prepare").words.reason == "Done")
            let refreshed = try await group.run("refresh")
            #expect(refreshed.end == .exited(0))
            #expect(refreshed.words.position == position)
            let names = try FileManager.default.contentsOfDirectory(atPath: group.life.directory)
            #expect(!names.contains("rebuild") && names.contains("identity.json"))

            // Nothing but the agent's start is needed, and it says where it is.
            group.agents.append(try group.life.start())
            let status = try await group.life.wait("there") { $0.phase == .idle && $0.server.state == .running }
            #expect(status.position == position && status.committed == position && status.first == nil)
            #expect(status.server.applied == position)
            #expect(status.incarnation == 2)
            _ = try await group.life.seal(1)
            try await group.life.follow(1, group.leader)
            try await group.life.wait("streaming") { $0.phase == .streaming }

            // It takes its predecessor's place, and is enough for a commit.
            let voters = ["orders-0", group.life.name, "orders-2"]
            try await group.leader.lead(group.request(voters: voters, learners: []))
            let leader = try await group.leader.wait("with the new voter") { status in
                status.peers.contains { $0.name == group.life.name && $0.since != nil }
            }
            #expect(!leader.peers.contains { $0.name == group.follower.name })
            let since = try #require(leader.peers.first { $0.name == group.life.name }?.since)
            try await group.life.wait("past its begin as a voter") { $0.position >= since }
            group.agents[2].signal(SIGKILL)
            group.agents[1].signal(SIGKILL)
            try await group.leader.sql("INSERT INTO shop.t (v) VALUES ('with the new life alone')")

            let (rows, longest) = try await writer.end()
            print("rows \(rows), longest write \(longest)")
            #expect(rows > 0)
            try await group.catchUp()
            #expect(try await group.rows(group.life) == group.rows(group.leader))
            #expect(try await group.leader.sql("SELECT COUNT(*) FROM shop.t") == "\(rows + 1)")
            #expect(try await group.leader.status().server.unacknowledged == 0)

            // A Job that comes late touches nothing.
            let copiedAgain = try await group.finish(group.life.startCopy(from: group.follower))
            #expect(copiedAgain.reason == "DoneBefore")
            #expect(try await group.run("refresh").words.reason == "DoneBefore")
            #expect(try await group.life.status().phase == .streaming)
        }
    }

    /// A backup holds commits back for a moment, and a leader's commits wait for acknowledgements: neither waits for the
    /// other for good.
    @Test(.timeLimit(.minutes(10)))
    func aLeaderIsCopiedWhileClientsWrite() async throws {
        try await RebuildGroup.use { group in
            let writers = (0..<4).map { _ in Writer(group.leader) }
            for _ in 0..<3 {
                try await group.copyLeader()
            }
            var written = 0
            for writer in writers {
                let (rows, longest) = try await writer.end()
                print("rows \(rows), longest write \(longest)")
                written += rows
            }
            #expect(try await group.leader.sql("SELECT COUNT(*) FROM shop.t") == "\(written)")
            #expect(try await group.leader.status().server.unacknowledged == 0)
            for work in ["prepare", "refresh"] { #expect(try await group.run(work).end == .exited(0)) }
            try await group.join()
            #expect(try await group.rows(group.life) == group.rows(group.leader))
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aCopyIsAsFastAsItMayBe() async throws {
        try await RebuildGroup.use { group in
            let (slow, source) = (UInt64(200_000), group.follower)
            let begin = ContinuousClock.now
            let job = try group.life.startCopy(from: source, limit: slow)
            try await source.wait("sending", seconds: 120) { $0.copy?.bytes ?? 0 > 2 * slow }
            let copy = try #require(try await source.status().copy)
            #expect(Double(copy.bytes) <= Self.most(at: slow, since: begin))
            #expect(copy.to == group.life.name && copy.limit == slow && copy.total > copy.bytes)

            // Nobody else gets one meanwhile, and who is no logger's source is none at all.
            let other = TestMember(2, life: 2, files: group.files)
            let refused = try await other.result(of: other.startCopy(from: source))
            #expect(refused.words.reason == "CopyInProgress" && refused.end == .exited(1))
            let none = try await other.result(of: other.startCopy(from: group.members[2]))
            #expect(none.words.reason == "NoSource" && none.end == .exited(1))
            #expect(job.end == nil)

            // What would take minutes ends when it may.
            try await source.limitCopy(to: group.life, nil)
            let bytes = try #require(try await group.finish(job).bytes)
            try await source.wait("done") { $0.copy == nil }
            #expect(Double(bytes) / Double(slow) > 60, "without the change it would have taken long")

            // A limit for a copy that has not begun holds for it, and goes before the Job's own.
            try FileManager.default.removeItem(atPath: group.life.directory)
            let limit = bytes / 20
            try await source.limitCopy(to: group.life, limit)
            let start = ContinuousClock.now
            let limited = try group.life.startCopy(from: source, limit: 1 << 40)
            let second = try await source.wait("sending", seconds: 120) { $0.copy?.bytes ?? 0 > 3 * limit }
            #expect(second.copy?.limit == limit)
            #expect(Double(second.copy?.bytes ?? 0) <= Self.most(at: limit, since: start))
            // The rate is the mean of a few seconds, in which the bucket was full at most once.
            #expect(Double(second.copy?.bytesPerSecond ?? 0) <= 1.5 * Double(limit))
            try await source.limitCopy(to: group.life, nil)
            try await group.finish(limited)
        }
    }

    /// What may have come since some moment at a limit: burst and one piece more than that.
    private static func most(at limit: UInt64, since begin: ContinuousClock.Instant) -> Double {
        ((.now - begin) / .seconds(1) + RateLimit.burstSeconds + 0.1) * Double(limit)
    }

    /// Two Jobs for the same life: the second one is the first one started again.
    @Test(.timeLimit(.minutes(10)))
    func aSecondJobTakesTheFirstOnesPlace() async throws {
        try await RebuildGroup.use { group in
            let first = try group.life.startCopy(from: group.follower, limit: 100_000)
            try await group.follower.wait("sending", seconds: 120) { $0.copy?.bytes ?? 0 > 0 }
            let second = try group.life.startCopy(from: group.follower)
            #expect(await first.ended() == .exited(1))
            try await group.finish(second)
        }
    }

    /// However the stream breaks off, the copy is not taken for whole, and nothing is left behind at the source.
    @Test(.timeLimit(.minutes(10)))
    func aCopyThatIsCutIsMadeAgain() async throws {
        try await RebuildGroup.use { group in
            // The source's agent dies.
            let job = try group.life.startCopy(from: group.follower, limit: 1_000_000)
            try await group.follower.wait("sending", seconds: 120) { $0.copy?.bytes ?? 0 > 1_000_000 }
            group.agents[1].signal(SIGKILL)
            let lost = try await group.life.result(of: job)
            #expect(lost.words.reason == "SourceLost" && lost.words.isWorthRetrying == true)
            #expect(lost.end == .exited(1))
            group.agents[1] = try group.follower.start()
            try await group.follower.wait("back") { $0.server.applied != nil }
            try await Self.backupIsGone(group.follower)

            // The Job dies.
            let killed = try group.life.startCopy(from: group.follower, limit: 1_000_000)
            try await group.follower.wait("sending", seconds: 120) { $0.copy?.bytes ?? 0 > 1_000_000 }
            killed.signal(SIGKILL)
            try await group.follower.wait("rid of it") { $0.copy == nil }
            try await Self.backupIsGone(group.follower)

            // The connection breaks shortly before the end.
            let whole = try BreakingProxy(to: 7700, host: group.follower.address, breaksAfter: .max)
            try await group.finish(group.life.startCopy(from: group.follower, port: whole.port))
            try FileManager.default.removeItem(atPath: group.life.directory)
            let cut = try BreakingProxy(to: 7700, host: group.follower.address, breaksAfter: whole.bytes / 100 * 99)
            let broken = try await group.life.result(of: group.life.startCopy(from: group.follower, port: cut.port))
            #expect(broken.words.reason == "SourceLost" && broken.end == .exited(1))
            #expect(try await group.run("prepare").words.reason == "CopyAgain")
            let made = try await group.finish(group.life.startCopy(from: group.follower))
            #expect(made.reason == "Done" && made.message.hasPrefix("started over"), "\(made.message)")
            let again = try await group.finish(group.life.startCopy(from: group.follower))
            #expect(again.reason == "DoneBefore")
        }
    }

    private static func backupIsGone(_ member: TestMember) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        let argument = "--target-dir=\(member.directory)/tmp/copy"
        while let process = WatchedProcess.find(program: "mariabackup", argument: argument).first {
            guard .now < deadline else {
                Issue.record("mariabackup still runs")
                process.signal(SIGKILL)
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What cannot be made consistent is copied again.
    @Test(.timeLimit(.minutes(10)))
    func aDamagedCopyIsMadeAgain() async throws {
        try await RebuildGroup.use { group in
            try await group.finish(group.life.startCopy(from: group.follower))
            let backup = group.life.directory + "/rebuild/backup"
            try Data("nothing\n".utf8).write(to: URL(fileURLWithPath: backup + "/xtrabackup_checkpoints"))
            let damaged = try await group.run("prepare")
            #expect(damaged.words.reason == "CopyAgain" && damaged.end == .exited(1))
            #expect(!FileManager.default.fileExists(atPath: backup))
            #expect(try await group.finish(group.life.startCopy(from: group.follower)).reason == "Done")
            for work in ["prepare", "refresh"] { #expect(try await group.run(work).words.reason == "Done") }
            try await group.join()
            #expect(try await group.rows(group.life) == group.rows(group.leader))
        }
    }

    /// The Jobs die at any moment, alone, so that what they have started goes on without them.
    @Test(.timeLimit(.minutes(15)))
    func theJobsAreKilledAtAnyMoment() async throws {
        try await RebuildGroup.use { group in
            let writer = Writer(group.leader)
            for work in ["copy", "prepare", "refresh"] {
                let start = { () throws -> WatchedProcess in
                    work == "copy" ? try group.life.startCopy(from: group.follower) : try group.life.startJob([work])
                }
                for _ in 0..<6 {
                    let job = try start()
                    try await Task.sleep(for: .milliseconds(Int.random(in: 1...1500)))
                    job.signal(SIGKILL)
                    _ = await job.ended()
                }
                // A prepare that was cut short may ask for another copy.
                while true {
                    let (end, words) = try await group.life.result(of: start())
                    if end == .exited(0) { break }
                    try #require(words.reason == "CopyAgain" && work == "prepare", "\(words)")
                    print("copied again: \(words.message)")
                    try await group.finish(group.life.startCopy(from: group.follower))
                }
            }
            try await group.join()
            _ = try await writer.end()
            try await group.catchUp()
            #expect(try await group.rows(group.life) == group.rows(group.leader))
        }
    }
}
