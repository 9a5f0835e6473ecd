import BinaryLog
import Logging
import NIOCore
import XDB

/// What a member is told when it leads.
struct LeadershipRequest: Sendable {
    var epoch: Epoch
    var ordinal: UInt32
    /// Where the log must end before the epoch's first transaction.
    var start: Position
    var voters: [String]
    var learners: [String]
    /// What stands before the first transactions, unless an epoch before has certainly begun with it.
    var schema: [FirstTransaction]
    var firstTransactions: [FirstTransaction]
}

/// The role of the epoch's leader: counts what is durable where, commits, and acknowledges to the local server.
final class Leadership {
    unowned let core: ReplicationCore
    let serverID: ServerID
    let firstOfEpoch: UInt64
    /// The last of the transactions that the agent itself has written.
    let lastOfFirstTransactions: GTID

    private struct Peer {
        /// Up to where the peer's log is durable and the same as this one.
        var durable: GTID?
        weak var session: LogSender?
    }

    /// The server takes writes.
    var isOpen = false

    private let voters: [String]
    private var learners: [String]
    private var peers: [String: Peer] = [:]
    /// For each voter what is durable; kept as an array so that a commit allocates nothing.
    private var durable: [UInt64]
    private let me: Int?
    private var dump: ServerDump?

    init(core: ReplicationCore, request: LeadershipRequest) throws {
        self.core = core
        serverID = ServerID(epoch: request.epoch, ordinal: request.ordinal)
        voters = request.voters
        learners = request.learners
        durable = Array(repeating: 0, count: request.voters.count)
        me = request.voters.firstIndex(of: core.configuration.member)
        firstOfEpoch = request.start.sequence + 1
        let transactions =
            Self.hasSchema(request, core.log.state)
            ? request.firstTransactions : request.schema + request.firstTransactions
        lastOfFirstTransactions = GTID(
            serverID: serverID,
            sequence: request.start.sequence + UInt64(transactions.count)
        )
        guard !request.firstTransactions.isEmpty, me != nil else {
            throw ReplicationError.wrongRole("a leader is a voter, and its epoch begins with a transaction")
        }
        try begin(request, transactions)
    }

    /// Whether the epoch at the start, or one before it, has begun with the schema.
    ///
    /// It has if it has more transactions than that: it began with the schema, or with the knowledge that it was there.
    /// A shorter one may have been cut off in the schema. Whoever asks again in this epoch gets the same answer.
    private static func hasSchema(_ request: LeadershipRequest, _ state: LogState) -> Bool {
        let before = state.gtids.last { $0.position.epoch < request.start.epoch }?.sequence ?? 0
        return request.start.sequence - before > UInt64(request.schema.count)
    }

    /// Appends what is missing of the epoch's first transactions: all of them, or, when the agent died while it did so,
    /// the rest.
    private func begin(_ request: LeadershipRequest, _ transactions: [FirstTransaction]) throws {
        let end = core.log.end?.position ?? .zero
        let done: UInt64
        if end == request.start {
            done = 0
        } else if end.epoch == request.epoch, core.log.end?.serverID == serverID, end.sequence > request.start.sequence
        {
            done = min(end.sequence - request.start.sequence, UInt64(transactions.count))
        } else {
            throw ReplicationError.wrongRole("the log ends at \(end), and must end at \(request.start) to lead")
        }
        let timestamp = WallClock.seconds()
        for (index, transaction) in transactions.enumerated() where index >= done {
            let group = SynthesizedGroup(
                gtid: GTID(serverID: serverID, sequence: firstOfEpoch + UInt64(index)),
                content: transaction.groupContent,
                database: transaction.database,
                timestamp: timestamp
            )
            for event in group.events { try core.log.append(event: event) }
        }
    }

    func end() {
        dump?.end()
        dump = nil
    }

    /// A repeated request may name other learners.
    ///
    /// Who votes changes with the epoch only: the elections of an epoch and its leader must count the same voters.
    func replace(learners request: LeadershipRequest) throws {
        guard request.voters == voters else {
            throw ReplicationError.wrongRole("this member leads epoch \(core.epoch) with the voters \(voters)")
        }
        learners = request.learners
    }

    func isMember(_ name: String) -> Bool {
        name != core.configuration.member && (voters.contains(name) || learners.contains(name))
    }

    // MARK: - What is durable where

    func joined(_ member: String, _ session: LogSender, _ common: GTID?) {
        // One session per peer: an older one is a connection that the peer has given up.
        if let old = peers[member]?.session, old !== session { old.close() }
        // Its log is cut to the common part before it answers, so nothing beyond that counts any more.
        peers[member] = Peer(durable: nil, session: session)
        set(member, nil)
    }

    func left(_ member: String, _ session: LogSender) {
        guard peers[member]?.session === session || peers[member]?.session == nil else { return }
        // What was durable stays durable: the peer cannot remove it without a new epoch.
        peers[member]?.session = nil
    }

    func durable(_ gtid: GTID, on member: String) throws {
        guard let end = core.log.end, gtid.sequence <= end.sequence, core.log.holds(gtid) else {
            throw PeerProtocolError(description: "\(member) says that it has \(gtid), which is not in the leader's log")
        }
        guard peers[member] != nil else { return }
        peers[member]?.durable = gtid
        set(member, gtid)
        advance()
        core.markChanged()
    }

    private func set(_ member: String, _ gtid: GTID?) {
        guard let index = voters.firstIndex(of: member) else { return }
        durable[index] = gtid?.sequence ?? 0
    }

    /// Commits what a majority has, and acknowledges it.
    func advance() {
        if let me { durable[me] = core.log.durable?.sequence ?? 0 }
        guard let sequence = CommitRule.committed(durable: durable, firstOfEpoch: firstOfEpoch) else { return }
        core.commit(GTID(serverID: serverID, sequence: sequence))
        dump?.acknowledge(committed: sequence)
    }

    /// Every member has the log up to here; nil while one of them has not told.
    var everywhere: GTID? {
        var least = core.log.durable
        for name in voters + learners where name != core.configuration.member {
            guard let durable = peers[name]?.durable else { return nil }
            if durable.position < least?.position ?? .zero { least = durable }
        }
        return least
    }

    var peerStatuses: [AgentStatus.Peer] {
        (voters + learners).filter { $0 != core.configuration.member }.map { name in
            AgentStatus.Peer(
                name: name,
                durable: peers[name]?.durable?.position,
                connected: peers[name]?.session != nil
            )
        }
    }

    // MARK: - The local server

    var serverAttached: Bool { dump?.isStreaming ?? false }

    func attach(socket: String, _ promise: EventLoopPromise<Void>) {
        dump?.end()
        let dump = ServerDump(leadership: self, socket: socket)
        self.dump = dump
        dump.start(promise)
    }

    func detach() {
        dump?.end()
        dump = nil
        core.log.dropOpenGroup()
    }

    /// The sequence up to which everything is committed, once it is at least this epoch's.
    var committedSequence: UInt64 { core.committed?.sequence ?? 0 }
}
