public import Logging
import NIOCore
import NIOPosix
public import XDB

/// Everything that moves the log of one member: the log itself, the peers' connections, the local server's binlog on a
/// leader, and the feed of the local server elsewhere.
///
/// All of it lives on one event loop; the methods here post to it. `ReplicationCore` has the rules.
public final class Replication: Sendable {
    private let loop: any EventLoop
    private let group: MultiThreadedEventLoopGroup
    private let core: NIOLoopBound<ReplicationCore>
    private let listeners: [any Channel]
    private let publisher: SnapshotPublisher

    /// The account with which the local server connects to the feed.
    public let feedUser = "xdb"
    /// Its password, made anew with every start of the agent.
    public let feedPassword: String
    /// The port of the feed on 127.0.0.1.
    public let feedPort: Int
    /// The port on which peers are served.
    public let peerPort: Int

    /// What is true now.
    public var snapshot: ReplicationSnapshot { publisher.snapshot }

    /// Yields when something in `snapshot` has changed; changes that nobody took yet are one.
    ///
    /// For one reader.
    public var changes: AsyncStream<Void> { publisher.changes }

    /// Opens the log, repairs a torn end, and listens for peers and for the local server.
    ///
    /// Sealed until told more.
    ///
    /// - Parameter epoch: the epoch that the member has promised before.
    public init(
        configuration: ReplicationConfiguration,
        tls: TLSMaterial,
        epoch: Epoch,
        logger: Logger
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let publisher = SnapshotPublisher()
        let password =
            String(UInt64.random(in: .min ... .max), radix: 36)
            + String(UInt64.random(in: .min ... .max), radix: 36)
        self.group = group
        self.loop = loop
        self.publisher = publisher
        feedPassword = password
        let account = FeedAccount(
            user: feedUser,
            password: password,
            serverVersion: configuration.feedServerVersion
        )
        do {
            // Opening scans the end of the log: not on the loop, and not on Swift's own threads.
            let opened = try await NIOThreadPool.singleton.runIfActive {
                try OpenedLog(configuration: configuration, logger: logger)
            }
            core = try await loop.submit {
                let core = ReplicationCore(
                    loop: loop,
                    configuration: configuration,
                    tls: tls,
                    opened: opened,
                    epoch: epoch,
                    publisher: publisher,
                    logger: logger
                )
                core.start()
                return NIOLoopBound(core, eventLoop: loop)
            }.get()
            let core = core
            let peers = try await Listener.peers(core, group: group, configuration: configuration)
            let feed: any Channel
            do {
                feed = try await Listener.feed(core, group: group, port: configuration.feedPort, account: account)
            } catch {
                try? await peers.close()
                throw error
            }
            listeners = [peers, feed]
            peerPort = peers.localAddress?.port ?? configuration.peerPort
            feedPort = feed.localAddress?.port ?? configuration.feedPort
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Ends every session of an older epoch.
    ///
    /// When it returns, nothing is accepted or acknowledged for an older epoch any more, and what it says is durable.
    /// In the epoch that is promised already it only says so.
    public func seal(epoch: Epoch) async throws -> SealedLog {
        try await waiting { core, promise in core.seal(epoch, promise) }
    }

    /// Ends the current role without another promise: nothing is accepted or acknowledged until a role is given again.
    public func standDown() async throws {
        try await onLoop { core in
            core.standDown()
            core.publish()
        }
    }

    /// Receives the log of the epoch's leader from now on, reconnecting by itself.
    ///
    /// A suffix of the own log that conflicts with the leader's is removed; where it must not be removed,
    /// `snapshot.failure` says so. Repeating it with the same leader changes nothing.
    ///
    /// - Parameters:
    ///   - server: the end of the local server's binlog (`@@gtid_binlog_pos`), nil on a logger.
    ///   - beginsAnywhere: an empty log may begin where the leader's is committed: for a logger, which has no data that
    ///     need what was before.
    public func follow(
        epoch: Epoch,
        leader: PeerAddress,
        server: GTID?,
        beginsAnywhere: Bool = false
    ) async throws {
        try await onLoop { core in try core.follow(epoch, leader, server, beginsAnywhere: beginsAnywhere) }
    }

    /// Completes the log from another sealed member, up to a position, before this member leads.
    public func pull(epoch: Epoch, source: PeerAddress, until: Position, server: GTID?) async throws {
        try await waiting { core, promise in core.pull(epoch, source, until, server, promise) }
    }

    /// Becomes the epoch's leader as far as the log is concerned.
    ///
    /// The log must end at `start`, or, after a restart of the agent, in the epoch itself: then only what is missing of
    /// the first transactions is appended. Peers are served from now on; nothing is acknowledged to the local server
    /// before `attachServer`. Repeated in the same epoch it may name other learners, and one voter in the place of
    /// another; `newcomers` are those that have come so before, which only somebody who remembers them can tell. Returns the last of the first transactions; wait until it is committed.
    public func lead(
        epoch: Epoch,
        ordinal: UInt32,
        start: Position,
        voters: [String],
        learners: [String],
        newcomers: Set<String> = [],
        schema: [FirstTransaction] = [],
        firstTransactions: [FirstTransaction]
    ) async throws -> GTID {
        let request = LeadershipRequest(
            epoch: epoch,
            ordinal: ordinal,
            start: start,
            voters: voters,
            learners: learners,
            newcomers: newcomers,
            schema: schema,
            firstTransactions: firstTransactions
        )
        return try await onLoop { core in try core.lead(request) }
    }

    /// Returns once a position is committed; throws `roleChanged` when the member's role ends before.
    public func waitCommitted(_ position: Position) async throws {
        try await waiting { core, promise in core.waitCommitted(position, promise) }
    }

    /// Reads the local server's binlog as its only semi-synchronous replica, from the end of the log, and acknowledges
    /// what a majority has.
    ///
    /// Returns when the server's events come. Connects again by itself; while it cannot, `snapshot.serverAttached` is
    /// false, and `snapshot.failure` says why. A server whose `server_id` is not this epoch's is refused.
    public func attachServer(socket: String) async throws {
        try await waiting { (core, promise: EventLoopPromise<Void>) in
            guard case .leader(let leadership) = core.role else {
                return promise.fail(ReplicationError.wrongRole("only a leader reads its server's log"))
            }
            leadership.attach(socket: socket, promise)
        }
    }

    /// Stops reading the local server; nothing is acknowledged to it any more.
    public func detachServer() async {
        try? await onLoop { (core) -> Void in
            guard case .leader(let leadership) = core.role else { return }
            leadership.detach()
            core.publish()
        }
    }

    /// Tells what the local server has applied: the log before that is not kept for it any more.
    public func serverHas(_ gtid: GTID) {
        let core = core
        loop.execute { core.value.serverHas(gtid) }
    }

    /// Holds the feed of the local server at what is committed now, and returns that.
    ///
    /// The log goes on receiving.
    func holdFeed() async throws -> GTID {
        try await onLoop { core in
            guard let committed = core.committed else {
                throw ReplicationError.wrongRole("nothing is known to be committed")
            }
            core.limitFeed(to: committed)
            return committed
        }
    }

    /// Lets the feed go on up to a transaction, as soon as that is committed.
    func holdFeed(upTo gtid: GTID) async throws {
        try await onLoop { core in core.limitFeed(to: gtid) }
    }

    /// Lets the feed go on.
    func releaseFeed() {
        let core = core
        loop.execute { core.value.limitFeed(to: nil) }
    }

    /// Takes nothing more from the server of a leader, and waits until a member has all of the log; no longer than a
    /// limit.
    ///
    /// What its server writes from now on is acknowledged to nobody, unless the server is attached again.
    func handOver(to member: String, within limit: Duration) async {
        try? await waiting { core, promise in core.handOver(to: member, within: TimeAmount(limit), promise) }
    }

    /// Tells the other members that this leader's server takes writes.
    public func opened() {
        let core = core
        loop.execute { core.value.opened() }
    }

    /// Ends everything; the log is durable up to what `snapshot` says afterwards.
    public func close() async {
        for listener in listeners { try? await listener.close() }
        try? await waiting { (core, promise: EventLoopPromise<Void>) in core.close(promise) }
        try? await group.shutdownGracefully()
    }

    /// Runs something on the loop that keeps its promise later.
    func waiting<Value: Sendable>(
        _ body: @escaping @Sendable (ReplicationCore, EventLoopPromise<Value>) -> Void
    ) async throws -> Value {
        let promise = loop.makePromise(of: Value.self)
        let core = core
        loop.execute { body(core.value, promise) }
        return try await promise.futureResult.get()
    }

    /// Runs something on the loop, with all that the loop owns.
    func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (ReplicationCore) throws -> Value
    ) async throws -> Value {
        let core = core
        return try await loop.submit { try body(core.value) }.get()
    }
}

/// The state of a sealed log.
public struct SealedLog: Hashable, Sendable {
    /// The durable end.
    public var position: Position
    /// The newest position that is known to be committed.
    public var committed: Position
    /// The first transaction that the log still has; nil when it is empty.
    public var first: Position?

    /// A state.
    public init(position: Position, committed: Position, first: Position?) {
        self.position = position
        self.committed = committed
        self.first = first
    }
}
