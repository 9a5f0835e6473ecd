/// The name of the file that comes next.
///
/// At the begin of a stream: the file that the stream begins with.
public struct RotateEvent: Hashable, Sendable {
    /// Where to go on in that file.
    public var position: UInt64
    /// The file's name.
    public var file: String

    /// A change of file.
    public init(file: String, position: UInt64 = 4) {
        self.file = file
        self.position = position
    }

    /// Reads a whole ROTATE event.
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        guard header.type == .rotate, bytes.count > EventHeader.minimumLength + 8 else {
            throw .malformed("a rotate event that is short")
        }
        guard bytes.count <= EventHeader.minimumLength + 8 + 512 else {
            throw .tooLong(what: "a file name", length: bytes.count, limit: 512)
        }
        var reader = ByteReader(bytes.part(EventHeader.size..<bytes.count - EventHeader.checksumSize))
        position = try reader.uint64()
        file = String(lossy: reader.rest())
    }

    /// The event that a stream begins a file with: it is in no file itself.
    public func artificialEvent(serverID: UInt32) -> Event {
        var body: [UInt8] = []
        body.append(little: position)
        body.append(contentsOf: file.utf8)
        return Event(type: .rotate, timestamp: 0, serverID: serverID, flags: .artificial, body: body)
    }
}

/// Says that a stream is alive, and how far the sender has read.
public struct HeartbeatEvent: Hashable, Sendable {
    /// Where the last event that was sent ends.
    public var position: UInt32
    /// The file in which it stands.
    public var file: String

    /// A heartbeat.
    public init(file: String, position: UInt32) {
        self.file = file
        self.position = position
    }

    /// Reads a whole heartbeat event.
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        guard header.type == .heartbeat, bytes.count > EventHeader.minimumLength,
            bytes.count <= EventHeader.minimumLength + 512
        else { throw .malformed("a heartbeat of \(bytes.count) bytes") }
        position = header.endPosition
        file = String(lossy: bytes.part(EventHeader.size..<bytes.count - EventHeader.checksumSize))
    }

    /// The event's bytes.
    public func event(serverID: UInt32) -> Event {
        Event(type: .heartbeat, timestamp: 0, serverID: serverID, endPosition: position, body: Array(file.utf8))
    }
}
