public import Logging
public import XDB

/// Everything that moves the log of one member: the log itself, the peers' connections, the local server's binlog on a
/// leader, and the feed of the local server elsewhere.
public final class Replication: Sendable {
    /// What is true now.
    public var snapshot: ReplicationSnapshot { ReplicationSnapshot() }

    /// Yields when something in `snapshot` has changed; changes that nobody took yet are one.
    public let changes: AsyncStream<Void>

    /// The port of the feed on 127.0.0.1.
    public var feedPort: Int { 0 }
    /// The account with which the local server connects to the feed. Made anew with every start of the agent.
    public let feedUser = "xdb"
    public let feedPassword = ""

    /// Opens the log (and repairs a torn end), and listens for peers and for the local server. Sealed until told more.
    ///
    /// - Parameter epoch: the epoch that the member has promised before.
    public init(
        configuration: ReplicationConfiguration,
        tls: TLSMaterial,
        epoch: Epoch,
        logger: Logger
    ) async throws {
        changes = AsyncStream { $0.finish() }
    }

    /// Ends every session of an older epoch; when it returns, nothing is accepted or acknowledged for one.
    public func seal(epoch: Epoch) async throws -> SealedLog {
        throw ReplicationError.closed
    }

    /// Receives the log of the epoch's leader from now on, reconnecting by itself. A suffix of the own log that
    /// conflicts with the leader's is removed; where it must not be removed, `snapshot.failure` says so.
    ///
    /// - Parameter server: the end of the local server's binlog (`@@gtid_binlog_pos`), nil on a logger.
    public func follow(epoch: Epoch, leader: PeerAddress, server: GTID?) async throws {
        throw ReplicationError.closed
    }

    /// Completes the log from another sealed member, up to a position, before this member leads.
    public func pull(epoch: Epoch, source: PeerAddress, until: Position, server: GTID?) async throws {
        throw ReplicationError.closed
    }

    /// Becomes the epoch's leader as far as the log is concerned: appends the first transactions and serves the peers.
    /// Returns the GTID of the last one; nothing is acknowledged to the server before `attachServer`.
    public func lead(
        epoch: Epoch,
        ordinal: UInt32,
        voters: [String],
        learners: [String],
        firstTransactions: [FirstTransaction]
    ) async throws -> GTID {
        throw ReplicationError.closed
    }

    /// Returns once a position is committed; throws `roleChanged` when the member is sealed meanwhile.
    public func waitCommitted(_ position: Position) async throws {
        throw ReplicationError.closed
    }

    /// Reads the local server's binlog as its only semi-synchronous replica, from the end of the log, and acknowledges
    /// by majority. Connects again by itself while the server has this epoch's `server_id`; otherwise
    /// `snapshot.serverAttached` gets false and `snapshot.failure` says why.
    public func attachServer(socket: String) async throws {
        throw ReplicationError.closed
    }

    /// Stops reading the local server.
    public func detachServer() async {
    }

    /// Ends everything; the log is durable up to what `snapshot` said.
    public func close() async {
    }
}

/// The state of a sealed log.
public struct SealedLog: Hashable, Sendable {
    /// The durable end.
    public var position: Position
    public var committed: Position
    public var first: Position?

    public init(position: Position, committed: Position, first: Position?) {
        self.position = position
        self.committed = committed
        self.first = first
    }
}
