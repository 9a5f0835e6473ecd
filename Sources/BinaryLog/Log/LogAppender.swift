public import XDB

/// How a log is kept.
public struct LogOptions: Hashable, Sendable {
    /// A segment that is at least as long gets no further group.
    public var segmentBytes: UInt64
    /// How far apart the entries of a segment's index are.
    public var indexBytes: UInt64
    /// Whether a sequence may be more than one above its predecessor's.
    ///
    /// A leader's binlog has no gaps, so in a group's log one means that something was lost. The binlog of a server that
    /// has been a replica may have some: in row format it leaves out what concerns temporary tables only.
    public var allowsGaps: Bool

    /// How a log is kept.
    public init(segmentBytes: UInt64 = 64 << 20, indexBytes: UInt64 = 64 << 10, allowsGaps: Bool = false) {
        self.segmentBytes = segmentBytes
        self.indexBytes = indexBytes
        self.allowsGaps = allowsGaps
    }
}

/// Turns events of any origin into the bytes of a log's segments, in memory only.
///
/// Checksums are verified; end positions become those of the segment, and the checksums follow. Events that describe the
/// files or the stream they come from are dropped. A new segment begins where a group begins.
/// After an error nothing is taken any more until ``discardOpenGroup()``.
public struct LogAppender: Sendable {
    /// What is to be written to one segment.
    struct Chunk: Sendable {
        /// Set when the segment has to be made first.
        var header: SegmentHeader?
        var segment: UInt32
        var offset: UInt64
        var bytes: [UInt8] = []
        /// Where the last whole group ends, if one ends in this chunk.
        var groupEnd: UInt64?
        var index: [SegmentIndex.Entry] = []
    }

    private let options: LogOptions

    /// The format that the next segment gets; that of the current one for as long as servers do not change.
    private var format: FormatDescription?
    private var needsSegment: Bool
    private var segment: UInt32
    /// The end of the bytes so far, in the current segment.
    private var offset: UInt64
    private var lastIndexed: UInt64

    private var tracker = GroupTracker()
    /// Where the open group begins in the current segment.
    private var openStart: UInt64?
    private var isBroken = false

    /// Checksums of the event that is coming in pieces: as it came, and as it is kept.
    private var incoming: UInt32 = 0
    private var kept: UInt32 = 0

    private var full: [Chunk] = []
    private var chunk: Chunk
    private var spare: [UInt8] = []

    /// The log's state with all whole groups so far, written or not.
    public private(set) var state: LogState

    /// A log that ends at `offset` in `segment`; without a header there is no segment yet.
    init(options: LogOptions, state: LogState, header: SegmentHeader?, offset: UInt64) {
        self.options = options
        self.state = state
        self.format = header?.formatDescription
        self.needsSegment = header == nil
        self.segment = header?.number ?? 0
        self.offset = offset
        self.lastIndexed = offset
        self.chunk = Chunk(segment: segment, offset: offset)
    }

    /// Whether no group is open.
    public var isAtBoundary: Bool { openStart == nil && !isBroken }

    /// How many bytes wait to be written.
    public var pendingBytes: Int { full.reduce(chunk.bytes.count) { $0 + $1.bytes.count } }

    /// Takes an event, or a piece of one.
    ///
    /// Returns the transaction that is complete with it.
    @discardableResult
    public mutating func append(_ piece: EventPiece) throws(BinaryLogError) -> GTID? {
        guard !isBroken else { throw .failed("the last group was refused") }
        do {
            return try take(piece)
        } catch {
            isBroken = true
            throw error
        }
    }

    /// Takes whole events.
    ///
    /// Returns the last transaction that is complete with them.
    @discardableResult
    public mutating func append(_ events: [Event]) throws -> GTID? {
        var last: GTID?
        for event in events {
            let ended = try event.bytes.withUnsafeBytes { try append(EventPiece(whole: $0)) }
            last = ended ?? last
        }
        return last
    }

    private mutating func take(_ piece: EventPiece) throws(BinaryLogError) -> GTID? {
        let open = tracker.current
        switch try tracker.step(piece) {
        case .outside:
            if piece.header.type == .formatDescription { try adopt(piece) }
            return nil
        case .begins(let event):
            try begin(event)
            try write(piece)
            return nil
        case .continues:
            try write(piece)
            return nil
        case .ends:
            try write(piece)
            guard let gtid = open?.gtid else { return nil }
            try state.append(gtid)
            openStart = nil
            chunk.groupEnd = offset
            return gtid
        }
    }

    private mutating func begin(_ event: GTIDEvent) throws(BinaryLogError) {
        try state.check(event.gtid)
        if !options.allowsGaps, let last = state.last, event.gtid.sequence != last.sequence + 1 {
            throw .outOfOrder(event.gtid, after: last)
        }
        if needsSegment || offset >= options.segmentBytes { beginSegment(at: event) }
        openStart = offset
        if offset - lastIndexed >= options.indexBytes {
            lastIndexed = offset
            chunk.index.append(SegmentIndex.Entry(position: event.gtid.position, offset: offset))
        }
    }

    private mutating func beginSegment(at event: GTIDEvent) {
        let server = event.gtid.serverID.rawValue
        let header = SegmentHeader(
            number: segment + 1,
            formatDescription: format ?? FormatDescription(timestamp: event.timestamp, serverID: server),
            state: state,
            timestamp: event.timestamp
        )
        if !chunk.bytes.isEmpty || chunk.header != nil { full.append(chunk) }
        format = header.formatDescription
        needsSegment = false
        segment = header.number
        offset = UInt64(header.size)
        lastIndexed = offset
        chunk = Chunk(header: header, segment: segment, offset: offset)
    }

    /// A format that differs from the current segment's needs a segment of its own.
    private mutating func adopt(_ piece: EventPiece) throws(BinaryLogError) {
        guard piece.isWhole else { throw .malformed("a format description in pieces") }
        let new = try FormatDescription(header: piece.header, bytes: piece.bytes)
        if let format, format.describesSameFormat(as: new) { return }
        guard openStart == nil else { throw .malformed("a format description inside a transaction") }
        format = new
        needsSegment = true
    }

    private mutating func write(_ piece: EventPiece) throws(BinaryLogError) {
        let bytes = piece.bytes
        let checksumStart = piece.isLast ? bytes.count - EventHeader.checksumSize : bytes.count
        guard checksumStart >= 0 else { throw .malformed("a torn checksum") }
        if piece.isFirst { incoming = 0 }
        incoming = CRC32.checksum(bytes.part(0..<checksumStart), continuing: incoming)
        if piece.isLast {
            guard incoming == bytes.unchecked(checksumStart, as: UInt32.self) else {
                throw .checksumMismatch(event: piece.header.type, position: piece.header.endPosition)
            }
        }
        let start = chunk.bytes.count
        chunk.bytes.append(contentsOf: bytes)
        offset += UInt64(bytes.count)
        let end = UInt32(truncatingIfNeeded: offset - UInt64(bytes.count + piece.offset) + UInt64(piece.header.length))
        chunk.bytes.withUnsafeMutableBytes { all in
            let own = UnsafeMutableRawBufferPointer(rebasing: all[start...])
            if piece.isFirst {
                kept = 0
                own.storeBytes(of: end.littleEndian, toByteOffset: EventHeader.positionOffset, as: UInt32.self)
            }
            kept = CRC32.checksum(
                UnsafeRawBufferPointer(start: own.baseAddress, count: checksumStart),
                continuing: kept
            )
            if piece.isLast {
                own.storeBytes(of: kept.littleEndian, toByteOffset: checksumStart, as: UInt32.self)
            }
        }
    }

    /// Forgets a group whose stream broke.
    ///
    /// Returns where the segment has to be cut if a part of it was handed out already.
    mutating func discardOpenGroup() -> UInt64? {
        tracker.reset()
        isBroken = false
        guard let start = openStart else { return nil }
        openStart = nil
        offset = start
        chunk.index.removeAll { $0.offset >= start }
        lastIndexed = min(lastIndexed, start)
        if chunk.offset <= start {
            chunk.bytes.removeLast(chunk.bytes.count - Int(start - chunk.offset))
            return nil
        }
        chunk.bytes.removeAll(keepingCapacity: true)
        chunk.offset = start
        return start
    }

    /// Hands out what is to be written.
    mutating func takeChunks() -> [Chunk] {
        guard !chunk.bytes.isEmpty || chunk.header != nil || !full.isEmpty else { return [] }
        var chunks = full
        full = []
        chunks.append(chunk)
        chunk = Chunk(segment: segment, offset: offset, bytes: spare)
        spare = []
        return chunks
    }

    /// Gives a written chunk's memory back for the next burst.
    mutating func recycle(_ bytes: inout [UInt8]) {
        guard bytes.capacity > spare.capacity, bytes.capacity <= 1 << 20 else { return }
        bytes.removeAll(keepingCapacity: true)
        swap(&spare, &bytes)
    }
}
