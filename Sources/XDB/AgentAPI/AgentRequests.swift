// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// Where the agent of another member is reached.
public struct PeerAddress: Hashable, Sendable, Codable {
    /// The member's name, for example `orders-1`; its certificate must carry it.
    public var name: String
    /// An IP address.
    public var host: String

    public init(name: String, host: String) {
        self.name = name
        self.host = host
    }
}

/// `POST /v1/initialize`: makes the identity and, on a data member, an empty data directory.
///
/// Repeating it is harmless; an agent whose directory belongs to another group, member or incarnation refuses.
public struct InitializeRequest: Hashable, Sendable, Codable {
    /// The uid of the `XDBGroup`.
    public var group: String

    public init(group: String) {
        self.group = group
    }
}

/// `POST /v1/seal`: promises the epoch.
///
/// From the answer on, nothing of an older epoch is accepted or acknowledged; a leader of an older epoch kills its
/// server first. Refused with `EpochTooOld` when a newer one is promised. Repeating it in the same epoch answers
/// without an effect.
public struct SealRequest: Hashable, Sendable, Codable {
    public var epoch: Epoch
    /// The life of the member that is about to take over from a leader that is well; nil otherwise.
    ///
    /// That leader takes no more writes, lets this one have all of its log before it promises, and keeps its clients'
    /// connections until the next leader takes writes, and passes them on.
    public var successor: String?

    public init(epoch: Epoch, successor: String? = nil) {
        self.epoch = epoch
        self.successor = successor
    }
}

/// The answer to a seal.
public struct SealAnswer: Hashable, Sendable, Codable {
    public var member: String
    public var epoch: Epoch
    /// The durable end of the log.
    public var position: Position
    public var committed: Position
    public var first: Position?

    public init(member: String, epoch: Epoch, position: Position, committed: Position, first: Position?) {
        self.member = member
        self.epoch = epoch
        self.position = position
        self.committed = committed
        self.first = first
    }
}

/// `POST /v1/lead`: leads the group in an epoch that the operator has recorded.
///
/// Answers when the role is durable; the way to `writable` is seen on the watch stream. Repeating it is harmless.
public struct LeadRequest: Hashable, Sendable, Codable {
    public var epoch: Epoch
    /// The most advanced position among the sealed voters: the log is complete up to here before anything else.
    public var start: Position
    /// Who has the log up to `start`, when the new leader has not.
    public var source: PeerAddress?
    /// The names of all voters, this member included.
    ///
    /// In an epoch that is led already one of them may be another one than before: the next life of the same member. It
    /// counts for commits at once, and its predecessor no more; `AgentStatus.Peer.since` says from where on.
    public var voters: [String]
    /// The `votersVersion` of the status that the voters are from; nil stands for 0.
    ///
    /// An older one than the leader knows is refused, one with other voters must be newer.
    public var votersVersion: Int?
    /// The names of the members that receive the log and do not vote.
    public var learners: [String]

    public init(epoch: Epoch, start: Position, source: PeerAddress?, voters: [String], learners: [String]) {
        self.epoch = epoch
        self.start = start
        self.source = source
        self.voters = voters
        self.learners = learners
    }
}

/// `POST /v1/follow`: receives the log of the leader of an epoch.
///
/// Repeating it with another address is how a leader whose pod has moved is found again.
public struct FollowRequest: Hashable, Sendable, Codable {
    public var epoch: Epoch
    public var leader: PeerAddress
    /// True for a logger whose log is empty and need not begin at the group's first transaction: it begins where the
    /// leader knows all other members to have theirs.
    public var beginsAnywhere: Bool?

    public init(epoch: Epoch, leader: PeerAddress) {
        self.epoch = epoch
        self.leader = leader
    }
}

/// `POST /v1/copy`: asks for a copy of this member's data, by the member that is to be made of it.
///
/// The answer's body is a sequence of frames, each a 4-byte little-endian length and so many bytes: the JSON of a
/// `CopyHeader`, the stream of `mariabackup` in mbstream format, and an empty one; then one line with the JSON of a
/// `CopyTrailer`.
public struct CopyRequest: Hashable, Sendable, Codable {
    /// The life of a member that asks: its certificate must carry the name.
    public var to: String
    /// Nil for no limit.
    public var bytesPerSecond: UInt64?

    public init(to: String, bytesPerSecond: UInt64?) {
        self.to = to
        self.bytesPerSecond = bytesPerSecond
    }
}

/// What a copy begins with.
public struct CopyHeader: Hashable, Sendable, Codable {
    /// The size of the files that are copied, about.
    public var dataBytes: UInt64
    /// The size of the storage engine's own log, which is not copied and made anew.
    public var logBytes: UInt64

    public init(dataBytes: UInt64, logBytes: UInt64) {
        self.dataBytes = dataBytes
        self.logBytes = logBytes
    }
}

/// What a copy ends with; without it, it is not whole.
public struct CopyTrailer: Hashable, Sendable, Codable {
    /// The backup has succeeded, by its own words.
    public var ok: Bool
    /// What has gone wrong.
    public var message: String
    /// How many bytes the frames between header and trailer had.
    public var bytes: UInt64
    /// The last transaction that the data have; nil when something has gone wrong, and from an agent that does not tell.
    public var end: GTID?
    /// The last transaction of every server id in the source's log, when the backup had ended.
    public var log: [GTID]
    /// How events are laid out there: the format description event, in Base64.
    public var format: String

    public init(ok: Bool, message: String, bytes: UInt64, end: GTID?, log: [GTID], format: String) {
        self.ok = ok
        self.message = message
        self.bytes = bytes
        self.end = end
        self.log = log
        self.format = format
    }
}

/// `POST /v1/copy-limit`: how fast the copy of this member's data may be sent.
///
/// It holds from now on for the copy that is being sent to `to`, or that will be asked for within a minute.
public struct CopyLimitRequest: Hashable, Sendable, Codable {
    /// The life of a member that receives the copy.
    public var to: String
    /// Nil for no limit.
    public var bytesPerSecond: UInt64?

    public init(to: String, bytesPerSecond: UInt64?) {
        self.to = to
        self.bytesPerSecond = bytesPerSecond
    }
}

/// The body of every answer of the agent that is not a success; the status code is 409 for a refusal that will not
/// change by itself, 503 for one that may, 400 for a malformed request.
public struct AgentError: Error, Hashable, Sendable, Codable {
    /// CamelCase: `EpochTooOld`, `NotInitialized`, `WrongIdentity`, `NotACandidate`, `Diverged`, ...
    public var reason: String
    /// A sentence that says what is wrong and what to do.
    public var message: String

    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}
