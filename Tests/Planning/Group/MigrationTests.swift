import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Members that move to another zone or node, in a world that stops when something committed is lost.
struct MigrationTests {
    static let places = [
        ("n1", "a"), ("n2", "a"), ("n3", "a"), ("n4", "b"), ("n5", "b"), ("n6", "b"), ("n7", "a"), ("n8", "b"),
        ("n9", "c"),
    ]

    /// A group of three in zone a, and zones b and c beside it.
    static func world(
        candidates: Int = 2,
        loggers: Int = 1,
        learners: [(String, Int)] = [],
        zones: [String] = ["a"],
        claim: Bool = false
    ) -> World {
        var world = World(candidates: candidates, loggers: loggers, learners: learners, claim: claim, nodes: places)
        world.group.spec.placement.zones = zones
        world.run(40)
        world.events = []
        return world
    }

    static func ask(_ world: inout World, from: String = "a", to: String = "b", dryRun: Bool = false) {
        world.migrate("move") { migrate in
            migrate.from = .init(zone: from)
            migrate.to = .init(zone: to)
        } spec: {
            $0.dryRun = dryRun
        }
    }

    /// Runs until the operation has ended, and returns who moved and led in which order.
    static func follow(_ world: inout World, rounds: Int = 400, _ every: (inout World) -> Void = { _ in }) -> [String] {
        var story: [String] = []
        for _ in 0..<rounds where world.operation("move")?.isFinished == false {
            let before = world.group.status
            world.run(1)
            every(&world)
            let after = world.group.status
            for member in after.members where !member.isSuccessor {
                let old = before.members.first { $0.name == member.name }
                if let old, old.incarnation != member.incarnation { story.append(member.name) }
            }
            if let leader = after.leader, leader != before.leader { story.append("\(leader) leads") }
        }
        return story
    }

    static func zones(_ world: World) -> [String] {
        world.group.status.members.filter { !$0.isSuccessor }.map { $0.zone ?? "-" }
    }

    static func status(_ world: World) throws -> XDBOperation.Status { try #require(world.operation("move")).status }

    // MARK: A whole group

    @Test(arguments: [false, true])
    func aGroupMovesToAnotherZone(claim: Bool) throws {
        var world = Self.world(claim: claim)
        Self.ask(&world)
        var specs: [[String]] = []
        let story = Self.follow(&world) { world in
            let zones = world.group.spec.placement.zones
            if specs.last != zones { specs.append(zones) }
            #expect(world.pods.count { $0.isRunning && !$0.isBeingDeleted } >= 3, "the old life goes last")
        }
        #expect(story == ["orders-2", "orders-1", "orders-1 leads", "orders-0"])
        #expect(specs == [["a"], ["b", "a"], ["b"]])
        let status = try Self.status(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        #expect(Self.zones(world) == ["b", "b", "b"])
        #expect(world.group.status.epoch == Epoch(rawValue: 2), "one change of leader")
        #expect(status.steps.map(\.name) == ["orders-2", "orders-1", "ChangeLeader", "orders-0"])
        #expect(status.steps.allSatisfy { $0.end != nil })
        #expect(status.plan?.moves.map(\.state) == [.succeeded, .succeeded, .succeeded])
        #expect(status.progress?.summary.hasPrefix("3 of 3 moves, 100 %") == true, "\(status.progress?.summary ?? "")")
        #expect(status.message?.contains("spec.placement.zones is [b]") == true, "\(status.message ?? "")")
        #expect(status.durationSeconds != nil)
        world.run(20)
        RebuildTests.expectWhole(world)
        // Nothing moves back.
        #expect(Self.zones(world) == ["b", "b", "b"])
    }

    @Test func aPlanIsWrittenFirstAndAllThereIsOfADryRun() throws {
        var world = Self.world()
        let before = (world.group, world.disks.keys.sorted())
        Self.ask(&world, dryRun: true)
        world.run(6)
        let status = try Self.status(world)
        #expect(status.state == .succeeded)
        #expect(
            status.message == "a dry run, and nothing was done: 3 moves, 400 MiB to copy, one change of leader"
        )
        let plan = try #require(status.plan)
        #expect(plan.moves.map(\.member) == ["orders-2", "orders-1", "orders-0"])
        #expect(plan.moves.map(\.bytes) == [0, 200 << 20, 200 << 20])
        #expect(plan.moves.map(\.fromNode) == ["n3", "n2", "n1"])
        #expect(plan.moves.allSatisfy { $0.fromZone == "a" && $0.toZone == "b" && $0.state == .pending })
        #expect(
            plan.changeLeader == "after the move of orders-1, orders-0 hands over to orders-1: the one pause of writes"
        )
        #expect(plan.zones.map(\.before) == [["a"]])
        #expect(plan.zones.map(\.after) == [["b"]])
        #expect(world.group.spec == before.0.spec)
        #expect(world.disks.keys.sorted() == before.1)
        // A real one has the same.
        world.operations = []
        Self.ask(&world)
        world.run(1)
        #expect(try Self.status(world).plan == plan)
        #expect(world.group.status.rebuild == nil)
    }

    /// Learners with zones of their own stay, unless those hold the zone that is left.
    @Test(arguments: [([String](), "b", [String]()), (["a"], "b", ["b"]), (["c"], "c", ["c"])])
    func learnersMoveWithTheirSet(_ zones: [String], _ place: String, _ after: [String]) throws {
        var world = World(candidates: 2, loggers: 1, learners: [("near", 1)], nodes: Self.places)
        world.group.spec.placement.zones = ["a"]
        world.group.spec.members.learners[0].zones = zones
        world.run(40)
        let wasAway = world.member("orders-3")?.zone == "a"
        Self.ask(&world)
        let story = Self.follow(&world)
        #expect(try Self.status(world).state == .succeeded)
        #expect(story.contains("orders-3") == wasAway)
        #expect(world.member("orders-3")?.zone == place)
        #expect(world.group.spec.members.learners[0].zones == (zones.isEmpty && wasAway ? ["b"] : after))
    }

    /// Of a group without zones nobody would hold the members there.
    @Test func aGroupWithoutZonesGetsThem() throws {
        var world = Self.world(zones: [])
        #expect(Self.zones(world) == ["a", "a", "a"])
        Self.ask(&world)
        _ = Self.follow(&world)
        #expect(try Self.status(world).state == .succeeded)
        #expect(world.group.spec.placement.zones == ["b"])
    }

    @Test func onlyTheMembersOfThatZoneMove() throws {
        var world = World(candidates: 2, loggers: 1, nodes: [("n1", "a"), ("n2", "c"), ("n3", "c"), ("n4", "b")])
        world.group.spec.placement.zones = ["a", "c"]
        world.run(40)
        #expect(world.group.status.leader == "orders-0")
        Self.ask(&world)
        #expect(Self.follow(&world) == ["orders-1 leads", "orders-0"])
        #expect(Self.zones(world) == ["b", "c", "c"])
        #expect(world.group.spec.placement.zones == ["b", "c"])
    }

    // MARK: One member

    @Test(arguments: [
        ("orders-1", ["orders-1"]), ("orders-2", ["orders-2"]), ("orders-0", ["orders-1 leads", "orders-0"]),
    ])
    func oneMemberMovesToANode(_ member: String, _ expected: [String]) throws {
        var world = Self.world()
        world.migrate("move") { migrate in
            migrate.member = member
            migrate.node = "n7"
        }
        #expect(Self.follow(&world) == expected)
        let status = try Self.status(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        #expect(status.plan?.moves.first?.toNode == "n7")
        #expect(world.node(of: member) == "n7")
        #expect(world.group.spec.placement.zones == ["a"], "the node is in the zones of the spec")
        RebuildTests.expectWhole(world)
    }

    // MARK: What cannot be

    struct Refused: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var arrange: @Sendable (inout World) -> Void = { _ in }
        var wish: @Sendable (inout XDBOperation.Migrate) -> Void = { migrate in
            migrate.from = .init(zone: "a")
            migrate.to = .init(zone: "b")
        }
    }

    static let refused = [
        Refused(testDescription: "no such zone", words: "there is no zone x") { migrate in
            migrate.from = .init(zone: "a")
            migrate.to = .init(zone: "x")
        },
        Refused(testDescription: "nobody is there", words: "no member of orders is to leave zone c") { migrate in
            migrate.from = .init(zone: "c")
            migrate.to = .init(zone: "b")
        },
        Refused(testDescription: "too few nodes", words: "2 of its 4 nodes can take one") { world in
            world.power("n4", on: false)
            world.nodes[4].isCordoned = true
        },
        Refused(testDescription: "labels", words: "each to a node of its own, and 0 of its 4") { world in
            world.group.spec.placement.nodeSelector = ["disk": "fast"]
        },
        Refused(testDescription: "the only candidate leads", words: "add a candidate first") { world in
            world = MigrationTests.world(candidates: 1, loggers: 2)
        },
        Refused(testDescription: "somebody is away", words: "orders is not fully redundant (orders-2") { world in
            world.power(world.node(of: "orders-2"), on: false)
            world.run(30)
        },
        Refused(testDescription: "it is there", words: "orders-1 is on node n2 already") { migrate in
            migrate.member = "orders-1"
            migrate.node = "n2"
        },
        Refused(testDescription: "no such member", words: "orders-9 is no member") { migrate in
            migrate.member = "orders-9"
            migrate.node = "n4"
        },
        Refused(testDescription: "no such node", words: "orders-1 cannot move to n99: there is no such node") {
            migrate in
            migrate.member = "orders-1"
            migrate.node = "n99"
        },
        Refused(testDescription: "a zone that is not the spec's", words: "the spec wants a") { migrate in
            migrate.member = "orders-1"
            migrate.node = "n4"
        },
    ]

    @Test(arguments: refused, [false, true])
    func whatCannotBeIsRefusedWithoutAnEffect(_ line: Refused, dryRun: Bool) throws {
        var world = Self.world()
        line.arrange(&world)
        let before = world.disks.keys.sorted()
        world.migrate("move", line.wish) { $0.dryRun = dryRun }
        world.run(4)
        let status = try Self.status(world)
        #expect(status.state == .failed)
        #expect(status.message?.contains(line.words) == true, "\(status.message ?? "")")
        #expect(world.group.spec.placement.zones == ["a"])
        #expect(world.group.status.rebuild == nil)
        #expect(world.disks.keys.sorted() == before)
    }

    @Test func aPausedGroupWaits() throws {
        var world = Self.world()
        world.group.spec.paused = true
        Self.ask(&world)
        world.run(4)
        #expect(try Self.status(world).state == .pending)
        #expect(try Self.status(world).message == "the group is paused (spec.paused)")
        world.group.spec.paused = false
        _ = Self.follow(&world)
        #expect(try Self.status(world).state == .succeeded)
    }
}

extension MigrationTests.Refused {
    /// A wish that needs no arrangement.
    init(
        testDescription: String,
        words: String,
        wish: @escaping @Sendable (inout XDBOperation.Migrate) -> Void
    ) {
        self.init(testDescription: testDescription, words: words, arrange: { _ in }, wish: wish)
    }

    /// What everybody may wish, when things are not as they should be.
    init(testDescription: String, words: String, arrange: @escaping @Sendable (inout World) -> Void) {
        self.testDescription = testDescription
        self.words = words
        self.arrange = arrange
    }
}
