import Foundation
import Glibc
import Synchronization
import Testing
import XDB

@testable import Agent

/// A group with a leader, a follower and a logger, and the directory of the follower's next life, which is a learner of
/// the group from the beginning.
final class RebuildGroup {
    let files: TestGroupFiles
    /// The leader, the follower and the logger.
    let members: [TestMember]
    /// The follower's next life.
    let life: TestMember
    var agents: [WatchedProcess] = []

    var leader: TestMember { members[0] }
    var follower: TestMember { members[1] }

    init() throws {
        let files = try TestGroupFiles()
        self.files = files
        members = (0..<3).map { TestMember($0, kind: $0 == 2 ? .logger : .data, files: files) }
        life = TestMember(1, life: 2, files: files)
    }

    /// Starts it, and lets it have a table.
    func begin() async throws {
        agents = try members.map { try $0.start() }
        for member in members {
            try await member.join()
            _ = try await member.seal(1)
        }
        try await leader.lead(request(voters: members.map(\.name), learners: [life.name]))
        for member in members.dropFirst() { try await member.follow(1, leader) }
        try await leader.wait("writable") { $0.phase == .writable }
        try await leader.sql("CREATE DATABASE shop")
        try await leader.sql("CREATE TABLE shop.t (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200))")
        try await leader.sql("CREATE TABLE shop.big (id BIGINT AUTO_INCREMENT PRIMARY KEY, v LONGTEXT)")
        for _ in 0..<8 { try await leader.sql("INSERT INTO shop.big (v) VALUES (REPEAT(UUID(), 30000))") }
        let end = try await leader.written()
        try await follower.shows(end)
    }

    func request(voters: [String], learners: [String]) -> LeadRequest {
        var request = LeadRequest(
            epoch: Epoch(rawValue: 1),
            start: .zero,
            source: nil,
            voters: voters,
            learners: learners
        )
        if !voters.contains(follower.name) { request.votersVersion = 1 }
        return request
    }

    /// Runs a Job to its end.
    func run(_ work: String) async throws -> (end: ProcessEnd, words: JobResult) {
        try await life.result(of: life.startJob([work]))
    }

    /// Runs a Job that is to succeed.
    @discardableResult
    func finish(_ job: WatchedProcess, _ location: SourceLocation = #_sourceLocation) async throws -> JobResult {
        let (end, words) = try await life.result(of: job)
        try #require(end == .exited(0), "\(words)", sourceLocation: location)
        return words
    }

    /// Copies the leader from the beginning.
    ///
    /// On a busy machine its commits may have to wait for so long that it breaks the copy off: then its Job runs again.
    func copyLeader() async throws {
        while true {
            try? FileManager.default.removeItem(atPath: life.directory)
            let (end, words) = try await life.result(of: life.startCopy(from: leader))
            if end == .exited(0) { return }
            try #require(words.reason == "SourceLost" && words.isWorthRetrying ?? false, "\(words)")
        }
    }

    /// Starts the new life, and waits until it has everything.
    func join() async throws {
        agents.append(try life.start())
        try await life.wait("there") { $0.phase == .idle && $0.server.state == .running }
        _ = try await life.seal(1)
        try await life.follow(1, leader)
        try await life.wait("streaming") { $0.phase == .streaming }
        try await catchUp()
    }

    /// Makes the new life from the follower, and lets it catch up.
    func makeLife() async throws {
        try await finish(life.startCopy(from: follower))
        for work in ["prepare", "refresh"] { _ = try await finish(life.startJob([work])) }
        try await join()
    }

    /// Waits until the new life's server shows what the leader has committed until now.
    func catchUp() async throws {
        let end = try await leader.written()
        try await life.shows(end)
    }

    /// The rows of a member, as a number that tells them from others.
    func rows(_ member: TestMember) async throws -> String? {
        try await member.sql(
            """
            SELECT CONCAT((SELECT CONCAT(COUNT(*), ':', SUM(CRC32(CONCAT(id, v)))) FROM shop.t), '/', \
            (SELECT CONCAT(COUNT(*), ':', SUM(CRC32(CONCAT(id, v)))) FROM shop.big))
            """
        )
    }

    /// Runs a test, and ends everything after it.
    static func use(_ body: (RebuildGroup) async throws -> Void) async throws {
        let group = try RebuildGroup()
        do {
            try await group.begin()
            try await body(group)
        } catch {
            Issue.record("\(error)\n\((group.members + [group.life]).map(\.log).joined(separator: "\n\n"))")
        }
        await group.files.end(group.agents, group.members + [group.life])
    }
}

/// A client that writes one row after the other, and keeps how many were acknowledged.
final class Writer: Sendable {
    private let task: Task<(rows: Int, longest: Duration), any Error>
    private let stop: Stop

    private final class Stop: Sendable {
        let isAsked = Atomic(false)
    }

    init(_ member: TestMember) {
        let stop = Stop()
        self.stop = stop
        task = Task {
            var rows = 0
            var longest = Duration.zero
            while !stop.isAsked.load(ordering: .relaxed) {
                let begin = ContinuousClock.now
                try await member.sql("INSERT INTO shop.t (v) VALUES (UUID())", seconds: 60)
                rows += 1
                longest = max(longest, .now - begin)
            }
            return (rows, longest)
        }
    }

    /// Ends it after the present row; throws when a write has failed.
    func end() async throws -> (rows: Int, longest: Duration) {
        stop.isAsked.store(true, ordering: .relaxed)
        return try await task.value
    }
}

/// Passes one TCP connection on, and breaks it off after so many bytes of the answer.
final class BreakingProxy: Sendable {
    private let listener: Socket
    private let counter = Mutex<UInt64>(0)

    init(to port: Int, host: String, breaksAfter limit: UInt64) throws {
        listener = try Socket.listening()
        let listener = listener
        WorkerThread.start("proxy") { [weak self] in
            let client = listener.accepted()
            guard let server = Socket.connected(to: port, host: host) else { return }
            WorkerThread.start("proxy-request") { Self.pump(client, server) { _ in true } }
            Self.pump(server, client) { count in
                guard let self else { return false }
                return self.counter.withLock { counter in
                    counter += UInt64(count)
                    return counter < limit
                }
            }
            for socket in [client, server] { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }
        }
    }

    var port: Int { listener.port }

    /// How many bytes of the answer have come.
    var bytes: UInt64 { counter.withLock { $0 } }

    private static func pump(_ from: Socket, _ to: Socket, _ goesOn: (Int) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(from.descriptor, &buffer, buffer.count, 0)
            guard count > 0, goesOn(count) else { return }
            to.send(Array(buffer[..<count]))
        }
    }
}
