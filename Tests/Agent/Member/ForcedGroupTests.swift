import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// What agents and servers do when an epoch has fewer voters than the one before, and when votes come back.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mariadbd")))
struct ForcedGroupTests {
    /// The leader and the logger lose their power while a row waits for its acknowledgement; the follower leads alone; the
    /// others come back, follow without a vote, and get their votes one after the other.
    @Test(.timeLimit(.minutes(8)))
    func theVotersOfALeaderThatWasForcedComeBack() async throws {
        let files = try TestGroupFiles()
        let members = [
            TestMember(0, files: files), TestMember(1, files: files), TestMember(2, kind: .logger, files: files),
        ]
        var agents = try members.map { try $0.start() }
        func elect(_ epoch: UInt32, _ leader: Int, voters: [Int], sealed: [Int], others: [Int]) async throws {
            var start = Position.zero
            var source: PeerAddress?
            for index in sealed {
                let position = try await members[index].seal(epoch).position
                if position > start { (start, source) = (position, members[index].peer) }
            }
            let request = LeadRequest(
                epoch: Epoch(rawValue: epoch),
                start: start,
                source: source?.name == members[leader].name ? nil : source,
                voters: voters.map { members[$0].name },
                learners: (0..<3).filter { !voters.contains($0) }.map { members[$0].name }
            )
            try await members[leader].lead(request)
            for index in others { try await members[index].follow(epoch, members[leader]) }
            try await members[leader].wait("writable") { $0.phase == .writable }
            for index in others {
                try await members[index].wait("streaming") { $0.phase == .streaming && $0.hearsLeader }
            }
        }
        func insert(_ ids: Range<Int>, _ leader: Int) async throws {
            for id in ids { try await members[leader].sql("INSERT INTO shop.t VALUES (\(id))") }
        }
        do {
            for member in members {
                try await member.join()
            }
            try await elect(1, 0, voters: [0, 1, 2], sealed: [0, 1, 2], others: [1, 2])
            try await members[0].sql("CREATE DATABASE shop")
            try await members[0].sql("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            try await insert(0..<20, 0)

            // The logger first; then nobody acknowledges, and the leader goes with a row that nobody else has.
            agents[2].signal(SIGKILL)
            _ = await agents[2].ended()
            agents[1].signal(SIGSTOP)
            // Until then what is written would wait for the follower in the buffers of their connection.
            try await members[0].wait("alone") { $0.peers.allSatisfy { !$0.connected } }
            await #expect(throws: SQLError.self) {
                try await members[0].sql("INSERT INTO shop.t VALUES (999)", seconds: 2)
            }
            agents[0].signal(SIGKILL)
            members[0].server?.signal(SIGKILL)
            _ = await agents[0].ended()
            agents[1].signal(SIGCONT)

            try await elect(2, 1, voters: [1], sealed: [1], others: [])
            try await insert(20..<40, 1)

            agents[0] = try members[0].start()
            agents[2] = try members[2].start()
            for index in [0, 2] {
                try await members[index].wait("back") { $0.phase != .uninitialized && $0.server.state != .starting }
                try await members[index].follow(2, members[1])
            }
            for index in [0, 2] {
                try await members[index].wait("streaming") { $0.phase == .streaming && $0.hearsLeader }
            }
            #expect(try await members[0].status().discardedTail != nil)
            // They receive, and no commit waits for them.
            for index in [0, 2] { agents[index].signal(SIGSTOP) }
            try await insert(40..<45, 1)
            for index in [0, 2] { agents[index].signal(SIGCONT) }
            for index in [0, 2] {
                try await members[index].wait("streaming again") { $0.phase == .streaming && $0.hearsLeader }
            }

            // The candidate takes over with its vote; then the logger gets its own.
            try await elect(3, 0, voters: [0, 1], sealed: [1, 0], others: [1, 2])
            try await insert(45..<60, 0)
            try await elect(4, 1, voters: [0, 1, 2], sealed: [0, 1, 2], others: [0, 2])
            try await insert(60..<80, 1)
            // Each of the others is enough.
            agents[0].signal(SIGSTOP)
            try await insert(80..<85, 1)
            agents[0].signal(SIGCONT)

            let end = try await members[1].written()
            for member in members.prefix(2) {
                try await member.shows(end)
                #expect(try await member.sql("SELECT CONCAT(COUNT(*), '-', MAX(id)) FROM shop.t") == "85-84")
            }
        } catch {
            Issue.record("\(error)\n\(members.map(\.log).joined(separator: "\n"))")
        }
        for agent in agents { agent.signal(SIGCONT) }
        await files.end(agents, members)
    }
}
