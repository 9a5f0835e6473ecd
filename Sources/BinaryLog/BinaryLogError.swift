public import XDB

/// Why bytes were not accepted, or why a log cannot do what was asked.
public enum BinaryLogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes end before the value that they announce, or a field contradicts another one.
    case malformed(String)
    /// An event's CRC32 is not that of its bytes: damaged on a wire or on a disk.
    case checksumMismatch(event: EventType, position: UInt32)
    /// A peer sent a packet or an event that is longer than what is accepted.
    case tooLong(what: String, length: Int, limit: Int)
    /// The binlog is not one that this project can keep, for example one without checksums.
    case unsupported(String)
    /// An event that belongs to no transaction and that must not be dropped silently.
    case unexpectedEvent(EventType)
    /// A transaction whose GTID does not continue the log.
    case outOfOrder(GTID, after: GTID?)
    /// The server at the other end answered with an error packet.
    case refused(code: UInt16, message: String)
    /// The server at the other end ended the stream in an orderly way.
    case endOfStream
    /// The other end does not keep to the protocol's order.
    case unexpectedPacket(String)
    /// A position that is not in this log: purged, not yet written, or of another history.
    case notFound(Position, first: Position, last: Position)
    /// The log on disk is damaged in a place where a crash cannot have done it.
    case corrupt(file: String, offset: UInt64, detail: String)
    /// After recovery the log ends before a position that it must hold.
    case lostTail(end: Position, required: Position)
    /// The log was truncated while it was being read; start reading anew.
    case truncated
    /// An earlier write failed, so what is on disk is unknown until the log is opened again.
    case failed(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .malformed(let detail):
            "malformed bytes: \(detail)"
        case .checksumMismatch(let event, let position):
            "the checksum of a \(event) event that ends at \(position) is wrong"
        case .tooLong(let what, let length, let limit):
            "\(what) of \(length) bytes is longer than the limit of \(limit)"
        case .unsupported(let detail):
            "not supported: \(detail)"
        case .unexpectedEvent(let event):
            "a \(event) event outside of a transaction"
        case .outOfOrder(let gtid, let last):
            "transaction \(gtid) does not continue a log that ends with \(last.map(\.description) ?? "nothing")"
        case .refused(let code, let message):
            "the server refused with error \(code): \(message)"
        case .endOfStream:
            "the server ended the stream"
        case .unexpectedPacket(let detail):
            "unexpected packet: \(detail)"
        case .notFound(let position, let first, let last):
            "position \(position) is not in the log, which holds what follows \(first) up to \(last)"
        case .corrupt(let file, let offset, let detail):
            "segment \(file) is damaged at \(offset): \(detail); rebuild this member from another one"
        case .lostTail(let end, let required):
            "the log ends at \(end) but must hold \(required); rebuild this member from another one"
        case .truncated:
            "the log was truncated while it was being read"
        case .failed(let detail):
            "an earlier write failed (\(detail)); open the log again"
        }
    }
}
