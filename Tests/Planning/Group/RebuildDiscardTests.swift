import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Rebuilds that remove the old life first, in a world that checks that nothing committed rests on what is removed.
struct RebuildDiscardTests {
    /// A group that repairs nothing by itself, so that what a rebuild leaves behind can be seen.
    private static func world(
        candidates: Int = 2,
        loggers: Int = 1,
        learners: [(String, Int)] = [],
        claim: Bool = false,
        repair: XDBGroup.RepairMode = .manual
    ) -> World {
        var world = World.writable(candidates: candidates, loggers: loggers, learners: learners, claim: claim)
        world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
        world.group.spec.repair.mode = repair
        world.run(4)
        world.events = []
        return world
    }

    private static func discard(_ world: inout World, _ member: String = "orders-1") {
        world.rebuild("again", member) {
            $0.mode = .local
            $0.discardFirst = true
        }
    }

    /// The places with data of a member.
    private static func lives(_ member: String, _ world: World) -> [String] {
        world.disks.filter { $0.value.group != nil }.map(\.key).filter { place in
            place.contains("/\(member)/") || place == "data-\(member)" || place.hasPrefix("data-\(member)-i")
        }
    }

    @Test(
        arguments: [
            ("orders-1", ["Discard", "Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"]),
            ("orders-2", ["Discard", "Join", "Vote", "Clean"]),
            ("orders-3", ["Discard", "Copy", "Prepare", "Refresh", "Join", "Verify", "Clean"]),
        ],
        [false, true]
    )
    func thereAreNeverTwoLivesOfTheData(_ line: (String, [String]), claim: Bool) throws {
        let (member, steps) = line
        var world = Self.world(learners: [("west", 1)], claim: claim)
        let node = world.node(of: member)
        Self.discard(&world, member)
        for _ in 0..<60 {
            world.run(1)
            #expect(Self.lives(member, world).count + world.copies.count <= 1)
            let claims = world.claims.filter { $0.member == member }
            #expect(claims.count <= 1, "\(claims)")
        }
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.steps.map(\.name) == steps)
        #expect(world.member(member)?.incarnation == 2)
        #expect(world.member(member)?.discarded == false)
        #expect(world.node(of: member) == node)
        #expect(world.group.status.epoch == Epoch(rawValue: 1), "the leader leads on")
        RebuildTests.expectWhole(world)
    }

    /// With the vote of the new life the other voter can be lost.
    @Test func theNewLifeVotes() {
        var world = Self.world()
        Self.discard(&world)
        world.run(60)
        world.power(world.node(of: "orders-2"), on: false)
        world.run(4)
        let committed = world.committed.count
        world.run(4)
        #expect(world.committed.count > committed)
        world.power(world.node(of: "orders-2"), on: true)
        world.run(10)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
    }

    // MARK: What is refused

    @Test func itIsForTheOwnNodeOnly() {
        var world = Self.world()
        world.rebuild("moved", "orders-1") {
            $0.node = "n8"
            $0.discardFirst = true
        }
        world.rebuild("elsewhere", "orders-1") {
            $0.mode = .crossHost
            $0.discardFirst = true
        }
        world.run(4)
        for name in ["moved", "elsewhere"] {
            #expect(world.operation(name)?.status.state == .failed)
            #expect(world.operation(name)?.status.message?.contains("discardFirst") == true)
        }
        world.power(world.node(of: "orders-1"), on: false)
        world.run(4)
        world.rebuild("dead", "orders-1") { $0.discardFirst = true }
        world.run(4)
        #expect(world.operation("dead")?.status.state == .failed)
        #expect(world.group.status.members.allSatisfy { !$0.discarded && !$0.vacant })
        #expect(Self.lives("orders-1", world).count == 1)
    }

    @Test func theOthersMustBeAMajority() {
        var world = Self.world()
        world.power(world.node(of: "orders-2"), on: false)
        world.run(4)
        Self.discard(&world)
        world.run(4)
        #expect(world.operation("again")?.status.state == .failed)
        #expect(world.operation("again")?.status.message?.contains("majority") == true)
    }

    // MARK: What the data wait for

    /// A world in which the seat is vacant, and the leader counts the new life.
    private static func vacant() throws -> World {
        var world = Self.world()
        Self.discard(&world)
        for _ in 0..<10 where world.member("orders-1")?.vacant != true { world.run(1) }
        try #require(world.member("orders-1")?.vacant == true)
        try #require(world.terms["orders-0"]?.voters == ["orders-0", "orders-1-i2", "orders-2"])
        world.listen()
        return world
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var goes: Bool
        var change: @Sendable (inout AgentStatus, Position) -> Void
    }

    static let cases = [
        Case(testDescription: "all have everything", goes: true) { _, _ in },
        Case(testDescription: "the other lacks the last that was counted", goes: false) { status, since in
            let before = Position(epoch: since.epoch, sequence: since.sequence - 1)
            for index in status.peers.indices where status.peers[index].name == "orders-2" {
                status.peers[index].durable = before
            }
        },
        Case(testDescription: "the other has just that", goes: true) { status, since in
            for index in status.peers.indices where status.peers[index].name == "orders-2" {
                status.peers[index].durable = since
            }
        },
        Case(testDescription: "nothing is known of the other's log", goes: false) { status, _ in
            for index in status.peers.indices where status.peers[index].name == "orders-2" {
                status.peers[index].durable = nil
            }
        },
        Case(testDescription: "the leader's own log is not durable up to there", goes: false) { status, since in
            status.position = Position(epoch: since.epoch, sequence: since.sequence - 1)
        },
        Case(testDescription: "the leader counts the old life", goes: false) { status, _ in
            status.voters = ["orders-0", "orders-1", "orders-2"]
        },
        Case(testDescription: "the leader does not say whom it counts", goes: false) { status, _ in
            status.voters = nil
        },
        Case(testDescription: "the epoch began with the new life in the seat", goes: true) { status, _ in
            for index in status.peers.indices { status.peers[index].since = nil }
        },
        Case(testDescription: "and the other has nothing of this epoch", goes: false) { status, since in
            for index in status.peers.indices {
                status.peers[index].since = nil
                if status.peers[index].name == "orders-2" {
                    status.peers[index].durable = Position(epoch: .none, sequence: since.sequence)
                }
            }
        },
    ]

    @Test(arguments: cases)
    func theDataGoWhenNothingRestsOnThem(_ line: Case) throws {
        let world = try Self.vacant()
        var observation = world.observation
        var status = try #require(observation.agents["orders-0"]).status
        let since = try #require(status.peers.first { $0.name == "orders-1-i2" }?.since)
        line.change(&status, since)
        observation.agents["orders-0"]?.status = status
        let plan = Planning.plan(observation)
        let member = try #require(plan.status.members.first { $0.name == "orders-1" })
        #expect(member.discarded == line.goes, "\(plan.status.rebuild?.message ?? "")")
        #expect(plan.status.debts.contains { $0.life == "orders-1" } == line.goes)
        #expect(member.vacant)
    }

    /// A request that is still under way could have a leader that does not know of it count the new life again.
    @Test func theSeatIsGivenBackWhenTheLeaderKnowsOfIt() throws {
        var observation = Self.world().observation
        let index = try #require(observation.group.status.members.firstIndex { $0.name == "orders-1" })
        observation.group.status.members[index].vacant = true
        observation.group.status.votersVersion += 1
        let version = observation.group.status.votersVersion

        observation.agents["orders-0"]?.status.votersVersion = version - 1
        let early = Planning.plan(observation)
        #expect(early.status.members[index].vacant)
        #expect(early.actions.contains(.ensure(.disruptionBudget(minimumAvailable: 3))))

        observation.agents["orders-0"]?.status.votersVersion = version
        #expect(!Planning.plan(observation).status.members[index].vacant)
    }

    @Test func theDataWaitForTheOthers() {
        var world = Self.world()
        let node = world.node(of: "orders-2")
        // Its silence is not long enough yet to be found, when the seat becomes vacant.
        world.cut.insert(node)
        Self.discard(&world)
        world.run(40)
        #expect(world.member("orders-1")?.vacant == true)
        #expect(world.operation("again")?.status.state == .running)
        #expect(world.member("orders-1")?.discarded == false)
        #expect(Self.lives("orders-1", world).count == 1)
        world.cut.remove(node)
        world.run(60)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    // MARK: Interruptions

    /// Where it can be interrupted; in the first step before and after the data are given up.
    struct Moment: CustomTestStringConvertible {
        var testDescription: String
        var step: XDBGroup.RebuildStep
        var isDiscarded: Bool

        init(_ step: XDBGroup.RebuildStep, isDiscarded: Bool = true) {
            testDescription = step.rawValue + (isDiscarded ? "" : ", seat vacant")
            self.step = step
            self.isDiscarded = isDiscarded
        }

        func isNow(_ world: World) -> Bool {
            guard let rebuild = world.group.status.rebuild, let member = world.member("orders-1") else { return false }
            return rebuild.step == step && (step == .clean || member.vacant && member.discarded == isDiscarded)
        }
    }

    static let moments =
        [Moment(.discard, isDiscarded: false)]
        + [XDBGroup.RebuildStep.discard, .copy, .prepare, .refresh, .join, .vote, .clean].map { Moment($0) }

    private static func run(_ world: inout World, until moment: Moment) -> Bool {
        for _ in 0..<80 {
            if moment.isNow(world) { return true }
            world.run(1)
        }
        return false
    }

    @Test(arguments: moments)
    func cancelledAtAMoment(_ moment: Moment) throws {
        var world = Self.world()
        Self.discard(&world)
        #expect(Self.run(&world, until: moment))
        world.operations[0].spec.cancel = true
        world.run(40)
        let operation = try #require(world.operation("again"))
        let isLate = moment.step == .vote || moment.step == .clean
        #expect(operation.status.state == (isLate ? .succeeded : .cancelled), "\(operation.status.message ?? "")")
        if isLate { return RebuildTests.expectWhole(world) }
        let member = try #require(world.member("orders-1"))
        #expect(member.vacant == moment.isDiscarded, "the vote counts nowhere, or is its own again")
        #expect(member.discarded == moment.isDiscarded)
        #expect(Self.lives("orders-1", world).count == (moment.isDiscarded ? 0 : 1))
        if moment.isDiscarded {
            #expect(operation.status.message?.contains("it has none") == true, "\(operation.status.message ?? "")")
            #expect(member.reason == Reason.dataDiscarded.rawValue)
            #expect(world.condition(.repairPending)?.message.contains("orders-1") == true)
            #expect(!world.pods.contains { $0.member == "orders-1" })
        }
        #expect(world.condition(.writable)?.isTrue == true)
        // Another one needs nothing of the old life.
        world.rebuild("once more", "orders-1")
        world.run(60)
        #expect(world.operation("once more")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// What was cancelled is repaired without a hand, where that is wanted.
    @Test func whatIsLeftWithoutDataIsRepaired() {
        var world = Self.world(repair: .automatic)
        Self.discard(&world)
        #expect(Self.run(&world, until: Moment(.copy)))
        world.operations[0].spec.cancel = true
        world.run(120)
        #expect(world.operations.contains { $0.spec.rebuild?.isRepair == true && $0.status.state == .succeeded })
        RebuildTests.expectWhole(world)
    }

    @Test(arguments: Array(stride(from: 0, to: 30, by: 2)))
    func theOperatorIsReplacedInAnyRound(_ round: Int) {
        var world = Self.world()
        Self.discard(&world)
        for step in 0..<60 {
            if step == round { world.restartOperator() }
            world.run(1)
        }
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    @Test(arguments: moments)
    func theLeaderIsLost(_ moment: Moment) {
        var world = Self.world(candidates: 3, loggers: 2)
        Self.discard(&world)
        #expect(Self.run(&world, until: moment))
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(30)
        #expect(world.group.status.leader != "orders-0", "the others elect while the seat is vacant")
        world.power(node, on: true)
        world.run(90)
        #expect(world.operation("again")?.isFinished == true)
        RebuildTests.expectWhole(world)
    }

    /// Of three voters nobody can be elected without both others; when the leader is back, all goes on.
    @Test(arguments: moments)
    func theLeaderOfThreeIsLost(_ moment: Moment) {
        var world = Self.world()
        Self.discard(&world)
        #expect(Self.run(&world, until: moment))
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(30)
        world.power(node, on: true)
        world.run(90)
        let operation = world.operation("again")?.status
        #expect(operation?.state == .succeeded, "\(operation?.task ?? "") \(operation?.message ?? "")")
        RebuildTests.expectWhole(world)
    }

    @Test(arguments: moments)
    func theNodeIsLost(_ moment: Moment) throws {
        var world = Self.world()
        Self.discard(&world)
        #expect(Self.run(&world, until: moment))
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.run(90)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == (moment.step == .clean ? .succeeded : .failed))
        if moment.step != .clean {
            #expect(operation.status.message?.contains(node) == true)
            // Without the old life, its node, or anything else of it.
            world.rebuild("once more", "orders-1")
            world.run(60)
            let second = world.operation("once more")?.status
            #expect(second?.state == .succeeded, "\(second?.task ?? ""): \(second?.message ?? "")")
            #expect(world.node(of: "orders-1") != node)
        }
        world.power(node, on: true)
        world.run(30)
        RebuildTests.expectWhole(world)
    }

    /// Random faults and rebuilds of all sorts; the world itself checks that nothing committed is lost, and that nothing is
    /// removed on which it rests.
    @Test(arguments: UInt64(0)..<60)
    func noStoryOfFaultsLosesACommitOrGetsStuck(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var world = Self.world(
            candidates: seed.isMultiple(of: 3) ? 3 : 2,
            loggers: seed.isMultiple(of: 3) ? 2 : 1,
            repair: seed.isMultiple(of: 2) ? .automatic : .manual
        )
        for round in 0..<40 {
            let member = world.group.status.members.filter { !$0.isSuccessor }.randomElement(using: &random)?.name ?? ""
            let life = world.life(member)
            let node = world.nodes.randomElement(using: &random)?.name ?? ""
            switch Int.random(in: 0..<12, using: &random) {
            case 0: world.stopServer(of: life)
            case 1: world.deletePod { $0.name == life }
            case 2: world.power(node, on: false)
            case 3, 4: world.power(node, on: true)
            case 5: world.cut.insert(node)
            case 6: world.cut.remove(node)
            case 7: world.restartOperator()
            case 8, 9:
                let (isFirst, changes) = (Bool.random(using: &random), Bool.random(using: &random))
                world.rebuild("rebuild-\(round)", member) {
                    $0.discardFirst = isFirst
                    $0.changeLeaderFirst = changes
                }
            case 10:
                for index in world.operations.indices where Int.random(in: 0..<3, using: &random) == 0 {
                    world.operations[index].spec.cancel = true
                }
            default: break
            }
            world.run(Int.random(in: 0..<10, using: &random))
        }
        world.cut = []
        for node in world.nodes { world.power(node.name, on: true) }
        world.run(160)
        #expect(world.operations.allSatisfy { $0.isFinished })
        for member in world.group.status.members where member.vacant {
            #expect(member.discarded, "a member that has its data gets its vote back")
            world.rebuild("last-\(member.name)", member.name)
            world.run(60)
        }
        RebuildTests.expectWhole(world)
        let committed = world.committed.count
        world.run(2)
        #expect(world.committed.count > committed)
    }
}
