/// A whole payload from a peer, and the sequence number of its last packet.
public struct Packet: Hashable, Sendable {
    /// The sequence number; an answer goes on with the next one.
    public var sequence: UInt8
    /// What the packet carries, joined where it was split.
    public var payload: [UInt8]

    /// A packet.
    public init(sequence: UInt8, payload: [UInt8]) {
        self.sequence = sequence
        self.payload = payload
    }
}

/// Cuts a stream into packets that are small by nature, such as commands: whole payloads, bounded in length.
///
/// For the stream of a dump see ``DumpStreamDecoder``, which never holds a large event.
public struct PacketReader: Sendable {
    /// A longer payload is an error.
    public let limit: Int

    private var header: [UInt8] = []
    private var payload: [UInt8] = []
    private var remaining = 0
    private var isInPayload = false

    /// A reader at the begin of a packet.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next bytes and passes on what became complete.
    ///
    /// After an error it must not be used again.
    public mutating func read(_ bytes: UnsafeRawBufferPointer, _ body: (Packet) throws -> Void) throws {
        var start = 0
        while start < bytes.count || (isInPayload && remaining == 0) {
            if !isInPayload {
                let taken = min(4 - header.count, bytes.count - start)
                header.append(contentsOf: bytes.part(start..<start + taken))
                start += taken
                guard header.count == 4 else { return }
                remaining = Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16
                guard payload.count + remaining <= limit else {
                    throw BinaryLogError.tooLong(what: "a packet", length: payload.count + remaining, limit: limit)
                }
                isInPayload = true
            }
            let taken = min(remaining, bytes.count - start)
            payload.append(contentsOf: bytes.part(start..<start + taken))
            start += taken
            remaining -= taken
            guard remaining == 0 else { return }
            let wasFull = header[0] == 0xFF && header[1] == 0xFF && header[2] == 0xFF
            let packet = Packet(sequence: header[3], payload: wasFull ? [] : payload)
            header.removeAll(keepingCapacity: true)
            isInPayload = false
            guard !wasFull else { continue }
            payload = []
            try body(packet)
        }
    }
}
