import KubernetesModel
import Testing
import XDB

@testable import Planning

/// The nodes that the rebuilds of other groups use, and what that means to the next one.
struct RebuildNodesTests {
    /// In this world `orders-0` leads on `n1`, `orders-1` is on `n2`, and `n4`, `n8` and `n9` are free.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Words of what it waits for; nil when it begins.
        var waits: String?
        /// Where it begins.
        var node: String?
        /// Where it may not be.
        var avoided: [String] = []
        var others: [OtherRebuild]
        var cordoned: [String] = []
        var set: @Sendable (inout XDBOperation.Rebuild) -> Void = { _ in }
    }

    private static func takes(_ node: String?) -> OtherRebuild { OtherRebuild(group: "shop/a", target: node) }
    private static func copies(_ node: String, to target: String = "far") -> OtherRebuild {
        OtherRebuild(group: "shop/b", source: node, target: target, isCopying: true)
    }

    static let cases = [
        Case(testDescription: "nodes that are not its own", node: "n2", others: [copies("n8")]),
        Case(
            testDescription: "its node takes another",
            waits: "node n2 takes a member of shop/a",
            others: [takes("n2")]
        ),
        Case(
            testDescription: "its node is copied from",
            waits: "node n2 is being copied from for shop/b",
            others: [copies("n2")]
        ),
        Case(
            testDescription: "its source's node takes another",
            waits: "node n1 takes a member of shop/a",
            others: [takes("n1")]
        ),
        Case(
            testDescription: "its source's node is copied from",
            waits: "node n1 is being copied from for shop/b",
            others: [copies("n1")]
        ),
        Case(
            testDescription: "a node that is named takes another",
            waits: "node n8 takes a member of shop/a",
            others: [takes("n8")],
            set: { $0.node = "n8" }
        ),
        Case(
            testDescription: "a node that is named is copied from",
            waits: "node n8 is being copied from for shop/b",
            others: [copies("n8")],
            set: { $0.node = "n8" }
        ),
        Case(
            testDescription: "another's node is not chosen yet",
            waits: "the node that takes a member of shop/a is not chosen yet",
            others: [takes(nil)]
        ),
        Case(
            testDescription: "the scheduler chooses among the others",
            node: "n9",
            avoided: ["n4", "n8"],
            others: [copies("n8", to: "n4")],
            set: { $0.mode = .crossHost }
        ),
        Case(
            testDescription: "all nodes are used",
            waits: "other rebuilds use every node that can take orders-1: node n4 takes a member of shop/b, "
                + "node n8 is being copied from for shop/b",
            others: [copies("n8", to: "n4")],
            cordoned: ["n9"],
            set: { $0.mode = .crossHost }
        ),
    ]

    @Test(arguments: cases)
    func noneUsesANodeThatAnotherUses(_ line: Case) throws {
        var world = RebuildTests.world()
        try #require(world.node(of: "orders-0") == "n1" && world.node(of: "orders-1") == "n2")
        for index in world.nodes.indices where line.cordoned.contains(world.nodes[index].name) {
            world.nodes[index].isCordoned = true
        }
        world.otherRebuilds = line.others
        world.heldJobs = true
        world.rebuild("again", "orders-1", line.set)
        world.run(4)
        let operation = try #require(world.operation("again"))
        guard let waits = line.waits else {
            let rebuild = try #require(world.group.status.rebuild, "\(operation.status.message ?? "")")
            #expect(rebuild.node == line.node)
            #expect(rebuild.avoidedNodes == line.avoided)
            #expect(rebuild.reason.contains("not n4 or n8, which other rebuilds use") == !line.avoided.isEmpty)
            return
        }
        #expect(operation.status.state == .pending)
        #expect(operation.status.message == waits)
        #expect(world.group.status.rebuild == nil)
        // Its turn comes when they have ended.
        world.otherRebuilds = []
        world.heldJobs = false
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// A node that takes nobody yet could become any.
    @Test func theNodeOfALoggerIsToldAsSoonAsItIsKnown() {
        var world = RebuildTests.world()
        world.deaf = ["orders-2-i2"]
        world.rebuild("logger", "orders-2") { $0.mode = .crossHost }
        world.run(6)
        #expect(world.group.status.rebuild?.step == .join)
        #expect(world.group.status.rebuild?.node == "n4")
        #expect(world.operation("logger")?.status.node == "n4")
    }

    @Test(
        arguments: [
            (nil, "orders-2"), (copies("n3"), "orders-3"), (takes("n3"), "orders-3"),
        ] as [(OtherRebuild?, String)]
    )
    func aSourceOnAFreeNodeIsPreferred(_ other: OtherRebuild?, _ source: String) throws {
        var world = World.writable(candidates: 5, loggers: 0)
        try #require(world.node(of: "orders-2") == "n3")
        world.otherRebuilds = [other].compactMap(\.self)
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        world.run(4)
        let rebuild = try #require(world.group.status.rebuild)
        #expect(rebuild.source == source)
        #expect(rebuild.reason.contains("on a node that no other rebuild uses") == (other != nil), "\(rebuild.reason)")
    }

    /// The leader has the clients: a follower that can be copied in a moment is waited for.
    @Test func theLeaderIsNotCopiedWhileAFollowerIs() throws {
        var world = World.writable(candidates: 3, loggers: 0)
        let node = world.node(of: "orders-2")
        world.otherRebuilds = [OtherRebuild(group: "shop/b", source: node, target: "far", isCopying: true)]
        world.rebuild("again", "orders-1")
        world.run(4)
        #expect(world.operation("again")?.status.message == "node \(node) is being copied from for shop/b")
        world.otherRebuilds = []
        world.run(4)
        #expect(world.group.status.rebuild?.source == "orders-2")
    }

    // MARK: Room

    /// A rebuild of `orders-1` on its own node that has failed.
    private static func failed(_ reason: String) -> World {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.rebuild("first", "orders-1") { $0.mode = .local }
        world.run(6)
        for index in world.jobs.indices {
            world.jobs[index].isRunning = false
            world.jobs[index].message = #"{"reason":"\#(reason)","message":"it is so","isWorthRetrying":false}"#
        }
        world.run(10)
        #expect(world.operation("first")?.status.failure == reason)
        RebuildTests.expectWhole(world)
        return world
    }

    @Test(
        arguments: [
            (.automatic, JobResult.noSpace, .crossHost), (.automatic, "Corrupt", .local),
            (.local, JobResult.noSpace, .local),
        ] as [(XDBOperation.Rebuild.Mode, String, XDBOperation.Rebuild.Mode)]
    )
    func autoLooksForRoomElsewhere(
        _ wish: XDBOperation.Rebuild.Mode,
        _ reason: String,
        _ mode: XDBOperation.Rebuild.Mode
    ) throws {
        var world = Self.failed(reason)
        world.rebuild("second", "orders-1") { $0.mode = wish }
        world.run(4)
        let rebuild = try #require(world.group.status.rebuild)
        #expect(rebuild.mode == mode)
        let words = "on another node, since n2 had no room for it (operation first)"
        #expect(rebuild.reason.contains(words) == (mode == .crossHost), "\(rebuild.reason)")
        world.heldJobs = false
        world.run(40)
        #expect(world.operation("second")?.status.state == .succeeded)
        #expect((world.node(of: "orders-1") == "n2") == (mode == .local))
        RebuildTests.expectWhole(world)
    }

    /// That makes the room by itself.
    @Test func discardFirstStaysWhereItIs() {
        var world = Self.failed(JobResult.noSpace)
        world.heldJobs = false
        world.rebuild("second", "orders-1") { $0.discardFirst = true }
        world.run(60)
        #expect(world.operation("second")?.status.state == .succeeded)
        #expect(world.node(of: "orders-1") == "n2")
        RebuildTests.expectWhole(world)
    }

    /// Once it has had room there, what was before does not matter.
    @Test func aSuccessForgetsTheLackOfRoom() {
        var world = Self.failed(JobResult.noSpace)
        world.heldJobs = false
        world.rebuild("second", "orders-1") { $0.mode = .local }
        world.run(40)
        world.rebuild("third", "orders-1")
        world.run(40)
        #expect(world.operation("third")?.status.state == .succeeded)
        #expect(world.node(of: "orders-1") == "n2")
    }
}
