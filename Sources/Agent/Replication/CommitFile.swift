import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import Synchronization
import XDB

/// The newest transaction that was known to be committed, on disk: after a restart nothing before it is ever removed.
///
/// It is allowed to be late: what is committed is on a majority in any case. So it is written once a second, and before
/// anything is removed.
final class CommitFile: Sendable {
    private struct State {
        var written: GTID?
        var busy = false
        var next = NIODeadline.now()
    }

    private let file: DurableFile
    private let state = Mutex(State())
    private let writing = Mutex(())
    private let logger: Logger

    init(directory: String, logger: Logger) {
        file = DurableFile(directory: directory, name: "committed")
        self.logger = logger
    }

    func read() throws(SystemError) -> GTID? {
        guard let contents = try file.read(limit: 128) else { return nil }
        let text = String(decoding: contents, as: UTF8.self)
        let gtid = GTID(String(text.prefix { !$0.isNewline }))
        state.withLock { $0.written = gtid }
        return gtid
    }

    /// Writes now; returns when it is durable.
    func write(_ gtid: GTID?) throws(SystemError) {
        guard let gtid else { return }
        // One writer at a time, and never an older value after a newer one.
        let result: Result<Void, SystemError> = writing.withLock { _ in
            if let written = state.withLock({ $0.written }), written.position >= gtid.position { return .success(()) }
            do throws(SystemError) {
                try file.write(Data("\(gtid)\n".utf8))
            } catch {
                return .failure(error)
            }
            state.withLock { $0.written = gtid }
            return .success(())
        }
        try result.get()
    }

    /// Writes soon, on another thread, when the last time was a second ago.
    func writeLater(_ gtid: GTID?, now: NIODeadline) {
        guard let gtid else { return }
        let due = state.withLock { state in
            guard !state.busy, now >= state.next, state.written != gtid else { return false }
            state.busy = true
            state.next = now + .seconds(1)
            return true
        }
        guard due else { return }
        NIOThreadPool.singleton.submit { [self] _ in
            do {
                try write(gtid)
            } catch {
                logger.error("the commit position cannot be written", metadata: ["error": "\(error)"])
            }
            state.withLock { $0.busy = false }
        }
    }
}
