public import XDB

/// The last transaction of every server in a log, which is all that is needed to compare two logs.
///
/// A server writes under one id only while it leads one epoch, and epochs never decrease along a log. So the transactions
/// of one id are one stretch of the log, and two logs that share a transaction are equal up to it.
public struct LogState: Hashable, Sendable {
    /// How many servers are remembered.
    ///
    /// An older one could only matter to a member that has missed as many epochs.
    public static let limit = 4096

    /// One for each server id, in the order of the log: the last is the last transaction of all.
    public private(set) var gtids: [GTID]

    /// An empty log's state.
    public init() {
        gtids = []
    }

    /// A state from its parts; refuses what no log can have.
    public init(_ gtids: [GTID]) throws(BinaryLogError) {
        self.gtids = []
        for gtid in gtids { try append(gtid) }
    }

    /// The last transaction of all.
    public var last: GTID? { gtids.last }

    /// Where the log ends.
    public var position: Position { gtids.last?.position ?? .zero }

    /// Whether a transaction continues the log: domain 0, a greater sequence, no older epoch, one server for each epoch.
    @inline(__always)
    public func check(_ gtid: GTID) throws(BinaryLogError) {
        guard gtid.domain == 0 else { throw .unsupported("GTID domain \(gtid.domain); groups use domain 0") }
        guard let last = gtids.last else { return }
        guard gtid.sequence > last.sequence,
            gtid.serverID == last.serverID || gtid.serverID.epoch > last.serverID.epoch
        else { throw .outOfOrder(gtid, after: last) }
    }

    /// Takes the next transaction, if it continues the log.
    @inline(__always)
    public mutating func append(_ gtid: GTID) throws(BinaryLogError) {
        try check(gtid)
        if let last = gtids.last, last.serverID == gtid.serverID {
            gtids[gtids.count - 1] = gtid
        } else {
            if gtids.count == Self.limit { gtids.removeFirst() }
            gtids.append(gtid)
        }
    }

    /// The state of the log's part up to a transaction; nil when it does not say that the log has that.
    public func cut(at gtid: GTID) -> LogState? {
        guard let place = gtids.lastIndex(where: { $0.serverID == gtid.serverID }),
            gtid.sequence <= gtids[place].sequence, place == 0 || gtid.sequence > gtids[place - 1].sequence
        else { return nil }
        var state = LogState()
        state.gtids = gtids[..<place] + [gtid]
        return state
    }

    /// The last position up to which both logs hold the same transactions; nil when they share none that both know.
    ///
    /// An empty log shares the beginning with every other one.
    public func matching(_ other: LogState) -> Position? {
        if gtids.isEmpty || other.gtids.isEmpty { return .zero }
        var others: [ServerID: UInt64] = [:]
        for gtid in other.gtids { others[gtid.serverID] = gtid.sequence }
        for gtid in gtids.reversed() {
            guard let sequence = others[gtid.serverID] else { continue }
            return Position(epoch: gtid.serverID.epoch, sequence: min(gtid.sequence, sequence))
        }
        return nil
    }
}
