// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// What is in a member's directory, as `xdb-agent inspect` prints it: read from the files, whether or not an agent runs.
public struct MemberInspection: Hashable, Sendable, Codable {
    /// Whose directory it says it is: the life of a member; nil in an empty one.
    public var member: String?
    /// The uid of the group.
    public var group: String?
    public var incarnation: Int?
    /// The newest epoch that is promised there; nil where nothing was.
    public var promised: Epoch?
    /// What was promised: `sealed`, `resigned`, `lead` or `follow ORDERS-1`.
    public var duty: String?
    /// A lower bound of what is committed; nil where none was noted.
    public var committed: GTID?
    /// The last transaction before the first one that the log still has; nil where it has all.
    public var begin: GTID?
    /// The last transaction of the log; nil of an empty one.
    public var last: GTID?
    public var logBytes: UInt64 = 0
    public var logFiles = 0
    /// How many transactions follow `committed`.
    public var tailCount = 0
    /// The first of them.
    public var tail: [GTID] = []
    /// Whether there is a data directory of a server.
    public var hasData = false
    /// What cannot be read, or makes no sense.
    public var problems: [String] = []

    public init() {}

    /// Where the log ends.
    public var position: Position { last?.position ?? .zero }
}
