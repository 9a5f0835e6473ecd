/// Frames payloads as MySQL packets: three bytes of length, one of sequence, and a new packet after every 0xFFFFFF bytes.
public struct PacketWriter: Sendable {
    /// The longest payload of one packet; a payload of this length is followed by another packet, maybe an empty one.
    public static let maximumPayload = 0xFF_FFFF

    /// The sequence number of the next packet.
    public var sequence: UInt8

    /// Packets so far, header and payload.
    public private(set) var bytes: [UInt8] = []

    /// A writer whose first packet has this sequence number.
    public init(sequence: UInt8 = 0) {
        self.sequence = sequence
    }

    /// Adds one payload.
    public mutating func append(_ payload: some Collection<UInt8>) {
        var rest = payload[...]
        while true {
            let part = rest.prefix(Self.maximumPayload)
            bytes.append(little24: part.count)
            bytes.append(sequence)
            sequence &+= 1
            bytes.append(contentsOf: part)
            guard part.count == Self.maximumPayload else { return }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Takes what was written, and goes on with the same sequence.
    public mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
