import Foundation
import Synchronization
import Testing

/// A client that writes without a pause and remembers what was acknowledged.
///
/// A statement without an answer may or may not have happened: its row is neither demanded nor forbidden. Whatever was
/// acknowledged must be on every member in the end.
final class Writer: Sendable {
    private struct State {
        var acknowledged: [Int] = []
        var next = 1
        var isStopped = false
        var hasEnded = false
        var longestPause = Duration.zero
        var last = ContinuousClock.now
        var failure = ""
    }

    private let group: TestGroup
    private let password: String
    private let patience: UInt32
    private let address: Mutex<String?>
    private let state = Mutex(State())

    private init(group: TestGroup, password: String, patience: UInt32, address: String?) {
        self.group = group
        self.password = password
        self.patience = patience
        self.address = Mutex(address)
    }

    /// Makes the table and starts writing; a statement without an answer is waited for so many seconds.
    static func start(_ group: TestGroup, patience: UInt32 = 30) async throws -> Writer {
        let password = try await group.password()
        let host = try await eventually("\(group.name) has a leader") { try await group.leaderAddress() }
        try await eventually("\(group.name) takes statements") { () -> Bool? in
            try await onThread {
                let database = try Database(host: host, user: "app", password: password, database: "app")
                try database.query("DROP TABLE IF EXISTS ledger")
                try database.query("CREATE TABLE ledger (id INT PRIMARY KEY, note VARCHAR(100))")
                return true
            }
        }
        let writer = Writer(group: group, password: password, patience: patience, address: host)
        Thread.detachNewThread { writer.run() }
        return writer
    }

    /// How many writes have been acknowledged.
    var count: Int { state.withLock { $0.acknowledged.count } }

    /// The longest time without an acknowledgement so far.
    var longestPause: Duration { state.withLock { max($0.longestPause, $0.last.duration(to: .now)) } }

    /// Waits until so many more writes are acknowledged.
    func progress(by more: Int = 20) async throws {
        let goal = count + more
        try await eventually("\(more) more writes on \(group.name)") { () -> Bool? in
            if count >= goal { return true }
            // The leader may be in another pod by now.
            if let host = try await group.leaderAddress() { address.withLock { $0 = host } }
            return nil
        }
    }

    /// True when nothing is acknowledged for the time.
    func isBlocked(for time: Duration) async throws -> Bool {
        let before = count
        try await Task.sleep(for: time)
        // The one statement that was on its way when the majority went may just have come through.
        return count <= before + 1
    }

    /// Stops, and returns the rows that were acknowledged.
    func stop() async throws -> [Int] {
        state.withLock { $0.isStopped = true }
        try await eventually("the writer ends") { state.withLock { $0.hasEnded } ? true : nil }
        return state.withLock { $0.acknowledged }
    }

    private func run() {
        while !state.withLock({ $0.isStopped }) {
            do {
                guard let host = address.withLock({ $0 }) else { throw DatabaseError(code: 0, message: "no leader") }
                let database = try Database(
                    host: host,
                    user: "app",
                    password: password,
                    database: "app",
                    timeout: patience
                )
                while !state.withLock({ $0.isStopped }) { try writeOne(database) }
            } catch {
                state.withLock { $0.failure = "\(error)" }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
        state.withLock { $0.hasEnded = true }
    }

    private func writeOne(_ database: Database) throws {
        let id = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        try database.query("INSERT INTO ledger VALUES (\(id), 'row \(id)')")
        state.withLock { state in
            state.acknowledged.append(id)
            state.longestPause = max(state.longestPause, state.last.duration(to: .now))
            state.last = .now
        }
        // Enough to be in the middle of something always, and little enough to leave the machine to the cluster.
        Thread.sleep(forTimeInterval: 0.005)
    }
}

/// Every acknowledged row is on every member with data, and all of them have the same.
func expectEqualOnAllMembers(
    _ group: TestGroup,
    _ acknowledged: [Int],
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let password = try await group.password()
    var checksums: [String: String] = [:]
    let members = try await group.members().filter(\.hasData)
    // Followers may still apply: what is compared is what they have in the end.
    try await eventually("equal checksums on the members of \(group.name)") { () -> Bool? in
        checksums = [:]
        for member in try await group.members() where member.hasData {
            guard let host = member.podIP else { return nil }
            checksums[member.name] = try await onThread {
                try Database(host: host, user: "app", password: password, database: "app")
                    .query("CHECKSUM TABLE ledger").first?.last.flatMap { $0 } ?? "none"
            }
        }
        return checksums.count == members.count && Set(checksums.values).count == 1 ? true : nil
    }
    for member in try await group.members() where member.hasData {
        let host = try #require(member.podIP, sourceLocation: sourceLocation)
        let rows = try await onThread {
            try Database(host: host, user: "app", password: password, database: "app").query("SELECT id FROM ledger")
                .compactMap { $0.first.flatMap { $0 }.flatMap { Int($0) } }
        }
        let missing = Set(acknowledged).subtracting(rows)
        #expect(
            missing.isEmpty,
            "\(member.name) lacks acknowledged rows: \(missing.sorted().prefix(10))",
            sourceLocation: sourceLocation
        )
    }
}
