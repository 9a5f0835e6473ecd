import Synchronization
public import XDB

/// Bytes of a log, read into the caller's buffer.
public struct LogBatch: Hashable, Sendable {
    /// Set when these bytes are the first of a segment for this reader: a stream begins the segment before them.
    ///
    /// It comes at once, also when there are no bytes yet.
    public var header: SegmentHeader?
    /// Where in the segment they stand.
    public var offset: UInt64
    /// How many bytes of the buffer are filled; 0 when there is only something to tell.
    public var count: Int
    /// The last group that is complete with these bytes, if they complete one.
    public var last: GTID?
}

extension LogStore {
    /// A reader of everything after a position that the log has.
    public func reader(after position: Position) throws -> LogReader {
        let generation = try state.withLock { state in
            try state.check()
            return state.generation
        }
        return LogReader(store: self, point: try locate(position), generation: generation)
    }
}

/// Reads a log forward, whole groups up to a limit, and goes on where groups are appended.
///
/// The bytes are those of the segments, events that follow each other, and end anywhere. A reader belongs to one stream;
/// it keeps its segment's file open.
public struct LogReader: Sendable {
    private let store: LogStore
    private let generation: UInt64
    private var file: (any LogFile)?
    private var number: UInt32?
    private var header: SegmentHeader?
    private var offset: UInt64
    /// Bytes of the event at `offset` that were already read.
    private var remainingInEvent = 0
    /// The group that was begun but is not known to be complete.
    private var open: GTID?

    /// The smallest buffer: it must hold any GTID event.
    public static let minimumBuffer = 4096

    init(store: LogStore, point: (segment: LogStore.Segment, offset: UInt64)?, generation: UInt64) {
        self.store = store
        self.generation = generation
        self.header = point?.segment.header
        self.number = point?.segment.header.number
        self.offset = point?.offset ?? 0
    }

    /// Reads the next bytes of groups up to `limit` into a buffer; nil when there are none yet.
    ///
    /// Once a group has begun it is read to its end. ``BinaryLogError/truncated`` means that the log was cut: make a new
    /// reader.
    public mutating func next(upTo limit: Position, into buffer: UnsafeMutableRawBufferPointer) throws -> LogBatch? {
        precondition(buffer.count >= Self.minimumBuffer, "the buffer holds at least a GTID event")
        while true {
            guard let span = try span(limit) else { return nil }
            if let next = span.next {
                number = next.number
                header = next
                offset = UInt64(next.size)
                file = nil
                continue
            }
            guard span.end > offset else { return report(count: 0, last: complete()) }
            return try read(upTo: limit, span: span, into: buffer)
        }
    }

    /// The open group, where it is now known to be complete.
    private mutating func complete() -> GTID? {
        guard remainingInEvent == 0 else { return nil }
        defer { open = nil }
        return open
    }

    /// What to tell of bytes that were read, and of everything that had to be told with them.
    private mutating func report(count: Int, last: GTID?) -> LogBatch? {
        guard count > 0 || last != nil || header != nil else { return nil }
        defer {
            header = nil
            offset += UInt64(count)
        }
        return LogBatch(header: header, offset: offset, count: count, last: last)
    }

    /// What the store has for this reader.
    private struct Span {
        /// How far it may read in its segment: where a group ends.
        var end: UInt64
        /// Set when the reader has to go on in this segment.
        var next: SegmentHeader?
    }

    private func span(_ limit: Position) throws -> Span? {
        try store.state.withLock { state -> Span? in
            try state.check()
            guard state.generation == generation else { throw BinaryLogError.truncated }
            guard let first = state.segments.first else { return nil }
            guard let number else {
                guard first.header.state.position == .zero else {
                    throw BinaryLogError.notFound(
                        .zero,
                        first: first.header.state.position,
                        last: state.written.position
                    )
                }
                return Span(end: 0, next: first.header)
            }
            guard number >= first.header.number else {
                let position = header?.state.position ?? .zero
                throw BinaryLogError.notFound(
                    position,
                    first: first.header.state.position,
                    last: state.written.position
                )
            }
            let place = Int(number - first.header.number)
            guard place < state.segments.count else { throw BinaryLogError.truncated }
            let segment = state.segments[place]
            if offset >= segment.end, place + 1 < state.segments.count {
                return Span(end: offset, next: state.segments[place + 1].header)
            }
            // No more than needed when the limit is far behind the end.
            var end = segment.end
            if let entry = segment.index?.first(after: limit), entry.offset >= offset { end = min(end, entry.offset) }
            return Span(end: end, next: nil)
        }
    }

    private mutating func read(
        upTo limit: Position,
        span: Span,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws -> LogBatch? {
        guard let number else { return nil }
        let name = SegmentHeader.name(number)
        let file = try self.file ?? store.storage.open(name)
        self.file = file
        let wanted = Int(min(UInt64(buffer.count), span.end - offset))
        let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
        guard count == wanted else {
            throw BinaryLogError.corrupt(file: name, offset: offset, detail: "the file ends early")
        }
        // What was read may be of a log that was cut meanwhile.
        guard store.state.withLock({ $0.generation }) == generation else { throw BinaryLogError.truncated }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        var cursor = min(remainingInEvent, count)
        remainingInEvent -= cursor
        var last: GTID?
        while cursor < count, remainingInEvent == 0 {
            let rest = bytes.part(cursor..<count)
            // A cut header, or a cut GTID event, is read again with what follows it.
            guard rest.count >= EventHeader.size else { break }
            let event = try Self.header(rest, name: name, offset: offset + UInt64(cursor))
            if event.type == .gtid {
                guard rest.count >= event.length else { break }
                let gtid = try GTIDEvent(header: event, bytes: rest.part(0..<event.length)).gtid
                last = open ?? last
                open = nil
                guard gtid.position <= limit else { break }
                open = gtid
            }
            let taken = min(event.length, rest.count)
            remainingInEvent = event.length - taken
            cursor += taken
        }
        if offset + UInt64(cursor) == span.end { last = complete() ?? last }
        return report(count: cursor, last: last)
    }

    private static func header(
        _ bytes: UnsafeRawBufferPointer,
        name: String,
        offset: UInt64
    ) throws(BinaryLogError) -> EventHeader {
        do {
            return try EventHeader(bytes)
        } catch {
            throw .corrupt(file: name, offset: offset, detail: error.description)
        }
    }
}
