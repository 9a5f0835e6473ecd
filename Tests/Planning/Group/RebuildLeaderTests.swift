import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Rebuilds of the leader, which hand the leadership over before.
struct RebuildLeaderTests {
    private static func world(candidates: Int = 2, loggers: Int = 1) -> World {
        var world = World.writable(candidates: candidates, loggers: loggers)
        world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
        world.run(4)
        world.events = []
        return world
    }

    private static func steps(_ world: World) -> [String] {
        world.operation("again")?.status.steps.map(\.name) ?? []
    }

    @Test func theLeaderHandsOverAndIsRebuilt() throws {
        var world = Self.world()
        world.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        world.run(40)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(Self.steps(world) == ["ChangeLeader", "Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"])
        #expect(operation.status.steps.allSatisfy { $0.end != nil })
        #expect(operation.status.member == "orders-0")
        #expect(world.group.status.leader == "orders-1")
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
        #expect(world.group.status.epochs.first?.cause == .changeLeader)
        #expect(world.member("orders-0")?.incarnation == 2)
        RebuildTests.expectWhole(world)
    }

    @Test func ofAFollowerItChangesNothing() {
        var world = Self.world()
        world.rebuild("again", "orders-1") { $0.changeLeaderFirst = true }
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(Self.steps(world).first == "Copy")
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        RebuildTests.expectWhole(world)
    }

    @Test func withoutItTheRefusalNamesTheField() {
        var world = Self.world()
        world.rebuild("again", "orders-0")
        world.run(2)
        #expect(world.operation("again")?.status.message?.contains("changeLeaderFirst: true") == true)
    }

    @Test func nobodyCanTakeOver() {
        var alone = Self.world(candidates: 1, loggers: 2)
        alone.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        alone.run(4)
        #expect(alone.operation("again")?.status.state == .failed)
        #expect(alone.operation("again")?.status.message?.contains("there is no other candidate") == true)

        var full = Self.world(candidates: 3, loggers: 2)
        for candidate in ["orders-1", "orders-2"] {
            full.problems[candidate] = [.init(reason: "DiskFull", message: "no space is left")]
        }
        full.run(2)
        full.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        full.run(4)
        #expect(full.operation("again")?.status.state == .failed)
        let words = full.operation("again")?.status.message ?? ""
        #expect(words.contains("no other candidate can lead now") && words.contains("no space is left"), "\(words)")
        #expect(full.group.status.epoch == Epoch(rawValue: 1))
    }

    /// Nothing is disturbed for a rebuild that would be refused afterwards.
    @Test func whatWouldBeRefusedLaterIsRefusedBefore() {
        var world = Self.world()
        world.rebuild("again", "orders-0") {
            $0.changeLeaderFirst = true
            $0.node = "n77"
        }
        world.run(4)
        #expect(world.operation("again")?.status.state == .failed)
        #expect(world.operation("again")?.status.message?.contains("no such node") == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func theLeadershipWaitsUntilThereIsRoom() {
        var world = Self.world()
        world.otherRebuilds = [OtherRebuild(group: "shop/a"), OtherRebuild(group: "shop/b")]
        world.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        world.run(10)
        #expect(world.operation("again")?.status.state == .pending)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        world.otherRebuilds = []
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
    }

    // MARK: Interruptions

    @Test func cancelledBeforeItBeganNothingHappens() {
        var world = Self.world()
        world.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        world.operations[0].spec.cancel = true
        world.run(10)
        #expect(world.operation("again")?.status.state == .cancelled)
        #expect(world.group.status.leader == "orders-0")
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    /// Whenever it is cancelled, it ends, and says who leads.
    @Test(arguments: 0..<24)
    func cancelledInAnyRound(_ round: Int) throws {
        var world = Self.world()
        world.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        for step in 0..<60 {
            if step == round { world.operations[0].spec.cancel = true }
            world.run(1)
        }
        let operation = try #require(world.operation("again"))
        #expect(operation.isFinished)
        if operation.status.state == .cancelled, world.group.status.epoch > Epoch(rawValue: 1) {
            #expect(world.group.status.leader == "orders-1", "the leader stays the new one")
            #expect(operation.status.message?.contains("handed over to orders-1") == true)
        }
        #expect(world.member("orders-0")?.incarnation == (operation.status.state == .succeeded ? 2 : 1))
        RebuildTests.expectWhole(world)
    }

    @Test(arguments: Array(stride(from: 0, to: 30, by: 2)))
    func theOperatorIsReplacedInAnyRound(_ round: Int) {
        var world = Self.world()
        world.rebuild("again", "orders-0") {
            $0.changeLeaderFirst = true
            $0.node = "n8"
        }
        for step in 0..<60 {
            if step == round { world.restartOperator() }
            world.run(1)
        }
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(world.group.status.epoch == Epoch(rawValue: 2), "the leadership is handed over once")
        RebuildTests.expectWhole(world)
    }

    /// Whoever is lost, and whenever: it ends, and the group is whole when all are back.
    @Test(arguments: Array(stride(from: 0, to: 20, by: 3)), ["orders-0", "orders-1"])
    func aCandidateIsLostInAnyRound(_ round: Int, _ lost: String) {
        var world = Self.world(candidates: 3, loggers: 2)
        world.rebuild("again", "orders-0") { $0.changeLeaderFirst = true }
        world.run(round)
        let node = world.node(of: lost)
        world.power(node, on: false)
        world.run(20)
        world.power(node, on: true)
        world.run(120)
        #expect(world.operation("again")?.isFinished == true)
        RebuildTests.expectWhole(world)
    }
}
