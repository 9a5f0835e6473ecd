/// What stands at the begin of every segment: magic, format description, and the log's state before its first group.
public struct SegmentHeader: Hashable, Sendable {
    /// The bytes that every binlog file begins with.
    public static let magic: [UInt8] = [0xFE, 0x62, 0x69, 0x6E]

    /// The segment's number; they have no gaps.
    public let number: UInt32
    /// How its events are laid out.
    public let formatDescription: FormatDescription
    /// The last transaction of every server before this segment, the last of all at the end.
    public let state: LogState
    /// Seconds since 1970 at which the segment was made.
    public let timestamp: UInt32

    init(number: UInt32, formatDescription: FormatDescription, state: LogState, timestamp: UInt32) {
        self.number = number
        self.formatDescription = formatDescription
        self.state = state
        self.timestamp = timestamp
    }

    /// The file's name.
    public var name: String { Self.name(number) }

    static let suffix = ".log"

    static func name(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + suffix
    }

    /// The number of a segment's file; nil for any other file.
    static func number(_ name: String) -> UInt32? {
        guard name.hasSuffix(suffix), let number = UInt32(name.dropLast(suffix.count)), self.name(number) == name
        else { return nil }
        return number
    }

    var formatDescriptionEnd: Int { Self.magic.count + formatDescription.event.bytes.count }

    /// The second event of the segment.
    var gtidListEvent: Event {
        let event = GTIDListEvent(state.gtids).event(
            timestamp: timestamp,
            serverID: formatDescription.event.header.serverID
        )
        return event.ending(at: UInt64(formatDescriptionEnd + event.bytes.count))
    }

    /// Where the first group begins.
    public var size: Int { formatDescriptionEnd + GTIDListEvent.length(state.gtids.count) }

    /// All bytes before the first group.
    public var bytes: [UInt8] {
        Self.magic + formatDescription.event.ending(at: UInt64(formatDescriptionEnd)).bytes + gtidListEvent.bytes
    }
}
