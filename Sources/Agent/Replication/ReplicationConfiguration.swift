/// What a member's `Replication` is told once, when it is made.
public struct ReplicationConfiguration: Sendable {
    /// The member's name, for example `orders-0`.
    public var member: String
    /// The group's name and namespace; with the member's name they make the names in its certificate.
    public var group: String
    public var namespace: String
    /// The directory of this incarnation: the log is in `log/`, the durable commit position in `committed`.
    public var directory: String
    /// Where peers connect to.
    public var peerHost = "0.0.0.0"
    /// The port for peers, here and on every other member; 0 takes a free one here.
    public var peerPort = 7701
    /// The port of the feed on 127.0.0.1; 0 takes a free one.
    public var feedPort = 7702
    /// A segment that has grown beyond this ends with its last whole transaction.
    public var segmentBytes: UInt64 = 64 << 20
    /// How much of the log is kept when nobody needs it any more.
    public var retainedBytes: UInt64 = 1 << 30
    /// How much of the log is kept at most for a member that is away; beyond it that member needs a rebuild.
    public var retainedBytesForPeers: UInt64 = 16 << 30
    /// How often a leader's agent tells its peers that it lives.
    public var heartbeatMilliseconds = 300
    /// How long a follower waits for a frame before it says that it does not hear its leader.
    public var silenceMilliseconds = 1000

    public init(member: String, group: String, namespace: String, directory: String) {
        self.member = member
        self.group = group
        self.namespace = namespace
        self.directory = directory
    }
}
