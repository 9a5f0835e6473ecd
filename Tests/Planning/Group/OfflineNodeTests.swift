import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What a node that is taken offline means to one group.
struct OfflineNodeTests {
    private func world(candidates: Int = 2, loggers: Int = 1) -> World {
        World.writable(candidates: candidates, loggers: loggers)
    }

    @Test func itsLeaderHandsOverAndIsRemembered() throws {
        var world = world()
        let node = world.node(of: "orders-0")
        world.mark(node, isOffline: true)
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
        let record = try #require(world.group.status.epochs.first)
        #expect(record.cause == .nodeOffline)
        let displaced = try #require(world.group.status.displaced.first)
        #expect(displaced.node == node)
        #expect(displaced.member == "orders-0")
        #expect(displaced.epoch == record.epoch)
        #expect(world.condition(.fullyRedundant)?.isTrue == true, "it still follows there")
        #expect(world.member("orders-0")?.promotable == false)
        #expect(world.member("orders-0")?.message?.contains("it is on node \(node), which is offline") == true)
        // It is not asked back, and when the node is back nobody moves by itself.
        world.askForLeader("back", "orders-0")
        world.run(5)
        #expect(world.operation("back")?.status.state == .failed)
        #expect(world.operation("back")?.status.message?.contains("is offline") == true)
        world.mark(node, isOffline: false)
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.group.status.displaced.isEmpty)
    }

    @Test func nothingIsRepairedWhileItIsAway() throws {
        var world = world()
        let node = world.node(of: "orders-1")
        world.mark(node, isOffline: true)
        world.run(2)
        world.power(node, on: false)
        world.events = []
        world.run(300)
        let member = try #require(world.member("orders-1"))
        #expect(member.reason == Reason.nodeOffline.rawValue)
        #expect(member.health == .unhealthy)
        #expect(world.operations.isEmpty)
        #expect(!world.events.contains { $0.reason.isWarning }, "\(world.events)")
        #expect(world.condition(.writable)?.isTrue == true)
        world.mark(node, isOffline: false)
        world.run(150)
        #expect(world.operations.contains { $0.metadata.name == "orders-1-repair-1" })
    }

    /// Taken offline first, so that the failover comes of the power cut alone.
    @Test func aLeaderThatIsLostThereIsRememberedToo() {
        var world = world()
        let node = world.node(of: "orders-0")
        world.otherHandovers = OfflineNodes.handoversAtOnce
        world.mark(node, isOffline: true)
        world.run(2)
        #expect(world.group.status.leader == "orders-0")
        world.power(node, on: false)
        world.run(30)
        #expect(world.group.status.epochs.first?.cause == .failover)
        #expect(world.group.status.displaced.map(\.member) == ["orders-0"])
    }

    @Test func onlySoManyLeaveAtTheSameTime() throws {
        var world = world()
        world.otherHandovers = OfflineNodes.handoversAtOnce
        world.mark(world.node(of: "orders-0"), isOffline: true)
        world.run(10)
        #expect(world.group.status.leader == "orders-0")
        let condition = try #require(world.condition(.progressing))
        #expect(condition.reason == Reason.nodeOffline.rawValue)
        #expect(condition.message.contains("when its turn comes"))
        world.otherHandovers = OfflineNodes.handoversAtOnce - 1
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
    }

    @Test func aLeaderWithoutAnHeirStaysAndSaysWhy() throws {
        var world = world(candidates: 1, loggers: 2)
        world.mark(world.node(of: "orders-0"), isOffline: true)
        world.run(20)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(try #require(world.condition(.progressing)?.message).contains("there is no other candidate"))
    }

    /// Availability comes first.
    @Test func whoIsThereLeadsWhenNobodyElseCan() throws {
        var world = world()
        world.mark(world.node(of: "orders-1"), isOffline: true)
        world.run(2)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(30)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.reason.contains("is offline, and no other candidate could lead"))
    }

    @Test func theLeaderLeavesInTheMiddleOfARebuild() {
        var world = world(candidates: 3, loggers: 0)
        world.heldJobs = true
        world.rebuild("anew", "orders-1") { $0.mode = .local }
        world.run(10)
        #expect(world.group.status.rebuild != nil)
        world.mark(world.node(of: "orders-0"), isOffline: true)
        world.run(20)
        #expect(world.group.status.leader == "orders-2")
        world.heldJobs = false
        world.run(60)
        #expect(world.operation("anew")?.status.state == .succeeded)
    }

    @Test(arguments: [true, false])
    func aNodeThatTakesNothingIsNoPlaceForARebuild(_ isCordoned: Bool) {
        var world = world()
        let free = world.nodes.map(\.name).filter { node in
            !world.group.status.members.contains { $0.node == node }
        }
        #expect(free.count == 1)
        if isCordoned { world.cordon(free[0]) } else { world.mark(free[0], isOffline: true) }
        world.rebuild("named", "orders-1") { $0.node = free[0] }
        world.rebuild("any", "orders-1") { $0.mode = .crossHost }
        world.run(5)
        let word = isCordoned ? "it is cordoned" : "it is offline"
        for name in ["named", "any"] {
            #expect(world.operation(name)?.status.state == .failed)
            #expect(world.operation(name)?.status.message?.contains(word) == true)
        }
    }
}

extension World {
    /// Somebody takes a node offline, or back.
    mutating func mark(_ node: String, isOffline: Bool) {
        for index in nodes.indices where nodes[index].name == node { nodes[index].isOffline = isOffline }
    }

    /// Somebody cordons a node.
    mutating func cordon(_ node: String) {
        for index in nodes.indices where nodes[index].name == node { nodes[index].isCordoned = true }
    }
}
