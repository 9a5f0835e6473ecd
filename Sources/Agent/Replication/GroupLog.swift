import BinaryLog
import Logging
import NIOCore
import NIOPosix
import XDB

/// What opening a member's log gives: made on a thread that may block, then handed to the event loop.
struct OpenedLog: Sendable {
    var store: LogStore
    var committed: GTID?
    var commitFile: CommitFile

    init(configuration: ReplicationConfiguration, logger: Logger) throws(ReplicationError) {
        do {
            try DurableFile.makeDirectories(configuration.directory)
            commitFile = CommitFile(directory: configuration.directory, logger: logger)
            committed = try commitFile.read()
            let storage = try FileLogStorage(directory: FileLogStorage.directory(of: configuration.directory))
            guard try !storage.isLost() else { throw ReplicationError.logLost("its files are gone") }
            store = try LogStore.open(
                storage,
                options: LogOptions(segmentBytes: configuration.segmentBytes),
                required: committed?.position ?? .zero
            )
            // Logs only ever begin after what is committed: where they were purged, and where they were made to begin.
            let begin = store.snapshot.first
            if begin > committed?.position ?? .zero { committed = store.snapshot.state.gtid(at: begin) }
        } catch BinaryLogError.lostTail(let end, let required) {
            throw .logLost("it ends at \(end), and \(required) was noted as committed")
        } catch let error as ReplicationError {
            throw error
        } catch {
            throw .storage("\(error)")
        }
    }
}

/// The log of a member, as its event loop sees it.
///
/// The loop appends and writes, so that peers can be sent a burst as soon as it has come; a thread of its own makes it
/// durable meanwhile. At most one fdatasync runs at a time, and everything that was written while it ran is in the next:
/// that is what makes a burst out of many small transactions.
final class GroupLog {
    private var store: LogStore
    private let loop: any EventLoop
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private var isOpen = false
    private var unwritten = false
    private var unsynchronized = false
    private var synchronizing = false
    /// Grows with every removal, so that an fdatasync that began before it says nothing about what is there now.
    private var generation = 0
    private var durableWaiters: [EventLoopPromise<Void>] = []

    /// A burst was written: readers see it.
    var onAppend: () -> Void = {}
    /// More of the log is durable.
    var onDurable: () -> Void = {}
    var onFailure: (ReplicationError) -> Void = { _ in }

    /// The last whole transaction, written or not.
    private(set) var end: GTID?
    /// The last transaction that is durable.
    private(set) var durable: GTID?
    /// Why nothing can be written any more.
    private(set) var failure: ReplicationError?
    /// A write failed, for example on a full disk, and not an fdatasync.
    ///
    /// After a failed fdatasync the kernel takes the lost pages for clean: the log would read well and not be on the
    /// disk, so it is not opened again.
    private(set) var mayRecover = true

    /// Where readers on the loop put what they read.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)

    init(store: LogStore, loop: any EventLoop) {
        self.store = store
        self.loop = loop
        end = store.snapshot.state.last
        durable = end
        thread.start()
    }

    deinit {
        scratch.deallocate()
    }

    func close() {
        thread.shutdownGracefully { _ in }
    }

    // MARK: - What it holds

    /// The last transaction of every server id.
    var state: LogState { store.snapshot.state }

    /// Whether the log holds a transaction, or did before it was purged.
    func holds(_ gtid: GTID) -> Bool {
        if let end, end.serverID == gtid.serverID { return gtid.sequence <= end.sequence }
        return state.holds(gtid)
    }

    /// The sequence of the transaction that is being appended, or of the last one between transactions.
    var openSequence: UInt64 { (end?.sequence ?? 0) + (isOpen ? 1 : 0) }

    var isAtBoundary: Bool { !isOpen }

    /// The transaction at a position of this log.
    func gtid(at position: Position) -> GTID? {
        if let end, end.position.epoch == position.epoch {
            return GTID(serverID: end.serverID, sequence: position.sequence)
        }
        guard let server = state.gtids.last(where: { $0.position.epoch == position.epoch })?.serverID else {
            return nil
        }
        return GTID(serverID: server, sequence: position.sequence)
    }

    /// The first transaction that is still there; nil when there is none.
    var first: Position? {
        let snapshot = store.snapshot
        guard snapshot.written.sequence > snapshot.first.sequence else { return nil }
        // Sequences have no gaps; the epoch is that of the first server id which reaches beyond the begin.
        let sequence = snapshot.first.sequence + 1
        let epoch = snapshot.state.gtids.first { $0.sequence >= sequence }?.position.epoch ?? snapshot.written.epoch
        return Position(epoch: epoch, sequence: sequence)
    }

    /// The last transaction before the first one that is still there; nil for a log that has everything.
    var begin: GTID? {
        let snapshot = store.snapshot
        return snapshot.state.gtid(at: snapshot.first)
    }

    /// How the newest events are laid out; nil while there are none.
    var formatDescription: FormatDescription? { store.formatDescription }

    var bytes: UInt64 { store.snapshot.bytes }

    /// What follows a transaction is still there.
    func canRead(after gtid: GTID?) -> Bool {
        store.snapshot.first <= gtid?.position ?? .zero
    }

    func reader(after gtid: GTID?) throws -> LogReader {
        try store.reader(after: gtid?.position ?? .zero)
    }

    // MARK: - Appending

    /// Takes an event, or a piece of a long one.
    func append(_ piece: EventPiece) throws {
        unwritten = true
        let (ended, boundary) = try store.append { appender in
            let ended = try appender.append(piece)
            return (ended, appender.isAtBoundary)
        }
        isOpen = !boundary
        if let ended { end = ended }
    }

    func append(event: Event) throws {
        try event.bytes.withUnsafeBytes { try append(try EventPiece(whole: $0)) }
    }

    /// Ends a burst: writes it, lets the readers have it, and has it made durable.
    func flush() {
        guard unwritten, failure == nil else { return }
        unwritten = false
        do {
            try store.write()
        } catch {
            return fail(error)
        }
        unsynchronized = true
        onAppend()
        synchronize()
    }

    /// Forgets a transaction whose stream broke.
    func dropOpenGroup() {
        guard failure == nil else { return }
        do {
            try store.discardOpenGroup()
            isOpen = false
            end = store.snapshot.state.last
        } catch {
            fail(error)
        }
    }

    /// Removes everything after a transaction; durable when it returns.
    func truncate(after gtid: GTID?) throws(ReplicationError) {
        do {
            generation += 1
            try store.truncate(after: gtid?.position ?? .zero)
            isOpen = false
            unwritten = false
            end = store.snapshot.state.last
            durable = end
        } catch {
            throw .storage("\(error)")
        }
    }

    /// Begins an empty log in the middle of the group's history; durable when it returns.
    func begin(after state: LogState, format: FormatDescription) throws(ReplicationError) {
        do {
            generation += 1
            try store.begin(after: state, format: format)
            end = state.last
            durable = end
        } catch {
            throw .storage("\(error)")
        }
    }

    /// Removes segments of which nothing after a position is lost, as long as more than so many bytes stay.
    func purge(before position: Position, keeping bytes: UInt64) {
        guard failure == nil, store.snapshot.bytes > bytes, store.snapshot.segments > 1 else { return }
        let store = store
        NIOThreadPool.singleton.submit { _ in _ = try? store.purge(through: position, keeping: bytes) }
    }

    // MARK: - Durability

    /// Succeeds when everything that was appended until now is durable.
    func whenDurable() -> EventLoopFuture<Void> {
        flush()
        let promise = loop.makePromise(of: Void.self)
        if let failure {
            promise.fail(failure)
        } else if unsynchronized || synchronizing {
            durableWaiters.append(promise)
        } else {
            promise.succeed()
        }
        return promise.futureResult
    }

    private func synchronize() {
        guard unsynchronized, !synchronizing, failure == nil else { return }
        unsynchronized = false
        synchronizing = true
        let generation = generation
        let (store, loop) = (store, loop)
        let bound = NIOLoopBound(self, eventLoop: loop)
        thread.submit { state in
            let result = Result { try store.synchronize() }
            loop.execute { bound.value.synchronized(result, generation) }
        }
    }

    private func synchronized(_ result: Result<Position, any Error>, _ generation: Int) {
        synchronizing = false
        switch result {
        case .failure(let error):
            if failure == nil { mayRecover = false }
            return fail(error)
        case .success(let position):
            if generation == self.generation, let gtid = gtid(at: position) { durable = gtid }
        }
        synchronize()
        onDurable()
        guard !unsynchronized, !synchronizing, !durableWaiters.isEmpty else { return }
        let waiters = durableWaiters
        durableWaiters = []
        for waiter in waiters { waiter.succeed() }
    }

    /// Goes on with the same files, opened anew after a write had failed.
    func replace(_ store: LogStore) {
        generation += 1
        self.store = store
        isOpen = false
        unwritten = false
        unsynchronized = false
        end = store.snapshot.state.last
        durable = end
        failure = nil
    }

    private func fail(_ error: any Error) {
        guard failure == nil else { return }
        let failure = ReplicationError.storage("\(error)")
        self.failure = failure
        let waiters = durableWaiters
        durableWaiters = []
        for waiter in waiters { waiter.fail(failure) }
        onFailure(failure)
    }
}

extension LogState {
    /// Whether a log in this state holds a transaction.
    func holds(_ gtid: GTID) -> Bool {
        gtids.contains { $0.serverID == gtid.serverID && $0.sequence >= gtid.sequence }
    }

    /// The transaction at a position that a log in this state has.
    func gtid(at position: Position) -> GTID? {
        guard let server = gtids.last(where: { $0.position.epoch == position.epoch })?.serverID else { return nil }
        return GTID(serverID: server, sequence: position.sequence)
    }
}
