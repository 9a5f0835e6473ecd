import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Migrations that are interrupted, paused, given up, or lose somebody.
struct MigrationFaultTests {
    // MARK: The operator

    /// Whatever part of each plan is carried out, the next operator goes on.
    @Test(arguments: 0..<12)
    func itGoesOnWhateverPrefixOfAPlanIsCarriedOut(_ cutOff: Int) throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        for round in 0..<500 where world.operation("move")?.isFinished == false {
            var plan = plan(world.observation)
            if !round.isMultiple(of: 3) {
                plan.actions = Array(plan.actions.prefix(cutOff))
                world.carryOut(plan, version: world.group.metadata.resourceVersion)
                world.restartOperator()
                world.listen()
            } else {
                world.reconcile()
            }
            world.tick()
        }
        try Self.expectMoved(&world)
    }

    @Test(arguments: 0..<60)
    func theOperatorIsReplacedInAnyRound(_ round: Int) throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        for step in 0..<300 where world.operation("move")?.isFinished == false {
            if step == round { world.restartOperator() }
            world.run(1)
        }
        try Self.expectMoved(&world)
        #expect(world.group.status.epoch == Epoch(rawValue: 2), "one change of leader")
    }

    private static func expectMoved(_ world: inout World, _ location: SourceLocation = #_sourceLocation) throws {
        let status = try MigrationTests.status(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")", sourceLocation: location)
        world.run(10)
        #expect(MigrationTests.zones(world) == ["b", "b", "b"], sourceLocation: location)
        #expect(world.group.spec.placement.zones == ["b"], sourceLocation: location)
        RebuildTests.expectWhole(world, location)
    }

    // MARK: Paused and given up

    @Test func itIsPausedBetweenTwoMoves() throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        world.run(4)
        #expect(world.group.status.rebuild?.member == "orders-2")
        world.operations[0].spec.paused = true
        world.run(60)
        #expect(MigrationTests.zones(world) == ["a", "a", "b"], "what had begun is finished")
        let status = try MigrationTests.status(world)
        #expect(status.state == .running)
        #expect(status.task == "Paused")
        #expect(status.message?.contains("1 of 3 have moved") == true, "\(status.message ?? "")")
        // Others have their turn.
        world.askForLeader("change", "orders-1")
        world.run(20)
        #expect(world.operation("change")?.status.state == .succeeded)
        // It is no reason to fail that it has waited.
        world.now = world.now.advanced(by: .seconds(3600))
        world.operations[0].spec.paused = false
        _ = MigrationTests.follow(&world)
        try Self.expectMoved(&world)
    }

    @Test func anotherWaitsForOneThatIsPaused() throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        world.run(4)
        world.operations[0].spec.paused = true
        world.migrate("other") { migrate in
            migrate.member = "orders-1"
            migrate.node = "n7"
        }
        world.run(60)
        let other = try #require(world.operation("other"))
        #expect(other.status.state == .pending)
        #expect(other.status.message?.contains("move, which is paused") == true, "\(other.status.message ?? "")")
    }

    /// As before when nothing has moved; with both zones when some have.
    @Test(arguments: [
        (0, ["a"], ["a", "a", "a"]), (1, ["b", "a"], ["a", "a", "b"]),
        // The last one had arrived already.
        (3, ["b"], ["b", "b", "b"]),
    ])
    func itIsCancelledAfterSoManyMoves(_ moves: Int, _ zones: [String], _ places: [String]) throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        for _ in 0..<300 {
            let done = MigrationTests.zones(world).count { $0 == "b" }
            if done == moves, world.group.status.rebuild != nil { break }
            world.run(1)
        }
        world.operations[0].spec.cancel = true
        world.run(40)
        let status = try MigrationTests.status(world)
        #expect(status.state == (moves == 3 ? .succeeded : .cancelled), "\(status.message ?? "")")
        #expect(status.message?.contains("orders-1 is \(moves == 3 ? "" : "still ")on ") == true)
        #expect(world.group.spec.placement.zones == zones, "\(status.message ?? "")")
        #expect(MigrationTests.zones(world) == places)
        RebuildTests.expectWhole(world)
    }

    @Test func itIsCancelledBeforeItBegins() throws {
        var world = MigrationTests.world()
        world.group.spec.paused = true
        MigrationTests.ask(&world)
        world.run(2)
        world.operations[0].spec.cancel = true
        world.run(2)
        #expect(try MigrationTests.status(world).message == "it was cancelled before it began")
    }

    // MARK: Losses

    /// Of the nodes that can take a member one dies while it is being made there.
    @Test(arguments: RebuildTests.steps)
    func theNodeOfAMovesTargetDies(_ step: XDBGroup.RebuildStep) throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        for _ in 0..<100
        where world.group.status.rebuild?.member != "orders-1" || world.group.status.rebuild?.step != step {
            world.run(1)
        }
        for _ in 0..<10 where world.group.status.rebuild?.node == nil { world.run(1) }
        let node = try #require(world.group.status.rebuild?.node)
        world.power(node, on: false)
        _ = MigrationTests.follow(&world, rounds: 900)
        world.power(node, on: true)
        try Self.expectMoved(&world)
        if step != .clean {
            #expect(world.node(of: "orders-1") != node)
            #expect(try MigrationTests.status(world).plan?.moves.first { $0.member == "orders-1" }?.failures == 1)
        }
    }

    /// A node on which a move has failed is left out of the next attempt, unless there is no other.
    ///
    /// - Parameters:
    ///   - cordoned: Nodes that nobody can move to any more after the first attempt.
    ///   - places: Where the first follower's attempts are.
    @Test(arguments: [([String](), ["n5", "n6"]), (["n6"], ["n5", "n8"]), (["n6", "n8"], ["n5", "n5"])])
    func aMoveThatHasFailedOnANodeIsTriedOnAnother(_ cordoned: [String], _ places: [String]) throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        var attempts: [(life: String, node: String)] = []
        _ = MigrationTests.follow(&world) { world in
            if let move = try? MigrationTests.status(world).plan?.moves.first(where: { $0.member == "orders-1" }),
                move.state == .pending
            {
                #expect(move.toNode == nil, "it is not chosen yet")
            }
            guard let rebuild = world.group.status.rebuild, rebuild.member == "orders-1", let node = rebuild.node,
                attempts.last?.life != rebuild.successor
            else { return }
            attempts.append((rebuild.successor, node))
            guard attempts.count == 1 else {
                for index in world.nodes.indices { world.nodes[index].isCordoned = false }
                return
            }
            for index in world.nodes.indices where cordoned.contains(world.nodes[index].name) {
                world.nodes[index].isCordoned = true
            }
            for index in world.jobs.indices {
                world.jobs[index].isFailed = true
                world.jobs[index].message = #"{"reason":"DiskFull","message":"no space","isWorthRetrying":false}"#
            }
        }
        #expect(attempts.map(\.node) == places)
        let move = try MigrationTests.status(world).plan?.moves.first { $0.member == "orders-1" }
        #expect(move?.failures == 1)
        #expect(move?.failedNodes == ["n5"])
        #expect(move?.toNode == places.last)
        try Self.expectMoved(&world)
    }

    /// No Job succeeds: three attempts, and the group is as it was.
    @Test func aMoveThatFailsAgainAndAgainEndsIt() throws {
        var world = MigrationTests.world()
        world.operations = []
        MigrationTests.ask(&world)
        _ = MigrationTests.follow(&world, rounds: 400) { world in
            for index in world.jobs.indices {
                world.jobs[index].isFailed = true
                world.jobs[index].message = #"{"reason":"DiskFull","message":"no space","isWorthRetrying":false}"#
            }
        }
        let status = try MigrationTests.status(world)
        #expect(status.state == .failed, "\(status.message ?? "")")
        #expect(
            status.message?.contains("orders-1 could not be moved in 3 attempts") == true,
            "\(status.message ?? "")"
        )
        #expect(status.message?.contains("orders-2 is on n4 in zone b") == true, "\(status.message ?? "")")
        #expect(world.group.spec.placement.zones == ["b", "a"])
        world.run(20)
        RebuildTests.expectWhole(world)
    }

    /// It is moved first, from what the others have: its move is its rebuild.
    @Test func aMemberThatIsToMoveDies() throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        world.run(4)
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        _ = MigrationTests.follow(&world)
        #expect(world.node(of: "orders-1") != node)
        world.power(node, on: true)
        try Self.expectMoved(&world)
        #expect(!world.operations.contains { $0.spec.rebuild != nil }, "no repair is needed")
    }

    @Test func theLeaderDies() throws {
        var world = MigrationTests.world()
        MigrationTests.ask(&world)
        for _ in 0..<100 where MigrationTests.zones(world) != ["a", "b", "b"] { world.run(1) }
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        _ = MigrationTests.follow(&world)
        world.power(node, on: true)
        try Self.expectMoved(&world)
        #expect(world.group.status.leader == "orders-1")
    }

    /// A repair comes first, and stays where the others go.
    @Test func aMemberThatHasMovedDies() throws {
        var world = MigrationTests.world()
        world.group.spec.repair.graceSeconds = 20
        MigrationTests.ask(&world)
        for _ in 0..<100 where MigrationTests.zones(world) != ["a", "a", "b"] { world.run(1) }
        let node = world.node(of: "orders-2")
        world.power(node, on: false)
        _ = MigrationTests.follow(&world, rounds: 900)
        let repair = world.operations.first { $0.spec.rebuild != nil }
        #expect(repair?.status.state == .succeeded, "\(repair?.status.message ?? "no repair")")
        #expect(world.node(of: "orders-2") != node)
        world.power(node, on: true)
        try Self.expectMoved(&world)
    }

    /// What never passes ends it: the group is whole, and it is said who is where.
    @Test func itDoesNotWaitForEver() throws {
        var world = MigrationTests.world()
        world.group.spec.repair.mode = .manual
        MigrationTests.ask(&world)
        for _ in 0..<100 where MigrationTests.zones(world) != ["a", "a", "b"] { world.run(1) }
        world.power(world.node(of: "orders-2"), on: false)
        _ = MigrationTests.follow(&world, rounds: 2000)
        let status = try MigrationTests.status(world)
        #expect(status.state == .failed)
        #expect(status.message?.contains("no move could begin for 600 s") == true, "\(status.message ?? "")")
        #expect(world.group.spec.placement.zones == ["b", "a"])
    }
}
