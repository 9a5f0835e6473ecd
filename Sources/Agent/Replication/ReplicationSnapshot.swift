public import XDB

/// What `Replication` knows at one moment.
public struct ReplicationSnapshot: Hashable, Sendable {
    /// What the log is used for in the current epoch.
    public enum Role: Hashable, Sendable {
        /// Nothing is accepted from a peer and nothing is acknowledged.
        case sealed
        /// The log is what this member commits.
        case leader
        /// The log is received from the leader.
        case follower
    }

    /// What the log is used for.
    public var role: Role = .sealed
    /// The newest epoch that was promised; nothing older is accepted.
    public var epoch: Epoch = .none
    /// A follower's leader.
    public var leader: String?
    /// The first transaction that the log still has; nil when it is empty.
    public var first: Position?
    /// The last transaction of the log that is durable here; nil when the log is empty.
    public var last: GTID?
    /// The durable end of the log.
    public var position: Position = .zero
    /// The newest position that is known to be durable on a majority of voters.
    public var committed: Position = .zero
    /// The newest transaction that is known to be committed.
    public var committedGTID: GTID?
    /// Up to where the local server may have the log: what is committed, or less while the feed is held back.
    public var feedEnd: Position = .zero
    /// Bytes of the log on disk.
    public var logBytes: UInt64 = 0
    /// A follower's: a frame of its leader came within the last heartbeat intervals.
    public var hearsLeader = false
    /// A follower's: it is connected to its leader and their logs match.
    public var streaming = false
    /// A follower's: its leader's server takes writes, as far as the leader has told in this epoch.
    public var leaderIsOpen = false
    /// A leader's: the local server's log is being read, and its commits are acknowledged.
    public var serverAttached = false
    /// The local server is connected to the feed.
    public var feedAttached = false
    /// A leader's view of the other members.
    public var peers: [AgentStatus.Peer] = []
    /// A leader's: whom it counts, itself included.
    public var voters: [String] = []
    /// What was removed from the end of the log last, because the group does not have it.
    public var discarded: AgentStatus.DiscardedTail?
    /// Why the log does not go on, where it needs help from outside.
    public var failure: ReplicationError?

    /// Nothing known yet.
    public init() {}
}
