/// Knows where transactions begin and end in a stream of events.
///
/// A group is a GTID event and everything up to its end: XID, XA PREPARE, or the statement COMMIT or ROLLBACK; for a
/// standalone one the first event that is not a mere preparation of the statement.
public struct GroupTracker: Hashable, Sendable {
    /// What a piece of an event is to its group.
    public enum Step: Hashable, Sendable {
        /// The GTID event: a group begins.
        case begins(GTIDEvent)
        /// Inside a group.
        case continues
        /// The last piece of the group's last event.
        case ends
        /// Not part of any group: it describes a file or a stream.
        case outside
    }

    /// The group that is open.
    public private(set) var current: GTIDEvent?

    /// A tracker between groups.
    public init() {}

    /// Whether no group is open.
    @inlinable
    public var isAtBoundary: Bool { current == nil }

    /// Forgets an open group, when its stream broke.
    public mutating func reset() {
        current = nil
    }

    /// Takes the next piece of the stream.
    @inline(__always)
    public mutating func step(_ piece: EventPiece) throws(BinaryLogError) -> Step {
        let type = piece.header.type
        if type == .gtid {
            guard piece.isWhole else { throw .malformed("a GTID event of \(piece.header.length) bytes") }
            guard current == nil else { throw .malformed("a transaction begins inside another one") }
            let event = try GTIDEvent(header: piece.header, bytes: piece.bytes)
            current = event
            return .begins(event)
        }
        if type.describesFile || piece.header.flags.contains(.artificial) { return .outside }
        guard let group = current else { throw .unexpectedEvent(type) }
        guard piece.isLast, try ends(piece, standalone: group.flags.contains(.standalone)) else { return .continues }
        current = nil
        return .ends
    }

    private func ends(_ piece: EventPiece, standalone: Bool) throws(BinaryLogError) -> Bool {
        if standalone { return !piece.header.type.precedesStatement }
        switch piece.header.type {
        case .xid, .xaPrepare: return true
        // A statement so long that it comes in pieces is neither COMMIT nor ROLLBACK.
        case .query: return piece.isWhole ? try QueryEvent.endsTransaction(piece.header, piece.bytes) : false
        default: return false
        }
    }
}
