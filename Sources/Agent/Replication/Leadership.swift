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
    /// The voters that were not there when the epoch began.
    var newcomers: Set<String> = []
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

    private(set) var voters: [String]
    private var learners: [String]
    private var peers: [String: Peer] = [:]
    /// The end of the log when a voter took the place of another: all that the other one was counted for is at or before.
    private var since: [String: Position] = [:]
    /// For each voter what is durable; kept as an array so that a commit allocates nothing.
    private var durable: [UInt64]
    private let me: Int?
    private var dump: ServerDump?
    /// Who waits until a member has the log up to its end.
    private var drain: (member: String, sequence: UInt64, promise: EventLoopPromise<Void>)?

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
        // When exactly they came is not known any more; what their predecessors were counted for was in the log.
        let end = core.log.end?.position ?? .zero
        for name in request.newcomers where voters.contains(name) { since[name] = end }
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
        endDrain()
    }

    /// Keeps the promise when a member that is connected has the log up to its present end, or `endDrain` is called.
    func drain(to member: String, _ promise: EventLoopPromise<Void>) {
        endDrain()
        guard let end = core.log.end, let peer = peers[member], peer.session != nil,
            peer.durable?.sequence ?? 0 < end.sequence
        else { return promise.succeed() }
        drain = (member, end.sequence, promise)
    }

    func endDrain() {
        drain?.promise.succeed()
        drain = nil
    }

    /// A repeated request may name other learners, and other voters in the place of some, one at a time: `Admission` has
    /// judged each change.
    ///
    /// From here on the newcomer counts, with all that it has told to be durable, and its predecessor does not.
    ///
    /// *Why nothing is lost.* Of N = 2f + 1 seats f + 1 commit. Whoever asks has recorded before that the seat is vacant:
    /// an election takes its f + 1 answers from the 2f others alone, until the newcomer's log has passed `since`. Let t be
    /// committed: at least f of the 2f others have it, whoever sat in the seat.
    /// - While the newcomer does not count in elections: f + (f + 1) > 2f, so one of the answers has t.
    /// - When it does: was t counted on the predecessor, then it is at or before `since`, and the newcomer has it, since a
    ///   log has no gaps; was it counted on the newcomer, that has it as well. So f + 1 of the N have t, and any f + 1
    ///   answers share one with them.
    func replace(_ request: LeadershipRequest) throws {
        guard request.voters.count == voters.count, request.voters.firstIndex(of: core.configuration.member) == me
        else {
            throw ReplicationError.wrongRole(
                "this member leads epoch \(core.epoch) with the voters \(voters.joined(separator: ", ")), of whom another "
                    + "than itself may be replaced, one at a time"
            )
        }
        learners = request.learners
        let end = core.log.end?.position ?? .zero
        for seat in voters.indices where voters[seat] != request.voters[seat] {
            let (predecessor, newcomer) = (voters[seat], request.voters[seat])
            voters[seat] = newcomer
            durable[seat] = peers[newcomer]?.durable?.sequence ?? 0
            since[predecessor] = nil
            since[newcomer] = end
            core.logger.notice(
                "a voter has been replaced",
                metadata: ["old": "\(predecessor)", "new": "\(newcomer)", "since": "\(end)"]
            )
        }
        for (name, peer) in peers where !isMember(name) {
            peers[name] = nil
            peer.session?.close()
        }
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
        if let drain, drain.member == member, gtid.sequence >= drain.sequence { endDrain() }
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
    var everywhere: GTID? { everywhere { _ in true } }

    /// Every member but one has the log up to here; nil while one of them has not told.
    ///
    /// Another life of that one is no other member: it is what the new life takes the place of.
    func everywhere(besides member: String) -> GTID? {
        let own = MemberLife.name(of: member)
        return everywhere { MemberLife.name(of: $0) != own }
    }

    private func everywhere(among counts: (String) -> Bool) -> GTID? {
        var least = core.log.durable
        for name in voters + learners where name != core.configuration.member && counts(name) {
            guard let durable = peers[name]?.durable else { return nil }
            if durable.position < least?.position ?? .zero { least = durable }
        }
        return least
    }

    var peerStatuses: [AgentStatus.Peer] {
        (voters + learners).filter { $0 != core.configuration.member }.map { name in
            var peer = AgentStatus.Peer(
                name: name,
                durable: peers[name]?.durable?.position,
                connected: peers[name]?.session != nil
            )
            peer.since = since[name]
            return peer
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

/// The names of a member's lives: the member's own, and after it `-i2`, `-i3` and so on.
enum MemberLife {
    /// The member's name.
    static func name(of life: String) -> String {
        let digits = life.reversed().prefix { $0.isNumber }.count
        let rest = life.dropLast(digits)
        guard digits > 0, rest.hasSuffix("-i") else { return life }
        return String(rest.dropLast(2))
    }
}
