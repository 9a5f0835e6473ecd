import Foundation
import Testing
import XDB

@testable import Agent

/// What the kernel tells of a real server's threads while it applies.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mariadbd")))
struct ApplyWorkTests {
    /// Of a follower that waits for a lock there is nothing to be seen; of one that has much to do there is.
    @Test(.timeLimit(.minutes(10)))
    func waitingAndWorkingAreToldApart() async throws {
        let files = try TestGroupFiles()
        let members = (0..<3).map { TestMember($0, kind: $0 == 2 ? .logger : .data, files: files) }
        let (leader, follower) = (members[0], members[1])
        var agents: [WatchedProcess] = []
        do {
            agents = try members.map { try $0.start() }
            for member in members {
                try await member.join()
                _ = try await member.seal(1)
            }
            try await leader.lead(MemberGroupTests.lead(1, start: .zero, voters: members.map(\.name)))
            for member in members.dropFirst() { try await member.follow(1, leader) }
            try await leader.wait("writable") { $0.phase == .writable }
            try await leader.sql("CREATE DATABASE shop")
            // Each row that is changed is looked for among all of them.
            try await leader.sql("CREATE TABLE shop.t (n INT, v VARCHAR(200))")
            try await leader.sql("INSERT INTO shop.t SELECT seq, UUID() FROM shop.seq_1_to_20000")
            let filled = try await leader.written()
            try await follower.wait("filled") { $0.server.applied ?? .zero >= filled }

            let server = try #require(follower.server)
            let (blocker, sql) = (follower.connection("blocker"), follower.connection("test"))
            func worked() async throws -> Bool {
                let before = ApplyWork(of: try await ApplyWork.threads(sql), in: server.pid)
                try await Task.sleep(for: .seconds(2))
                return ApplyWork(of: try await ApplyWork.threads(sql), in: server.pid)
                    .isWork(since: before, within: .seconds(2))
            }
            #expect(try await !ApplyWork.threads(sql).isEmpty)
            try await blocker.execute(["LOCK TABLES shop.t WRITE"])
            try await leader.sql("UPDATE shop.t SET v = REVERSE(v)", seconds: 120)
            let end = try await leader.written()
            try await follower.wait("behind") { $0.position >= end }
            // What it does until it comes to the lock is no part of it.
            while try await worked() {}
            #expect(try await follower.status().server.applied ?? .zero < end)
            try await blocker.execute(["UNLOCK TABLES"])
            #expect(try await worked())
            try await follower.wait("at one transaction") { $0.server.busySeconds ?? 0 >= 5 }
            #expect(try await follower.status().problems.isEmpty)
            await blocker.disconnect()
            await sql.disconnect()
        } catch {
            Issue.record("\(error)\n\(members.map(\.log).joined(separator: "\n\n"))")
        }
        await files.end(agents, members)
    }
}
