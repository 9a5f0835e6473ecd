import XDB

/// Everything that decides what a member does next: what it has promised, what its log says, and what its server says.
struct Situation: Hashable, Sendable {
    /// The member's own server, as the agent sees it now.
    enum Server: Hashable, Sendable {
        /// A logger has none.
        case none
        /// There is no data directory yet.
        case absent
        /// It does not run. May it be started now?
        case down(startable: Bool)
        /// It runs and does not answer yet.
        case starting
        case up(ServerFacts)
    }

    /// What a server says of itself, and what this agent has arranged in its present life.
    struct ServerFacts: Hashable, Sendable {
        var id: ServerID
        var readOnly: Bool
        /// The last transaction of its binlog.
        var applied: GTID?
        /// It was told to read this agent's feed.
        var fed = false
    }

    /// What the log is used for.
    struct Log: Hashable, Sendable {
        var role: ReplicationSnapshot.Role = .sealed
        var epoch: Epoch = .none
        /// Whom it follows.
        var leader: PeerAddress?
        var position: Position = .zero
        var committed: Position = .zero
        var serverAttached = false
        /// A leader's: the other members that it gives the log to.
        var peers: Set<String> = []
        /// A leader's: whom it counts.
        var voters: Set<String> = []
        /// A part of it is being fetched from another member.
        var pulling = false
        /// It cannot be written; it is opened again when that may help.
        var failed = false
    }

    var member: String
    var ordinal: UInt32
    var promise: Promise
    /// The promise was made to a request, not found on the disk at the start of the agent.
    var fresh: Bool
    var log: Log
    var server: Server
    /// The end of the epoch's first transactions, once this agent has written them.
    var opened: GTID?
    /// The server has been made this epoch's leader, by this agent or by the one before.
    var promoted = false
    /// A row that the server wrote in this epoch is acknowledged.
    var rowAcknowledged = false
    /// The application's users are there.
    var usersEnsured = false
    /// The server has been starting for so long that the log must not wait for it.
    var serverSlow = false
    /// Clients are kept on the server's port for the next leader: no server is started meanwhile.
    var relaying = false
    /// The agent has handed over and is about to end: it starts no server any more.
    var stopping = false
    /// The server refuses to start because of its tail, and all of its tail is committed in the group.
    var tailCommitted = false

    /// The id of a server that leads the promised epoch.
    var leadingID: ServerID { ServerID(epoch: promise.epoch, ordinal: ordinal) }

    var failSafeID: ServerID { ServerOptions.failSafeID(ordinal: ordinal) }
}

/// One thing that a member does.
///
/// Each is short, or only begins something; each may be repeated.
enum Step: Hashable, Sendable {
    case createData
    case startServer
    /// It starts with what it has, because the group has committed all of it.
    case startServerWithTail
    /// The server is something that the promise does not allow.
    case fenceServer
    /// The epoch was led with a server that is gone: it is never led again.
    case resign
    /// The server applies what the agent feeds it.
    case feedServer
    case follow(PeerAddress, server: GTID?)
    case pull(PeerAddress, until: Position, server: GTID?)
    /// The log needs a part that nobody was named for.
    case reportIncompleteLog
    /// The log becomes the epoch's, with what is missing of its first transactions.
    case openEpoch
    case promote
    case attachServer
    case writeRow
    case ensureUsers
    case openWrites
}

/// The rules of a member's life: what to do in which situation.
///
/// Pure: the controller observes, asks, and acts, again and again, so that every step may fail, be repeated, or be the
/// first one after a restart.
enum MemberPlan {
    /// The next steps: at most one for the server and one for the log, which need not wait for each other.
    static func steps(_ situation: Situation) -> [Step] {
        if mustResign(situation) { return [.resign] }
        let server = situation.stopping ? nil : serverStep(situation)
        return [server, logStep(situation)].compactMap { $0 }
    }

    /// Whether the next step for the log is to open the epoch, whatever a new look at the server would show.
    static func opensEpoch(_ situation: Situation) -> Bool {
        !mustResign(situation) && logStep(situation) == .openEpoch
    }

    /// A leader's server is an instance: when it is gone, what it had may be gone too, and only an election tells who
    /// has everything that was acknowledged.
    ///
    /// An agent that finds the promise on the disk does not know whether the server has led already; but a server that
    /// runs and does not lead never has: no agent starts one again before it has resigned.
    private static func mustResign(_ situation: Situation) -> Bool {
        guard situation.promise.terms != nil else { return false }
        switch situation.server {
        case .none: return true
        case .starting: return false
        case .absent, .down: return situation.promoted || !situation.fresh
        case .up(let facts): return situation.promoted && facts.id != situation.leadingID
        }
    }

    private static func serverStep(_ situation: Situation) -> Step? {
        switch situation.server {
        case .none, .starting: return nil
        case .absent: return .createData
        case .down where situation.relaying: return nil
        case .down(let startable):
            if situation.tailCommitted { return .startServerWithTail }
            return startable ? .startServer : nil
        case .up(let facts):
            if facts.id == situation.failSafeID {
                if !facts.fed { return .feedServer }
                return mayPromote(situation, facts) ? .promote : nil
            }
            guard facts.id == situation.leadingID, situation.promise.terms != nil else { return .fenceServer }
            guard situation.log.role == .leader, situation.log.epoch == situation.promise.epoch else { return nil }
            if !situation.log.serverAttached { return .attachServer }
            if !situation.rowAcknowledged { return .writeRow }
            if !situation.usersEnsured { return .ensureUsers }
            return facts.readOnly ? .openWrites : nil
        }
    }

    /// The server leads when its epoch's first transactions, and with them everything before, are committed, and it has
    /// applied exactly those.
    private static func mayPromote(_ situation: Situation, _ facts: Situation.ServerFacts) -> Bool {
        guard situation.promise.terms != nil, let opened = situation.opened else { return false }
        return situation.log.committed >= opened.position && facts.applied == opened
    }

    private static func logStep(_ situation: Situation) -> Step? {
        let promise = situation.promise
        switch promise.duty {
        case .sealed, .resigned: return nil
        case .follow(let leader):
            let follows = situation.log.role == .follower && situation.log.epoch == promise.epoch
            guard !follows || situation.log.leader != leader else { return nil }
            guard let server = serverEnd(situation) else { return nil }
            return .follow(leader, server: server.end)
        case .lead(let terms):
            guard !situation.log.failed else { return nil }
            if situation.log.role == .leader, situation.log.epoch == promise.epoch {
                // Who learns the log may change while the epoch lasts, and one voter may take another's place.
                let peers = Set(terms.voters + terms.learners).subtracting([situation.member])
                let isSame = situation.log.peers == peers && situation.log.voters == Set(terms.voters)
                return isSame ? nil : .openEpoch
            }
            if case .up(let facts) = situation.server {
                if facts.id == situation.leadingID { return .openEpoch }
            } else if !situation.fresh {
                return nil
            }
            guard !situation.log.pulling else { return nil }
            guard situation.log.position < terms.start else { return .openEpoch }
            guard let server = serverEnd(situation) else { return nil }
            guard let source = terms.source else { return .reportIncompleteLog }
            return .pull(source, until: terms.start, server: server.end)
        }
    }

    /// Where the server's own binlog ends, below which the log must not be cut.
    ///
    /// Nil when it is better to wait for the server to say so. One that cannot say so for long is checked by the feed
    /// when it comes.
    private static func serverEnd(_ situation: Situation) -> ServerEnd? {
        switch situation.server {
        case .none, .absent: ServerEnd(end: nil)
        case .down where situation.relaying || situation.stopping: ServerEnd(end: nil)
        case .down(let startable): startable ? nil : ServerEnd(end: nil)
        case .starting: situation.serverSlow ? ServerEnd(end: nil) : nil
        case .up(let facts): ServerEnd(end: facts.applied)
        }
    }

    private struct ServerEnd {
        var end: GTID?
    }

    /// How far the member is, for the status.
    static func phase(_ situation: Situation, streaming: Bool) -> AgentStatus.Phase {
        switch situation.promise.duty {
        case .sealed, .resigned: return situation.server == .absent ? .initializing : .idle
        case .follow: return streaming ? .streaming : .connecting
        case .lead:
            if case .up(let facts) = situation.server, facts.id == situation.leadingID {
                return !facts.readOnly && situation.log.role == .leader ? .writable : .applying
            }
            guard let opened = situation.opened, situation.log.committed >= opened.position else { return .recovering }
            return .applying
        }
    }

    static func role(_ promise: Promise) -> AgentStatus.Role {
        switch promise.duty {
        case .sealed, .resigned: .sealed
        case .lead: .leader
        case .follow: .follower
        }
    }
}
