import BinaryLog
import FoundationEssentials
import Glibc
import HummingbirdCore
import Logging
import NIOCore
import Synchronization
import XDB

/// One copy of this member's data on its way to another member.
///
/// It waits from when it was admitted until its connection asks for the body, and ends with the backup's process or with
/// the connection, whichever goes first.
final class OutgoingCopy: Sendable {
    let to: String

    private enum Phase {
        case waiting
        case running
        case ended
    }

    private struct State {
        var phase = Phase.waiting
        var cancelled = false
        var process: BackupProcess?
        var bytes: UInt64 = 0
        var total: UInt64 = 0
        var limit: RateLimit
        var rate = RecentRate()
        /// When the connection last took something.
        var progress = ContinuousClock.now
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let hangUp: @Sendable () -> Void
    private let board: StatusBoard
    private let logger: Logger

    /// A wait for the bucket is cut into such pieces, so that another limit holds soon, and its end at the latest.
    private static let slice = Duration.milliseconds(20)

    init(
        to: String,
        limit: UInt64?,
        board: StatusBoard,
        hangUp: @escaping @Sendable () -> Void,
        logger: Logger
    ) {
        self.to = to
        self.hangUp = hangUp
        self.board = board
        self.logger = logger
        state = Mutex(State(limit: RateLimit(limit, now: .now)))
    }

    var isEnded: Bool { state.withLock { $0.phase == .ended } }

    /// What the status says of it; nil when it does not run.
    var status: AgentStatus.Copy? {
        state.withLock { state in
            guard state.phase == .running else { return nil }
            return AgentStatus.Copy(
                to: to,
                bytes: state.bytes,
                total: state.total,
                bytesPerSecond: state.rate.mean(state.bytes, now: .now),
                limit: state.limit.rate
            )
        }
    }

    func change(limit: UInt64?) {
        state.withLock { $0.limit.change(limit, now: .now) }
    }

    /// Ends it: nothing of it is of use to anybody.
    func cancel() {
        let (process, waiters) = state.withLock { state in
            state.cancelled = true
            if state.phase == .waiting { state.phase = .ended }
            defer { if state.phase == .ended { state.waiters = [] } }
            return (state.process, state.phase == .ended ? state.waiters : [])
        }
        process?.kill()
        hangUp()
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when nothing of it runs any more.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                if state.phase != .ended { state.waiters.append(continuation) }
                return state.phase == .ended
            }
            if isEnded { continuation.resume() }
        }
    }

    // MARK: The body of the answer

    /// Runs the backup and sends what it writes.
    func run(_ backup: BackupProcess.Settings, _ log: Replication, to writer: inout any ResponseBodyWriter) async throws
    {
        let begins = state.withLock { state in
            guard state.phase == .waiting else { return false }
            state.phase = .running
            return true
        }
        guard begins else { throw CancellationError() }
        let watch = Task { await watchProgress() }
        defer {
            watch.cancel()
            finish()
        }
        let thread = WorkerThread("copy")
        let sizes = try await thread.run { try DataSize(of: backup.dataDirectory) }
        let process = try BackupProcess(backup)
        let cancelled = state.withLock { state in
            state.process = process
            state.total = sizes.data
            return state.cancelled
        }
        if cancelled { process.kill() }
        logger.notice("sending a copy of the data", metadata: ["to": "\(to)", "bytes": "\(sizes.data)"])
        do {
            try await send(
                try CopyFrames.header(CopyHeader(dataBytes: sizes.data, logBytes: sizes.log)),
                &writer
            )
            try await pass(process, thread, &writer)
            let outcome = await process.outcome()
            let end = outcome.isSuccess ? try await Self.end(of: backup, outcome) : nil
            let (gtids, format) = try await log.begin()
            let bytes = state.withLock { $0.bytes }
            let trailer = CopyTrailer(
                ok: outcome.isSuccess,
                message: outcome.message,
                bytes: bytes,
                end: end,
                log: gtids,
                format: Data(format).base64EncodedString()
            )
            logger.notice("the backup has ended", metadata: ["to": "\(to)", "bytes": "\(bytes)", "end": "\(outcome)"])
            try await send(try CopyFrames.trailer(trailer), &writer)
            try await writer.finish(nil)
        } catch {
            logger.warning("the copy was broken off", metadata: ["to": "\(to)", "error": "\(error)"])
            process.kill()
            _ = await process.outcome()
            throw error
        }
    }

    /// The last transaction of a backup: that before the place where the server's binlog ended.
    private static func end(of backup: BackupProcess.Settings, _ outcome: BackupProcess.Outcome) async throws -> GTID? {
        guard let place = outcome.binlogEnd else { return nil }
        let sql = ServerSQL(
            socket: backup.socket,
            user: backup.user,
            binlog: .off,
            deadline: 30,
            name: "sql-copy"
        )
        let end = try await place.gtid(sql)
        await sql.disconnect()
        return end
    }

    /// Sends what the backup writes, no faster than is allowed and than the connection takes it.
    ///
    /// The next piece is read while one is being sent. The limit ends when the backup begins to hold back the server's
    /// commits: what it has still to write is little, and everybody waits for it.
    private func pass(
        _ process: BackupProcess,
        _ thread: WorkerThread,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        var next = try await read(process, thread)
        while let frame = next {
            async let following = read(process, thread)
            do {
                try await wait(for: process)
                let count = frame.readableBytes - CopyFrames.headSize
                state.withLock { $0.limit.take(count, now: .now) }
                try await send(frame, &writer)
                state.withLock { state in
                    state.bytes += UInt64(count)
                    state.rate.note(state.bytes, now: .now)
                }
            } catch {
                // What is being read would be waited for, however long the backup takes to write it.
                process.kill()
                throw error
            }
            next = try await following
        }
    }

    private func read(_ process: BackupProcess, _ thread: WorkerThread) async throws -> ByteBuffer? {
        let most = state.withLock { $0.limit.piece }
        return try await thread.run { try process.read(most) }
    }

    /// Waits until something may be sent.
    private func wait(for process: BackupProcess) async throws {
        while let pause = state.withLock({ $0.limit.pause(now: .now) }), !process.holdsCommits {
            try await Task.sleep(for: min(pause, Self.slice))
            state.withLock { $0.progress = .now }
        }
    }

    private func send(_ buffer: ByteBuffer, _ writer: inout any ResponseBodyWriter) async throws {
        try Task.checkCancellation()
        state.withLock { $0.progress = .now }
        try await writer.write(buffer)
        state.withLock { $0.progress = .now }
    }

    /// Ends a copy that is of no use, or does harm.
    private func watchProgress() async {
        var watch = CopyWatch()
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            let (process, progress) = state.withLock { ($0.process, $0.progress) }
            guard let process else { continue }
            let moment = CopyWatch.Moment(
                now: .now,
                progress: progress,
                isReading: process.isReading,
                holdsLeader: board.status.role == .leader && process.holdsCommits
            )
            guard let trouble = watch.trouble(at: moment) else { continue }
            logger.warning("\(trouble.rawValue)", metadata: ["to": "\(to)"])
            return cancel()
        }
    }

    private func finish() {
        let waiters = state.withLock { state in
            state.phase = .ended
            state.process = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

extension Replication {
    /// What another log may begin with: the last transaction of every server id, and how events are laid out.
    func begin() async throws -> (gtids: [GTID], format: [UInt8]) {
        try await onLoop { core in
            guard let format = core.log.formatDescription else {
                throw ReplicationError.wrongRole("the log is empty: nothing can begin with it")
            }
            return (core.log.state.gtids, format.event.bytes)
        }
    }
}
