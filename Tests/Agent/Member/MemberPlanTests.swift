import Testing
import XDB

@testable import Agent

/// What a member does next, as a table: one line per situation.
@Suite struct MemberPlanTests {
    static let peer = PeerAddress(name: "orders-1", host: "10.0.0.2")
    static let source = PeerAddress(name: "orders-2", host: "10.0.0.3")
    static let epoch = Epoch(rawValue: 7)
    static let start = Position(epoch: Epoch(rawValue: 6), sequence: 100)
    static let opened = GTID(serverID: ServerID(epoch: epoch, ordinal: 0), sequence: 103)

    static func situation(
        _ duty: Promise.Duty,
        server: Situation.Server = .none,
        fresh: Bool = true,
        change: (inout Situation) -> Void = { _ in }
    ) -> Situation {
        var situation = Situation(
            member: "orders-0",
            ordinal: 0,
            promise: Promise(epoch: epoch, duty: duty),
            fresh: fresh,
            log: Situation.Log(epoch: epoch, position: start, committed: start),
            server: server
        )
        situation.log.peers = ["orders-1", "orders-2"]
        situation.log.voters = ["orders-0", "orders-1", "orders-2"]
        change(&situation)
        return situation
    }

    static func lead(source: PeerAddress? = source) -> Promise.Duty {
        .lead(
            Promise.LeadTerms(
                start: start,
                source: source,
                voters: ["orders-0", "orders-1", "orders-2"],
                learners: []
            )
        )
    }

    static func up(
        leads: Bool = false,
        readOnly: Bool = true,
        applied: GTID? = nil,
        fed: Bool = true,
        id: ServerID? = nil
    ) -> Situation.Server {
        let normal = leads ? ServerID(epoch: epoch, ordinal: 0) : ServerOptions.failSafeID(ordinal: 0)
        return .up(Situation.ServerFacts(id: id ?? normal, readOnly: readOnly, applied: applied, fed: fed))
    }

    struct Line: CustomTestStringConvertible {
        var testDescription: String
        var situation: Situation
        var steps: [Step]

        init(_ description: String, _ situation: Situation, _ steps: [Step]) {
            testDescription = description
            self.situation = situation
            self.steps = steps
        }
    }

    static let applied = GTID(serverID: ServerID(epoch: Epoch(rawValue: 6), ordinal: 1), sequence: 90)

    static let life: [Line] = [
        Line("a new data member makes its data", situation(.sealed, server: .absent), [.createData]),
        Line("and starts its server", situation(.sealed, server: .down(startable: true)), [.startServer]),
        Line("but not while it has to be left alone", situation(.sealed, server: .down(startable: false)), []),
        Line(
            "nor while clients are kept on its port for the next leader",
            situation(.sealed, server: .down(startable: true)) { $0.relaying = true },
            []
        ),
        Line(
            "nor when the agent has handed over and is about to end",
            situation(.sealed, server: .down(startable: true)) { $0.stopping = true },
            []
        ),
        Line(
            "a tail that the group has committed stays",
            situation(.sealed, server: .down(startable: false)) { $0.tailCommitted = true },
            [.startServerWithTail]
        ),
        Line("a server that starts is waited for", situation(.sealed, server: .starting), []),
        Line("a sealed member's server applies the log", situation(.sealed, server: up(fed: false)), [.feedServer]),
        Line("then there is nothing to do", situation(.sealed, server: up()), []),
        Line("a sealed logger does nothing", situation(.sealed), []),
        Line(
            "a server that led an old epoch is fenced",
            situation(.sealed, server: up(id: ServerID(epoch: Epoch(rawValue: 6), ordinal: 0))),
            [.fenceServer]
        ),
        Line(
            "also by a follower, which follows at the same time",
            situation(.follow(peer), server: up(applied: applied, id: ServerID(epoch: epoch, ordinal: 0))),
            [.fenceServer, .follow(peer, server: applied)]
        ),
    ]

    static let following: [Line] = [
        Line("a logger follows", situation(.follow(peer)), [.follow(peer, server: nil)]),
        Line("a follower waits for its server's end", situation(.follow(peer), server: .starting), []),
        Line(
            "but not for ever",
            situation(.follow(peer), server: .starting) { $0.serverSlow = true },
            [.follow(peer, server: nil)]
        ),
        Line(
            "nor for a server that does not start",
            situation(.follow(peer), server: .down(startable: false)),
            [.follow(peer, server: nil)]
        ),
        Line(
            "nor for one that is not started because clients are kept on its port",
            situation(.follow(peer), server: .down(startable: true)) { $0.relaying = true },
            [.follow(peer, server: nil)]
        ),
        Line(
            "nor for one that is not started any more",
            situation(.follow(peer), server: .down(startable: true)) { $0.stopping = true },
            [.follow(peer, server: nil)]
        ),
        Line(
            "the server's end guards the log",
            situation(.follow(peer), server: up(applied: applied)),
            [.follow(peer, server: applied)]
        ),
        Line(
            "once is enough",
            situation(.follow(peer), server: up()) {
                $0.log.role = .follower
                $0.log.leader = peer
            },
            []
        ),
        Line(
            "unless the leader has moved",
            situation(.follow(peer), server: up()) {
                $0.log.role = .follower
                $0.log.leader = PeerAddress(name: "orders-1", host: "10.0.0.9")
            },
            [.follow(peer, server: nil)]
        ),
    ]

    static let leading: [Line] = [
        Line(
            "a log that is behind is completed first",
            situation(lead(), server: up(applied: applied)) { $0.log.position = applied.position },
            [.pull(source, until: start, server: applied)]
        ),
        Line(
            "in one attempt at a time",
            situation(lead(), server: up(applied: applied)) {
                $0.log.position = applied.position
                $0.log.pulling = true
            },
            []
        ),
        Line(
            "without a source it says so",
            situation(lead(source: nil), server: up(applied: applied)) { $0.log.position = applied.position },
            [.reportIncompleteLog]
        ),
        Line(
            "with a log that cannot be written it waits for the log",
            situation(lead(), server: up(leads: true, readOnly: false)) { $0.log.failed = true },
            []
        ),
        Line("a complete log opens the epoch", situation(lead(), server: up(applied: applied)), [.openEpoch]),
        Line(
            "even while its server starts",
            situation(lead(), server: .starting),
            [.openEpoch]
        ),
        Line(
            "a learner that has come or gone is told to the log, though the epoch is open",
            situation(lead(), server: up(applied: opened)) {
                $0.log.role = .leader
                $0.log.peers = ["orders-1", "orders-2", "orders-3"]
                $0.opened = opened
            },
            [.openEpoch]
        ),
        Line(
            "a voter that has taken the place of a learner is told to the log, though the same members are there",
            situation(
                .lead(
                    Promise.LeadTerms(
                        start: start,
                        source: nil,
                        voters: ["orders-0", "orders-3", "orders-2"],
                        learners: ["orders-1"],
                        newcomers: ["orders-3"]
                    )
                ),
                server: up(applied: opened)
            ) {
                $0.log.role = .leader
                $0.log.peers = ["orders-1", "orders-2", "orders-3"]
                $0.opened = opened
            },
            [.openEpoch]
        ),
        Line(
            "nothing is promoted before a majority has the epoch's first transactions",
            situation(lead(), server: up(applied: opened)) {
                $0.log.role = .leader
                $0.opened = opened
            },
            []
        ),
        Line(
            "nor before the server has applied them",
            situation(lead(), server: up(applied: applied)) {
                $0.log.role = .leader
                $0.opened = opened
                $0.log.committed = opened.position
            },
            []
        ),
        Line(
            "then the server leads",
            situation(lead(), server: up(applied: opened)) {
                $0.log.role = .leader
                $0.opened = opened
                $0.log.committed = opened.position
            },
            [.promote]
        ),
        Line(
            "it is attached",
            situation(lead(), server: up(leads: true, applied: opened)) {
                $0.log.role = .leader
                $0.promoted = true
            },
            [.attachServer]
        ),
        Line(
            "its first row is acknowledged",
            situation(lead(), server: up(leads: true)) {
                $0.log.role = .leader
                $0.promoted = true
                $0.log.serverAttached = true
            },
            [.writeRow]
        ),
        Line(
            "the users are there",
            situation(lead(), server: up(leads: true)) {
                $0.log.role = .leader
                $0.promoted = true
                $0.log.serverAttached = true
                $0.rowAcknowledged = true
            },
            [.ensureUsers]
        ),
        Line(
            "and it takes writes",
            situation(lead(), server: up(leads: true)) {
                $0.log.role = .leader
                $0.promoted = true
                $0.log.serverAttached = true
                $0.rowAcknowledged = true
                $0.usersEnsured = true
            },
            [.openWrites]
        ),
        Line(
            "until something changes",
            situation(lead(), server: up(leads: true, readOnly: false)) {
                $0.log.role = .leader
                $0.promoted = true
                $0.log.serverAttached = true
                $0.rowAcknowledged = true
                $0.usersEnsured = true
            },
            []
        ),
    ]

    static let restarts: [Line] = [
        Line(
            "a leader whose server ended resigns before it starts it again",
            situation(lead(), server: .down(startable: true)) { $0.promoted = true },
            [.resign]
        ),
        Line(
            "also when it finds only the promise",
            situation(lead(), server: .down(startable: true), fresh: false),
            [.resign]
        ),
        Line(
            "a new leader's server that has not led may start again",
            situation(lead(), server: .down(startable: true)) { $0.log.role = .leader },
            [.startServer]
        ),
        Line(
            "a new agent under a leading server goes on with the epoch",
            situation(lead(), server: up(leads: true, readOnly: false), fresh: false) { $0.promoted = true },
            [.openEpoch]
        ),
        Line(
            "a new agent waits for what a found server says",
            situation(lead(), server: .starting, fresh: false),
            []
        ),
        Line(
            "a found server that runs and does not lead never has: the way to lead goes on",
            situation(lead(), server: up(applied: applied, fed: false), fresh: false),
            [.feedServer, .openEpoch]
        ),
        Line(
            "one that was promoted and is another one now has lost its life",
            situation(lead(), server: up(fed: false)) { $0.promoted = true },
            [.resign]
        ),
        Line("what has resigned waits", situation(.resigned, server: up()), []),
        Line("and its old server is fenced", situation(.resigned, server: up(leads: true)), [.fenceServer]),
    ]

    @Test(arguments: life + following + leading + restarts)
    func steps(_ line: Line) {
        #expect(MemberPlan.steps(line.situation) == line.steps)
    }

    @Test func phases() {
        func phase(_ situation: Situation, streaming: Bool = false) -> AgentStatus.Phase {
            MemberPlan.phase(situation, streaming: streaming)
        }
        #expect(phase(Self.situation(.sealed, server: .absent)) == .initializing)
        #expect(phase(Self.situation(.sealed, server: Self.up())) == .idle)
        #expect(phase(Self.situation(.follow(Self.peer))) == .connecting)
        #expect(phase(Self.situation(.follow(Self.peer)), streaming: true) == .streaming)
        #expect(phase(Self.situation(Self.lead(), server: Self.up())) == .recovering)
        let committed = Self.situation(Self.lead(), server: Self.up()) {
            $0.opened = Self.opened
            $0.log.committed = Self.opened.position
        }
        #expect(phase(committed) == .applying)
        #expect(phase(Self.situation(Self.lead(), server: Self.up(leads: true))) == .applying)
        let open = Self.situation(Self.lead(), server: Self.up(leads: true, readOnly: false)) { $0.log.role = .leader }
        #expect(phase(open) == .writable)
    }
}
