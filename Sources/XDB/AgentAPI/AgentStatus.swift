// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// What an agent says of itself and of its server, in `GET /v1/status` and on the stream `GET /v1/watch`.
public struct AgentStatus: Hashable, Sendable, Codable {
    /// The part that a member plays in its epoch.
    public enum Role: String, Sendable, Codable {
        /// Fenced: it accepts nothing and acknowledges nothing until it is told whom to follow or to lead.
        case sealed
        case leader
        /// A candidate, learner or logger that receives the log of the leader.
        case follower
    }

    /// How far the member is on its way into its role.
    public enum Phase: String, Sendable, Codable {
        /// No identity on disk: the member's directory is new, or its contents are gone.
        case uninitialized
        /// The data directory is being made.
        case initializing
        /// It has an identity and no work; the phase of a sealed member.
        case idle
        /// A follower that looks for its leader.
        case connecting
        /// A follower that receives the log.
        case streaming
        /// A new leader: the log up to its start is not complete or its epoch's first transaction not yet committed.
        case recovering
        /// A new leader whose server applies what is left of the log.
        case applying
        /// A leader that takes writes.
        case writable
    }

    /// The process of the database server beside the agent.
    public struct Server: Hashable, Sendable, Codable {
        public enum State: String, Sendable, Codable {
            /// A logger has none.
            case none
            case stopped
            case starting
            case running
            /// It ended by itself and is started again after a pause.
            case crashed
            /// It cannot start or go on without help; `message` says why.
            case refused
        }

        public var state: State
        public var version: String?
        /// What the server has committed in its engine and binlog.
        public var applied: Position?
        public var readOnly: Bool?
        /// Seconds between a row's commit on the leader and now, for the newest row that the server has applied.
        public var lagSeconds: Double?
        /// For how long the server has been at work on the one transaction after `applied`; nil when it gets on from one to
        /// the next, or does nothing.
        public var busySeconds: Int?
        /// The size of the data as a copy of them counts it, looked at now and then; nil while it is not known.
        public var dataBytes: UInt64?
        /// How often the server ended by itself since the agent started.
        public var crashes: Int
        /// `Rpl_semi_sync_master_no_tx`: commits that went through without an acknowledgement.
        ///
        /// Any rise is an alarm.
        public var unacknowledged: UInt64?
        /// What is wrong, in words, with the server's last error lines.
        public var message: String?

        public init(state: State, crashes: Int = 0) {
            self.state = state
            self.crashes = crashes
        }
    }

    /// What a leader knows of another member.
    public struct Peer: Hashable, Sendable, Codable {
        public var name: String
        /// Durable in the peer's log, as far as it has told in this epoch.
        public var durable: Position?
        public var connected: Bool
        /// Of a voter that has taken the place of another in this epoch: the end of the leader's log at that moment.
        ///
        /// Whatever the other one's log was counted for is at or before it.
        public var since: Position?

        public init(name: String, durable: Position?, connected: Bool) {
            self.name = name
            self.durable = durable
            self.connected = connected
        }
    }

    /// A copy of this member's data that is being sent.
    public struct Copy: Hashable, Sendable, Codable {
        /// The life of a member that receives it.
        public var to: String
        public var bytes: UInt64
        /// The size of the data directory when the copy began.
        public var total: UInt64
        /// The mean of the last seconds.
        public var bytesPerSecond: UInt64
        public var limit: UInt64?

        public init(to: String, bytes: UInt64, total: UInt64, bytesPerSecond: UInt64, limit: UInt64?) {
            self.to = to
            self.bytes = bytes
            self.total = total
            self.bytesPerSecond = bytesPerSecond
            self.limit = limit
        }
    }

    /// Something that is wrong, with a reason that a program can match.
    public struct Problem: Hashable, Sendable, Codable {
        /// CamelCase, for example `DiskFull`, `Diverged`, `ServerRefuses`, `InvalidConfiguration`.
        public var reason: String
        /// A sentence that says what is wrong and what to do.
        public var message: String

        public init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }

        /// It led the epoch that it has promised, and never leads it again.
        public static let resigned = "Resigned"
        /// A leader hears no majority of the voters, or gave up leading for that.
        public static let noMajority = "NoMajority"
        /// What its log or its promises are kept in cannot be written.
        public static let storageFailed = "StorageFailed"
        /// The server has ended by itself several times in a row, without having answered for a minute in between.
        public static let crashLoop = "CrashLoop"
        /// The running server does not take a changed option, and goes on with what it has.
        public static let optionRefused = "OptionRefused"
    }

    /// The end of a log that was removed because the group does not have it: an old leader's transactions that nobody
    /// was promised.
    public struct DiscardedTail: Hashable, Sendable, Codable {
        /// A binlog with the transactions, in the member's directory.
        public var file: String
        /// The GTID of the last transaction that stayed; nil when none did.
        public var after: String?
        /// The GTID of the last one that was removed.
        public var to: String

        public init(file: String, after: String?, to: String) {
            self.file = file
            self.after = after
            self.to = to
        }
    }

    public var member: String
    public var incarnation: Int
    /// The uid of the group that the directory belongs to; nil while uninitialized.
    public var group: String?
    public var role: Role
    public var phase: Phase
    /// The newest epoch that the agent has promised to; nothing older is accepted.
    public var epoch: Epoch
    /// The leader of that epoch, where the agent knows it.
    public var leader: String?
    /// The first transaction that the log still has; nil when it is empty.
    public var first: Position?
    /// The end of the log, durable.
    public var position: Position
    /// The newest position that this agent knows to be committed.
    public var committed: Position
    /// A follower's: whether it hears its leader (a frame within the last heartbeat intervals).
    public var hearsLeader: Bool
    /// Bytes of the log on disk.
    public var logBytes: UInt64
    public var server: Server
    /// A leader's view of the others; empty elsewhere.
    public var peers: [Peer]
    /// Whose logs a leader counts, itself among them.
    public var voters: [String]?
    /// The `votersVersion` of the request that a leader has them from.
    public var votersVersion: Int?
    public var problems: [Problem]
    /// The copy of its data that is being sent, while one is.
    public var copy: Copy?
    /// The comparison of its data with another member's that was asked for last, since the agent started.
    public var verification: Verification?
    /// What was removed from the end of the log last, since the agent started.
    public var discardedTail: DiscardedTail?
    /// A leader's: it was told to end, and waits a while for somebody to hand over to.
    public var isStopping: Bool?
    /// `ServerConfiguration.revision` of the file whose options the running server has, apart from `pendingRestart`.
    ///
    /// Nil while that is not known, of a member without a server, and of an agent that does not tell.
    public var configuration: String?
    /// Options of that file that the server takes at its start only; nil when there are none.
    public var pendingRestart: [String]?
    /// It has led, and clients that still come are kept for the next leader, or passed on to it.
    public var isRelaying: Bool?
    /// The build of the agent.
    public var version: String

    public init(member: String, incarnation: Int, version: String) {
        self.member = member
        self.incarnation = incarnation
        self.version = version
        self.role = .sealed
        self.phase = .uninitialized
        self.epoch = .none
        self.position = .zero
        self.committed = .zero
        self.hearsLeader = false
        self.logBytes = 0
        self.server = Server(state: .none)
        self.peers = []
        self.problems = []
    }
}
