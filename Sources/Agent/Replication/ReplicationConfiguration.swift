/// What a member's `Replication` is told once, when it is made.
public struct ReplicationConfiguration: Sendable {
    /// The member's name, for example `orders-0`.
    public var member: String
    /// The group's name; with the namespace and the member's name it makes the names in its certificates.
    public var group: String
    /// The group's namespace.
    public var namespace: String
    /// The directory of this incarnation: the log is in `log/`, the durable commit position in `committed`.
    public var directory: String
    /// Where peers connect to.
    public var peerHost = "0.0.0.0"
    /// The port on which peers are served; 0 takes a free one.
    public var peerPort = 7701
    /// The port on which other members serve theirs.
    public var peersPort = 7701
    /// The port of the feed on 127.0.0.1; 0 takes a free one.
    public var feedPort = 7702
    /// As which server the feed shows itself to the local one.
    public var feedServerVersion = "5.5.5-10.11.19-MariaDB-xdb"
    /// The local server's account for the dump, over its unix socket.
    public var serverUser = "mysql"
    /// A segment that has grown beyond this ends with its last whole transaction.
    public var segmentBytes: UInt64 = 64 << 20
    /// How much of the log is kept when nobody needs it any more.
    public var retainedBytes: UInt64 = 1 << 30
    /// How much of the log is kept at most for a member that is away or is being rebuilt; beyond it that member needs a
    /// rebuild, or another one.
    public var retainedBytesForPeers = Self.mostForPeers
    /// How often old segments are looked for.
    public var purgeSeconds = 5.0
    /// How often agents tell each other that they live.
    public var heartbeatMilliseconds = 300
    /// How long a follower waits for a frame before it says that it does not hear its leader.
    public var silenceMilliseconds = 1000

    /// What is kept for others where there is room enough.
    private static let mostForPeers: UInt64 = 16 << 30

    /// How much of the log may be kept for others on a volume: a quarter of it at most, so that one member that is away for
    /// long, or a copy that takes long, cannot fill the disk of those that work.
    ///
    /// - Parameter volume: The size of the volume in bytes, what is in use included.
    public static func retainedBytes(forPeersOnVolumeOf volume: UInt64) -> UInt64 {
        min(mostForPeers, volume / 4)
    }

    /// The settings of one member; what is not named here has a default.
    public init(member: String, group: String, namespace: String, directory: String) {
        self.member = member
        self.group = group
        self.namespace = namespace
        self.directory = directory
    }
}
