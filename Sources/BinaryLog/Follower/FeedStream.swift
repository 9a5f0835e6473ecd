/// Frames a segment's events as the stream that a replica reads after COM_BINLOG_DUMP.
///
/// A stream begins with `begin`, and so does every segment in it; then come the bytes of whole groups, in chunks that may
/// end anywhere, as ``LogReader`` gives them; heartbeats go between events. Every method appends the bytes to be written.
public struct FeedStream: Sendable {
    private let serverID: UInt32
    private let prefix: [UInt8]
    private var sequence: UInt8
    /// What comes before an event's length is known.
    private var held: [UInt8] = []
    /// Bytes of the current event that have not come yet.
    private var remainingInEvent = 0
    /// Bytes of the current packet that have not come yet.
    private var remainingInPacket = 0
    /// The current packet is a full one, so that another one follows.
    private var packetIsFull = false
    private var endPosition: UInt32 = 4
    private var file = ""

    init(serverID: UInt32, semiSynchronous: Bool, sequence: UInt8) {
        self.serverID = serverID
        self.prefix = semiSynchronous ? [0x00, 0xEF, 0x00] : [0x00]
        self.sequence = sequence
    }

    /// Whether no event is half written.
    public var isAtBoundary: Bool { held.isEmpty && remainingInEvent == 0 }

    /// The begin of the stream or of another segment: the file's name, its format description and its GTID list.
    ///
    /// `header` is what ``LogStore`` gives for the segment; `position` is where the stream goes on in it.
    public mutating func begin(segment header: SegmentHeader, position: UInt64, output: inout [UInt8]) {
        precondition(isAtBoundary, "a segment begins between events")
        file = header.name
        let rotate = RotateEvent(file: file).artificialEvent(serverID: serverID)
        frame(rotate.bytes, output: &output)
        frame(header.formatDescription.event.ending(at: UInt64(header.formatDescriptionEnd)).bytes, output: &output)
        frame(header.gtidListEvent.bytes, output: &output)
        endPosition = UInt32(truncatingIfNeeded: position)
    }

    /// The next bytes of the segment.
    public mutating func append(_ bytes: UnsafeRawBufferPointer, output: inout [UInt8]) throws(BinaryLogError) {
        var start = 0
        while start < bytes.count {
            if remainingInEvent == 0 {
                let header: EventHeader
                if held.isEmpty, bytes.count - start >= EventHeader.size {
                    header = try EventHeader(bytes.part(start..<bytes.count))
                    beginPacket(of: header, output: &output)
                } else {
                    let taken = min(EventHeader.size - held.count, bytes.count - start)
                    held.append(contentsOf: bytes.part(start..<start + taken))
                    start += taken
                    guard held.count == EventHeader.size else { return }
                    header = try Self.header(held)
                    beginPacket(of: header, output: &output)
                    let bytes = held
                    held.removeAll(keepingCapacity: true)
                    bytes.withUnsafeBytes { write($0, output: &output) }
                }
                endPosition = header.endPosition
            }
            let taken = min(remainingInEvent, bytes.count - start)
            write(bytes.part(start..<start + taken), output: &output)
            start += taken
        }
    }

    /// Says that the stream is alive.
    ///
    /// Only between events.
    ///
    /// It names the end of the last event that was sent; a replica stops with error 1595 when that is lower than what
    /// it has.
    public mutating func heartbeat(output: inout [UInt8]) {
        precondition(isAtBoundary, "a heartbeat goes between events")
        frame(HeartbeatEvent(file: file, position: endPosition).event(serverID: serverID).bytes, output: &output)
    }

    /// Ends the stream: the replica stops with error 1236 and this text in its status.
    public mutating func refuse(_ message: String, output: inout [UInt8]) {
        var writer = PacketWriter(sequence: sequence)
        writer.append(ServerPackets.error(1236, message))
        sequence = writer.sequence
        output.append(contentsOf: writer.bytes)
    }

    private mutating func frame(_ event: [UInt8], output: inout [UInt8]) {
        beginPacket(ofLength: event.count, output: &output)
        event.withUnsafeBytes { write($0, output: &output) }
    }

    private static func header(_ bytes: [UInt8]) throws(BinaryLogError) -> EventHeader {
        do {
            return try bytes.withUnsafeBytes { try EventHeader($0) }
        } catch let error as BinaryLogError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    private mutating func beginPacket(of header: EventHeader, output: inout [UInt8]) {
        beginPacket(ofLength: header.length, output: &output)
    }

    private mutating func beginPacket(ofLength length: Int, output: inout [UInt8]) {
        remainingInEvent = length
        openPacket(payload: prefix.count + length, output: &output)
        output.append(contentsOf: prefix)
        remainingInPacket -= prefix.count
    }

    private mutating func openPacket(payload: Int, output: inout [UInt8]) {
        let size = min(payload, PacketWriter.maximumPayload)
        output.append(little: UInt32(size) | UInt32(sequence) << 24)
        sequence &+= 1
        remainingInPacket = size
        packetIsFull = size == PacketWriter.maximumPayload
    }

    /// Bytes of the current event, not more than it has left.
    private mutating func write(_ bytes: UnsafeRawBufferPointer, output: inout [UInt8]) {
        var start = 0
        while start < bytes.count {
            let taken = min(remainingInPacket, bytes.count - start)
            output.append(contentsOf: bytes.part(start..<start + taken))
            start += taken
            remainingInPacket -= taken
            remainingInEvent -= taken
            if remainingInPacket == 0, packetIsFull { openPacket(payload: remainingInEvent, output: &output) }
        }
    }
}
