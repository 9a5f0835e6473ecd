import Synchronization
public import XDB

/// Where a log stands.
public struct LogSnapshot: Hashable, Sendable {
    /// What the log begins after: groups up to here are not in it (any more).
    public var first: Position
    /// The last group that was written, so that readers see it.
    public var written: Position
    /// The last group that is durable.
    public var durable: Position
    /// The last transaction of every server, with everything that was appended, written or not.
    public var state: LogState
    /// How many bytes the segments have.
    public var bytes: UInt64
    /// How many segments there are.
    public var segments: Int
    /// How many appended bytes wait to be written.
    public var pendingBytes: Int
}

/// A group's log on disk: segments in MariaDB's binlog format.
///
/// The way of a group: `append` encodes it in memory; `write` gives it to the operating system, after which readers see
/// it; `synchronize` makes it durable. `append` does no I/O and may be called on an event loop, while another thread
/// writes. Only whole groups are ever visible to readers or count in a position.
///
/// Opening costs the headers of all segments and a scan of the last one: a segment begins with the log's state before
/// it, and is complete and durable before its successor is made, so only the last one can be torn by a crash.
///
/// All methods may be called from any thread. An I/O error while writing is final: what the disk has is unknown, and
/// everything throws ``BinaryLogError/failed(_:)`` until the log is opened again.
public final class LogStore: Sendable {
    /// One segment as readers see it.
    struct Segment: Sendable {
        var header: SegmentHeader
        /// Where its last whole group ends.
        var end: UInt64
        /// Complete up to `end` if it was built while appending or by a scan; nil when it must be built first.
        var index: SegmentIndex?
    }

    struct State: Sendable {
        var appender: LogAppender
        var segments: [Segment]
        /// The state that readers see.
        var written: LogState
        var durable: Position
        /// Grows with every truncation, after which readers must begin anew.
        var generation: UInt64 = 0
        var failure: String?

        func check() throws(BinaryLogError) {
            if let failure { throw .failed(failure) }
        }

        /// Returns where the active segment has to be cut.
        mutating func discardOpenGroup() -> UInt64? {
            let cut = appender.discardOpenGroup()
            if let cut, !segments.isEmpty { segments[segments.count - 1].index?.removeAll(from: cut) }
            return cut
        }
    }

    /// What only the writing side touches.
    ///
    /// Taken before `state` when both are needed.
    struct Output: Sendable {
        var file: (any LogFile)?
        /// Counts writes; those after `synchronized` are not known to be durable.
        var writes: UInt64 = 0
        var synchronized: UInt64 = 0

        var isDirty: Bool { writes != synchronized }

        /// Everything that was written is durable.
        mutating func becameClean() { synchronized = writes }
    }

    let storage: any LogStorage
    let options: LogOptions
    let output: Mutex<Output>
    let state: Mutex<State>

    init(storage: any LogStorage, options: LogOptions, file: (any LogFile)?, state: State) {
        self.storage = storage
        self.options = options
        self.output = Mutex(Output(file: file))
        self.state = Mutex(state)
    }

    /// Where the log stands.
    public var snapshot: LogSnapshot {
        state.withLock { state in
            LogSnapshot(
                first: state.segments.first?.header.state.position ?? state.written.position,
                written: state.written.position,
                durable: state.durable,
                state: state.appender.state,
                bytes: state.segments.reduce(0) { $0 + $1.end },
                segments: state.segments.count,
                pendingBytes: state.appender.pendingBytes
            )
        }
    }

    /// How the events of its last segment are laid out; nil while it has none.
    public var formatDescription: FormatDescription? {
        state.withLock { $0.segments.last?.header.formatDescription }
    }

    // MARK: - Appending

    /// Appends events: `body` gets what encodes them, and runs under a lock, so it must not block.
    ///
    /// When a stream breaks inside a group, or an event is refused, call ``discardOpenGroup()`` before the next stream.
    @discardableResult
    public func append<Result: Sendable>(_ body: (inout LogAppender) throws -> Result) throws -> Result {
        try state.withLock { state in
            try state.check()
            return try body(&state.appender)
        }
    }

    /// Forgets the group that is not complete, if there is one.
    public func discardOpenGroup() throws {
        try output.withLock { output in
            let cut = try state.withLock { state in
                try state.check()
                return state.discardOpenGroup()
            }
            guard let cut else { return }
            try effect { try output.file?.truncate(to: cut) }
        }
    }

    /// Writes everything that was appended, and lets readers see the groups that are whole.
    ///
    /// Returns the last of them.
    @discardableResult
    public func write() throws -> Position {
        try output.withLock { output in try write(&output) }
    }

    /// Makes everything that was written durable.
    ///
    /// Writes and reads go on meanwhile: what they add is for the next call. Returns the last durable group.
    @discardableResult
    public func synchronize() throws -> Position {
        let (file, writes, target, generation) = try output.withLock { output in
            try state.withLock { state in
                try state.check()
                return (output.isDirty ? output.file : nil, output.writes, state.written.position, state.generation)
            }
        }
        if let file { try effect { try file.synchronize() } }
        return output.withLock { output in
            // A new segment or a cut may have made more of it durable; then all of its predecessor is.
            output.synchronized = max(output.synchronized, writes)
            return state.withLock { state in
                // What was cut meanwhile is not there, and what came in its place was not synchronized.
                if state.generation == generation { state.durable = max(state.durable, target) }
                return state.durable
            }
        }
    }

    /// Writes and makes durable.
    @discardableResult
    public func commit() throws -> Position {
        try write()
        return try synchronize()
    }

    @discardableResult
    func write(_ output: inout Output) throws -> Position {
        var chunks: [LogAppender.Chunk] = []
        let (encoded, before) = try state.withLock { state in
            try state.check()
            chunks = state.appender.takeChunks()
            return (state.appender.state, state.written.position)
        }
        guard !chunks.isEmpty else { return before }
        try effect {
            for chunk in chunks {
                if let header = chunk.header {
                    // The predecessor must not be torn once there is a successor.
                    if output.isDirty { try output.file?.synchronize() }
                    output.becameClean()
                    output.file = try storage.create(header.name, contents: header.bytes)
                }
                guard !chunk.bytes.isEmpty, let file = output.file else { continue }
                output.writes += 1
                try chunk.bytes.withUnsafeBytes { try file.write($0, at: chunk.offset) }
            }
        }
        return state.withLock { state in
            for chunk in chunks {
                if let header = chunk.header {
                    state.segments.append(
                        Segment(header: header, end: UInt64(header.size), index: SegmentIndex())
                    )
                }
                let last = state.segments.count - 1
                guard last >= 0 else { continue }
                for entry in chunk.index { state.segments[last].index?.append(entry) }
                if let end = chunk.groupEnd { state.segments[last].end = end }
            }
            state.written = encoded
            // In place: memory that somebody else still holds would be allocated anew for every burst.
            if !chunks.isEmpty { state.appender.recycle(&chunks[chunks.count - 1].bytes) }
            return encoded.position
        }
    }

    /// Runs I/O whose failure leaves the disk in an unknown state.
    func effect<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            state.withLock { $0.failure = $0.failure ?? String(describing: error) }
            throw error
        }
    }
}
