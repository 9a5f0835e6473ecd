/// An event of a dump, or a piece of a long one.
public struct DumpEvent {
    /// The event's bytes.
    public let piece: EventPiece
    /// The server's file in which the event stands.
    public let file: String
    /// Whether the server waits for an acknowledgement of this event.
    ///
    /// Look at it with the event's last piece.
    public let wantsAcknowledgement: Bool

    /// What to acknowledge when this event, or all before this heartbeat, is safe.
    public var coordinates: BinlogCoordinates {
        BinlogCoordinates(file: file, position: UInt64(piece.header.endPosition))
    }
}

/// Reads what a server sends after COM_BINLOG_DUMP: packets, in them the semi-synchronous prefix, in them events.
///
/// Chunks may end anywhere; an event that a chunk has whole is passed on without a copy, and one that is longer than the
/// decoder's buffer comes in pieces. Checksums are not verified here but by whoever keeps the events.
/// An error packet throws ``BinaryLogError/refused(code:message:)``, the end ``BinaryLogError/endOfStream``; after any
/// error the decoder must not be used again.
public struct DumpStreamDecoder: Sendable {
    private enum State: Hashable, Sendable {
        case header
        case status
        case prefix
        case event
        case error
        case end
    }

    /// Longest error or end packet; the server's own messages have at most 512 bytes.
    private static let errorLimit = 4096

    private let prefixLength: Int
    private var events: EventStreamDecoder
    private var state = State.header
    /// The header or the prefix, while it is incomplete, and error packets.
    private var held: [UInt8] = []
    /// Bytes of the current packet that have not come yet.
    private var remaining = 0
    /// The current packet is full, so that its payload goes on in the next one.
    private var goesOn = false
    private var isContinuation = false
    private var wantsAcknowledgement = false
    private var eventsOfPacket = 0

    /// The server's file in which the stream stands: from the last ROTATE.
    public private(set) var file = ""

    /// A decoder for the bytes after the dump command.
    public init(semiSynchronous: Bool, bufferLimit: Int = 64 << 10) {
        prefixLength = semiSynchronous ? 2 : 0
        events = EventStreamDecoder(bufferLimit: bufferLimit)
    }

    /// Takes the next bytes and passes on what became complete.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (DumpEvent) throws -> Void
    ) throws {
        var start = 0
        while start < bytes.count {
            if state == .header, held.isEmpty, !isContinuation {
                let taken = try decodeWhole(bytes.part(start..<bytes.count), body)
                if taken > 0 {
                    start += taken
                    continue
                }
            }
            start += try step(bytes.part(start..<bytes.count), body)
        }
    }

    /// The usual case: a packet with one whole event.
    ///
    /// Returns 0 when it is anything else.
    private mutating func decodeWhole(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (DumpEvent) throws -> Void
    ) throws -> Int {
        guard bytes.count >= 5 else { return 0 }
        let length = Int(bytes.unchecked(0, as: UInt32.self) & 0xFF_FFFF)
        let skipped = 1 + prefixLength
        guard length < PacketWriter.maximumPayload, bytes.count >= 4 + length, bytes[4] == 0,
            length >= skipped + EventHeader.minimumLength
        else { return 0 }
        if prefixLength > 0 {
            guard bytes[5] == 0xEF else { throw BinaryLogError.malformed("no semi-synchronous prefix") }
            wantsAcknowledgement = bytes[6] & 1 == 1
        }
        let piece = try EventPiece(whole: bytes.part(4 + skipped..<4 + length))
        try pass(piece, body)
        return 4 + length
    }

    private mutating func pass(_ piece: EventPiece, _ body: (DumpEvent) throws -> Void) throws {
        if piece.header.type == .rotate {
            guard piece.isWhole else { throw BinaryLogError.malformed("a rotate event in pieces") }
            file = try RotateEvent(header: piece.header, bytes: piece.bytes).file
        }
        try body(DumpEvent(piece: piece, file: file, wantsAcknowledgement: wantsAcknowledgement))
    }

    private mutating func step(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (DumpEvent) throws -> Void
    ) throws -> Int {
        switch state {
        case .header:
            let taken = hold(bytes, upTo: 4)
            guard held.count == 4 else { return taken }
            remaining = Int(held[0]) | Int(held[1]) << 8 | Int(held[2]) << 16
            held.removeAll(keepingCapacity: true)
            goesOn = remaining == PacketWriter.maximumPayload
            if isContinuation {
                state = .event
                if remaining == 0 { try finishPacket() }
            } else {
                guard remaining > 0 else { throw BinaryLogError.malformed("an empty packet in a dump") }
                eventsOfPacket = 0
                state = .status
            }
            return taken
        case .status:
            remaining -= 1
            switch bytes[0] {
            case 0x00:
                state = prefixLength > 0 ? .prefix : .event
            case 0xFF:
                state = .error
            case 0xFE where remaining < 8:
                state = .end
            default:
                throw BinaryLogError.malformed("a dump packet that begins with \(bytes[0])")
            }
            if remaining == 0 { try finishPacket() }
            return 1
        case .prefix:
            guard remaining + held.count >= prefixLength else {
                throw BinaryLogError.malformed("a packet that ends in its semi-synchronous prefix")
            }
            let taken = hold(bytes, upTo: prefixLength)
            remaining -= taken
            guard held.count == prefixLength else { return taken }
            guard held[0] == 0xEF else { throw BinaryLogError.malformed("no semi-synchronous prefix") }
            wantsAcknowledgement = held[1] & 1 == 1
            held.removeAll(keepingCapacity: true)
            state = .event
            if remaining == 0 { try finishPacket() }
            return taken
        case .event:
            return try stepEvent(bytes, body)
        case .error, .end:
            let taken = min(remaining, bytes.count)
            guard held.count + taken <= Self.errorLimit else {
                throw BinaryLogError.tooLong(what: "an error", length: held.count + remaining, limit: Self.errorLimit)
            }
            _ = hold(bytes, upTo: held.count + taken)
            remaining -= taken
            if remaining == 0 { try finishPacket() }
            return taken
        }
    }

    private mutating func stepEvent(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (DumpEvent) throws -> Void
    ) throws -> Int {
        let taken = min(remaining, bytes.count)
        // `pass` needs all of self, so the inner decoder leaves it for the time of the call.
        var events = self.events
        self.events = EventStreamDecoder.placeholder
        defer { self.events = events }
        try events.decode(bytes.part(0..<taken)) { piece in
            if piece.isLast { eventsOfPacket += 1 }
            try pass(piece, body)
        }
        remaining -= taken
        if remaining == 0 { try finishPacket(eventsAtBoundary: events.isAtBoundary) }
        return taken
    }

    private mutating func finishPacket() throws {
        try finishPacket(eventsAtBoundary: events.isAtBoundary)
    }

    private mutating func finishPacket(eventsAtBoundary: Bool) throws {
        switch state {
        case .error:
            throw try Self.refusal(held)
        case .end:
            throw BinaryLogError.endOfStream
        case .event where goesOn:
            isContinuation = true
        case .event:
            guard eventsAtBoundary, eventsOfPacket == 1 else {
                throw BinaryLogError.malformed("a packet that does not have exactly one event")
            }
            isContinuation = false
        default:
            throw BinaryLogError.malformed("a packet that ends before its event")
        }
        state = .header
    }

    private mutating func hold(_ bytes: UnsafeRawBufferPointer, upTo count: Int) -> Int {
        let taken = min(count - held.count, bytes.count)
        held.append(contentsOf: bytes.part(0..<taken))
        return taken
    }

    /// The error of an ERR packet without its first byte.
    private static func refusal(_ bytes: [UInt8]) throws -> BinaryLogError {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let code = try reader.uint16()
            var message = reader.rest()
            if message.first == UInt8(ascii: "#"), message.count >= 6 { message = message.part(6..<message.count) }
            return .refused(code: code, message: String(lossy: message))
        }
    }
}
