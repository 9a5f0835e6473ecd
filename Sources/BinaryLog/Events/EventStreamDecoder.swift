/// A part of an event, borrowed from the bytes being decoded: usually all of it.
///
/// Events up to the decoder's `bufferLimit` always arrive whole. The first piece of a longer one has at least its
/// header, the last one at least its checksum.
public struct EventPiece {
    /// The event's header.
    public let header: EventHeader
    /// Where in the event these bytes begin.
    public let offset: Int
    /// The bytes; valid only while the call that passes them runs.
    public let bytes: UnsafeRawBufferPointer

    @inline(__always)
    init(header: EventHeader, offset: Int, bytes: UnsafeRawBufferPointer) {
        self.header = header
        self.offset = offset
        self.bytes = bytes
    }

    /// A whole event.
    public init(whole bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        let header = try EventHeader(bytes)
        guard header.length == bytes.count else { throw .malformed("an event with bytes after its end") }
        self.init(header: header, offset: 0, bytes: bytes)
    }

    /// Whether this is the begin of the event.
    public var isFirst: Bool { offset == 0 }
    /// Whether this is the end of the event.
    public var isLast: Bool { offset + bytes.count == header.length }
    /// Whether this is all of the event.
    public var isWhole: Bool { bytes.count == header.length }
}

/// Cuts a stream of events that follow each other without any framing, as in a segment, into events.
///
/// Chunks may end anywhere. Memory is bounded by `bufferLimit`: events up to it are passed on whole (without a copy when
/// a chunk has all of them), longer ones piece by piece as they come. After an error the decoder must not be used again.
public struct EventStreamDecoder: Sendable {
    /// Events up to this many bytes are never cut into pieces.
    public let bufferLimit: Int

    /// Bytes that have come but are not yet passed on.
    private var carry: [UInt8] = []
    /// The event that is being passed on in pieces, and how much of it was.
    private var streaming: EventHeader?
    private var delivered = 0

    /// A decoder at the begin of an event.
    public init(bufferLimit: Int = 64 << 10) {
        self.bufferLimit = max(bufferLimit, 4096)
    }

    /// Stands in for a decoder while that one is in use; holds nothing and allocates nothing.
    static let placeholder = EventStreamDecoder()

    /// Whether nothing of an unfinished event is held.
    public var isAtBoundary: Bool { carry.isEmpty && streaming == nil }

    /// Takes the next bytes and passes on what became complete.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (EventPiece) throws -> Void
    ) throws {
        var start = 0
        while start < bytes.count {
            if streaming == nil, carry.isEmpty {
                start += try decodeAtBoundary(bytes.part(start..<bytes.count), body)
            } else {
                start += try resume(bytes.part(start..<bytes.count), body)
            }
        }
    }

    private mutating func decodeAtBoundary(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (EventPiece) throws -> Void
    ) throws -> Int {
        var start = 0
        while bytes.count - start >= EventHeader.size {
            let rest = bytes.part(start..<bytes.count)
            let header = try EventHeader(rest)
            if rest.count >= header.length {
                try body(EventPiece(header: header, offset: 0, bytes: rest.part(0..<header.length)))
                start += header.length
                continue
            }
            if header.length > bufferLimit {
                streaming = header
                delivered = 0
                return start + (try passOn(rest, header, body))
            }
            break
        }
        hold(bytes.part(start..<bytes.count))
        return bytes.count
    }

    /// Goes on inside an event.
    private mutating func resume(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (EventPiece) throws -> Void
    ) throws -> Int {
        if let header = streaming {
            if carry.isEmpty { return try passOn(bytes, header, body) }
            // Held back so that the checksum stays in one piece.
            let missing = EventHeader.checksumSize - carry.count
            let taken = min(missing, bytes.count)
            hold(bytes.part(0..<taken))
            if taken == missing {
                let offset = delivered
                finishStreaming()
                try deliverCarry(header, offset: offset, body)
            }
            return taken
        }
        var taken = 0
        if carry.count < EventHeader.size {
            taken = min(EventHeader.size - carry.count, bytes.count)
            hold(bytes.part(0..<taken))
            if carry.count < EventHeader.size { return taken }
        }
        let header = try carry.withUnsafeBytes { try EventHeader($0) }
        if header.length > bufferLimit {
            streaming = header
            delivered = carry.count
            try deliverCarry(header, offset: 0, body)
            return taken
        }
        let more = min(header.length - carry.count, bytes.count - taken)
        hold(bytes.part(taken..<taken + more))
        if carry.count == header.length { try deliverCarry(header, offset: 0, body) }
        return taken + more
    }

    /// Passes on a piece of the event that is being streamed, and holds back what would tear its checksum.
    private mutating func passOn(
        _ bytes: UnsafeRawBufferPointer,
        _ header: EventHeader,
        _ body: (EventPiece) throws -> Void
    ) throws -> Int {
        let remaining = header.length - delivered
        let offset = delivered
        if bytes.count >= remaining {
            finishStreaming()
            try body(EventPiece(header: header, offset: offset, bytes: bytes.part(0..<remaining)))
            return remaining
        }
        let piece = min(bytes.count, remaining - EventHeader.checksumSize)
        if piece > 0 {
            delivered += piece
            try body(EventPiece(header: header, offset: offset, bytes: bytes.part(0..<piece)))
        }
        hold(bytes.part(max(piece, 0)..<bytes.count))
        return bytes.count
    }

    private mutating func hold(_ bytes: UnsafeRawBufferPointer) {
        carry.append(contentsOf: bytes)
    }

    private mutating func finishStreaming() {
        streaming = nil
        delivered = 0
    }

    private mutating func deliverCarry(
        _ header: EventHeader,
        offset: Int,
        _ body: (EventPiece) throws -> Void
    ) throws {
        try carry.withUnsafeBytes { try body(EventPiece(header: header, offset: offset, bytes: $0)) }
        carry.removeAll(keepingCapacity: true)
    }
}
