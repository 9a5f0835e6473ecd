// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// A number that grows with every change of leader or of voters, like a term in Raft.
///
/// Epoch 0 means that the group has never had a leader.
public struct Epoch: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: UInt32

    /// No leader yet.
    public static let none = Epoch(rawValue: 0)

    /// The largest epoch whose server ids fit 32 bits.
    public static let max = Epoch(rawValue: UInt32.max / ServerID.ordinals)

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The epoch after this one.
    public var next: Epoch { Epoch(rawValue: rawValue + 1) }

    public var description: String { String(rawValue) }

    public static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }
}

/// A MariaDB `server_id` that names the epoch in which its server writes: `epoch * 16 + ordinal`.
///
/// A transaction keeps the server id of the leader that wrote it on every member, so that the GTID of a transaction
/// names its epoch, and two leaders never give the same GTID to different transactions.
public struct ServerID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// How many members a group can have: ordinals are 0 ..< 16.
    public static let ordinals: UInt32 = 16

    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public init(epoch: Epoch, ordinal: UInt32) {
        precondition(ordinal < Self.ordinals, "a member's ordinal is below \(Self.ordinals)")
        self.rawValue = epoch.rawValue * Self.ordinals + ordinal
    }

    /// The epoch in which a server with this id writes.
    public var epoch: Epoch { Epoch(rawValue: rawValue / Self.ordinals) }

    /// The ordinal of the member.
    public var ordinal: UInt32 { rawValue % Self.ordinals }

    public var description: String { String(rawValue) }
}
