import Foundation
import Glibc
import Synchronization

/// The client ended before it wrote; what it said went to standard error.
package struct WriterFailed: Error {
    package var errors: [String]
}

/// A client that writes without a pause and remembers what was acknowledged.
///
/// A statement without an answer may or may not have happened: its row is neither demanded nor forbidden. Whatever was
/// acknowledged must be on every member in the end. The client is a process of its own that reaches the group through its
/// Service, as clients do (`LedgerClient`).
package final class Writer: Sendable {
    private struct State {
        var acknowledged: [Acknowledgement] = []
        var errors: [String] = []
        var isReady = false
        var hasEnded = false
    }

    private struct Acknowledgement {
        var id: Int
        var moment: Moment
    }

    /// The table that it writes to.
    package let table: String
    private let group: LabGroup
    private let state: Mutex<State>
    private let input: FileHandle

    private init(group: LabGroup, table: String, input: FileHandle) {
        self.group = group
        self.table = table
        self.input = input
        state = Mutex(State())
    }

    /// Makes the table anew and starts writing.
    ///
    /// - Parameters:
    ///   - patience: How many seconds a statement without an answer is waited for.
    ///   - pause: Between two rows; enough to be in the middle of something always, and little enough to leave the
    ///     machine to the cluster.
    package static func start(
        _ group: LabGroup,
        table: String = "ledger",
        patience: Int = 30,
        pause: Duration = .milliseconds(5)
    ) async throws -> Writer {
        let password = try await group.password()
        try await group.drop(table: table)
        let host = try await group.leaderService()
        let words = [
            "\(Lab.root)/hack/cluster", "client", "env", "XDB_PASSWORD=\(password)", "\(Lab.programs)/xdb-ledger", host,
            "app", table, "1", "\(patience)", "\(Int(pause / .microseconds(1)))",
        ]
        let (input, output) = (Pipe(), Pipe())
        // The ends are this process's own: a child that held one would keep the client alive, or seem to be it.
        for end in [input.fileHandleForWriting, output.fileHandleForReading] {
            _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        let writer = Writer(group: group, table: table, input: input.fileHandleForWriting)
        let child = try Child(
            words,
            input: input.fileHandleForReading.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor
        )
        // The ends of the child are its own.
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        Thread.detachNewThread {
            writer.read(output.fileHandleForReading)
            _ = child.wait()
        }
        try await eventually("the client of \(group.name) writes") { () -> Bool? in
            writer.state.withLock { $0.isReady || $0.hasEnded } ? true : nil
        }
        guard writer.state.withLock({ $0.isReady }) else { throw WriterFailed(errors: writer.errors) }
        return writer
    }

    /// How many writes have been acknowledged.
    package var count: Int { state.withLock { $0.acknowledged.count } }

    /// The rows that have been acknowledged.
    package var acknowledged: [Int] { state.withLock { $0.acknowledged.map(\.id) } }

    /// What the client was told instead of an acknowledgement.
    package var errors: [String] { state.withLock { $0.errors } }

    /// The longest time between two acknowledgements from a moment on; what has come last counts as long as it lasts.
    package func longestPause(since begin: Moment) -> Duration { pauses(since: begin).max() ?? .zero }

    /// The times between two acknowledgements from a moment on.
    package func pauses(since begin: Moment) -> [Duration] { gaps(since: begin).map(\.length) }

    /// A time in which nothing was acknowledged.
    package struct Gap: Sendable {
        /// The acknowledgement before it.
        package var begin: Moment
        /// The acknowledgement after it.
        package var end: Moment
        /// Between the two.
        package var length: Duration { end.since(begin) }
    }

    /// What was between each two acknowledgements from a moment on.
    package func gaps(since begin: Moment) -> [Gap] {
        let moments = state.withLock { $0.acknowledged.map(\.moment) }
        let before = moments.last { $0 < begin } ?? begin
        let after = moments.drop { $0 < begin }
        return zip([before] + after, after).map { Gap(begin: $0, end: $1) }
    }

    /// Waits until so many more writes are acknowledged.
    package func progress(by more: Int = 20) async throws {
        let goal = count + more
        try await eventually(
            "\(more) more writes on \(group.name); \(errors.last ?? "no error")",
            every: .milliseconds(50)
        ) {
            () -> Bool? in count >= goal ? true : nil
        }
    }

    /// True when nothing is acknowledged for the time.
    package func isBlocked(for time: Duration) async throws -> Bool {
        let before = count
        try await Task.sleep(for: time)
        // The one statement that was on its way when the majority went may just have come through.
        return count <= before + 1
    }

    /// Stops, and returns the rows that were acknowledged.
    @discardableResult
    package func stop() async throws -> [Int] {
        // The client ends with its input.
        try? input.close()
        try await eventually("the writer ends", every: .milliseconds(50)) {
            state.withLock { $0.hasEnded } ? true : nil
        }
        return acknowledged
    }

    private func read(_ output: FileHandle) {
        var rest: [UInt8] = []
        while case let data = output.availableData, !data.isEmpty {
            rest += data
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            for line in rest[..<end].split(separator: UInt8(ascii: "\n")) {
                take(String(decoding: line, as: UTF8.self))
            }
            rest.removeFirst(end + 1)
        }
        state.withLock { $0.hasEnded = true }
    }

    private func take(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        state.withLock { state in
            switch words.first {
            case "ready": state.isReady = true
            case "ack":
                guard words.count == 3, let id = Int(words[1]), let time = Int64(words[2]) else { return }
                state.acknowledged.append(Acknowledgement(id: id, moment: Moment(microseconds: time)))
            default: state.errors.append(line)
            }
        }
    }
}
