import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Changes of leader that somebody asks for, and the records of what the operator did by itself.
struct OperationTests {
    // MARK: Changes of leader

    @Test(arguments: ["orders-1", "auto"])
    func theLeaderIsChanged(_ to: String) throws {
        var world = World.writable()
        world.askForLeader("move", to)
        world.run(8)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.cause == .changeLeader)
        #expect(record.operation == "move")
        let operation = try #require(world.operation("move"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.member == "orders-1")
        #expect(operation.status.steps.map(\.name) == ["Seal", "CatchUp", "Promote", "Route"])
        #expect(operation.status.steps.allSatisfy { $0.end != nil })
        let certificate = try #require(operation.status.certificate)
        #expect(certificate.previousLeader == "orders-0")
        #expect(certificate.rule == ElectionRule.wished.rawValue)
        #expect(certificate.answers.count >= 2)
        world.run(10)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 2), "it is done once")
    }

    @Test func theOldLeaderIsToldWhoTakesOver() {
        var world = World.writable()
        world.askForLeader("move", "auto")
        var asked: [SealRequest] = []
        for _ in 0..<8 where asked.isEmpty {
            asked = Planning.plan(world.observation).actions.compactMap { action in
                if case .seal(_, let request) = action { request } else { nil }
            }
            world.run(1)
        }
        #expect(asked == [SealRequest(epoch: Epoch(rawValue: 2), successor: "orders-1")])
    }

    struct Refused: CustomTestStringConvertible {
        var testDescription: String
        var to: String
        var words: String
        var arrange: @Sendable (inout World) -> Void = { _ in }
    }

    static let refused = [
        Refused(testDescription: "no member", to: "orders-7", words: "no member of the group"),
        Refused(testDescription: "a logger", to: "orders-2", words: "logger"),
        Refused(testDescription: "silent", to: "orders-1", words: "not heard") {
            $0.power($0.node(of: "orders-1"), on: false)
            $0.run(8)
        },
        Refused(testDescription: "nobody else", to: "auto", words: "no other candidate") {
            $0.power($0.node(of: "orders-1"), on: false)
            $0.run(8)
        },
    ]

    @Test(arguments: refused)
    func aWishThatCannotBeGrantedIsRefusedWithoutAnEffect(_ line: Refused) throws {
        var world = World.writable()
        line.arrange(&world)
        world.askForLeader("move", line.to)
        world.run(4)
        let operation = try #require(world.operation("move"))
        #expect(operation.status.state == .failed)
        #expect(operation.status.message?.contains(line.words) == true, "\(operation.status.message ?? "")")
        #expect(operation.status.completionTime != nil)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.events.contains { $0.reason == .operationFailed })
    }

    @Test func theOneThatLeadsAlreadyIsLeftAlone() {
        var world = World.writable()
        world.askForLeader("move", "orders-0")
        world.run(3)
        #expect(world.operation("move")?.status.state == .succeeded)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func operationsOnOneGroupWaitForEachOther() {
        var world = World.writable()
        world.askForLeader("a", "orders-1")
        world.askForLeader("b", "orders-0")
        world.reconcile()
        #expect(world.operation("b")?.status.state == .pending)
        #expect(world.operation("b")?.status.message?.contains("operation a") == true)
        world.run(20)
        #expect(world.operation("a")?.status.state == .succeeded)
        #expect(world.operation("b")?.status.state == .succeeded)
        #expect(world.group.status.leader == "orders-0")
        #expect(world.group.status.epoch == Epoch(rawValue: 3))
    }

    @Test func aWishCanBeTakenBackBeforeItBegins() {
        var world = World.writable()
        world.group.spec.paused = true
        world.askForLeader("move", "orders-1")
        world.run(3)
        #expect(world.operation("move")?.status.state == .pending)
        #expect(world.operation("move")?.status.message?.contains("paused") == true)
        world.operations[0].spec.cancel = true
        world.run(2)
        #expect(world.operation("move")?.status.state == .cancelled)
        world.group.spec.paused = false
        world.run(5)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func aWishThatCannotBeginInTimeFails() {
        var world = World.writable()
        world.group.spec.paused = true
        world.askForLeader("move", "orders-1")
        world.run(2)
        world.now = world.now.advanced(by: .seconds(601))
        world.reconcile()
        #expect(world.operation("move")?.status.state == .failed)
        #expect(world.operation("move")?.status.message?.contains("600 s") == true)
    }

    /// At every point between recording the wish and the end another operator takes over.
    @Test(arguments: 0..<12)
    func aChangeGoesOnWhereverTheOperatorIsReplaced(_ round: Int) {
        var world = World.writable()
        world.askForLeader("move", "orders-1")
        for step in 0..<30 {
            if step == round { world.restartOperator() }
            // A part of the plan is lost with the operator.
            var plan = Planning.plan(world.observation)
            if step == round { plan.actions = Array(plan.actions.prefix(round % 3)) }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
            world.tick()
        }
        #expect(world.operation("move")?.status.state == .succeeded)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func theTargetDiesWhileTheLeaderIsChanged() {
        var world = World.writable()
        world.askForLeader("move", "orders-1")
        // Sealed, and then the target is gone before it is recorded.
        let plan = Planning.plan(world.observation)
        world.carryOut(plan, version: world.group.metadata.resourceVersion)
        world.power(world.node(of: "orders-1"), on: false)
        world.seals.removeAll { $0.member == "orders-1" }
        world.run(30)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.group.status.leader == "orders-0")
        #expect(world.operation("move")?.status.state == .failed)
        #expect(world.operation("move")?.status.message?.contains("not orders-1") == true)
    }

    // MARK: Records of failovers

    @Test func aFailoverLeavesItsCertificate() throws {
        var world = World.writable()
        world.power(world.node(of: "orders-0"), on: false)
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
        let operation = try #require(world.operation("orders-failover-2"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.type == .failover)
        #expect(operation.status.steps.map(\.name) == ["Detect", "Seal", "CatchUp", "Promote", "Route"])
        let detect = try #require(operation.status.steps.first?.milliseconds)
        #expect(detect >= 3000)
        let certificate = try #require(operation.status.certificate)
        #expect(certificate.leader == "orders-1")
        #expect(Set(certificate.answers.map(\.voter)) == ["orders-1", "orders-2"])
        #expect(certificate.reason.contains("orders-0"))
        // A record that a person has deleted stays away.
        world.operations = []
        world.now = world.now.advanced(by: .seconds(700))
        world.run(3)
        #expect(world.operation("orders-failover-2") == nil)
    }

    // MARK: Manual failover

    @Test(arguments: [true, false])
    func aManualFailoverWaitsForAPerson(_ isForAllGroups: Bool) throws {
        var world = World.writable()
        if isForAllGroups { world.failoverMode = .manual } else { world.group.spec.failover.mode = .manual }
        world.power(world.node(of: "orders-0"), on: false)
        world.run(40)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        let condition = try #require(world.condition(.writable))
        #expect(condition.reason == Reason.failoverPending.rawValue)
        #expect(condition.message.contains("orders-1 could lead"))
        #expect(world.events.contains { $0.reason == .failoverPending })
        world.askForLeader("move", "auto")
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.operation("move")?.status.state == .succeeded)
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func anElectionThatHasBegunIsFinishedInManualModeToo() {
        var world = World.writable()
        world.stopServer(of: "orders-0")
        let plan = Planning.plan(world.observation)
        world.carryOut(plan, version: world.group.metadata.resourceVersion)
        world.group.spec.failover.mode = .manual
        world.run(8)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
        #expect(world.condition(.writable)?.isTrue == true)
    }

    // MARK: Leaders that stop, hang, or fail again and again

    @Test func aLeaderThatStopsInOrderHandsOver() throws {
        var world = World.writable()
        world.stopping = ["orders-0"]
        world.run(4)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.leader == "orders-1")
        #expect(record.cause == .handOver)
        #expect(record.operation == nil)
        #expect(world.operations.isEmpty)
    }

    /// It would be gone before the next leader had got the end of its log.
    @Test func aLeaderThatStopsIsNotAskedForWhatItAloneHas() throws {
        var world = World.writable()
        let pod = try #require(world.pods.first { $0.member == "orders-0" })
        let place = try #require(world.data[pod.name])
        let end = try #require(world.disks[place]?.position)
        world.disks[place]?.log.append(Position(epoch: end.epoch, sequence: end.sequence + 1))
        world.stopping = ["orders-0"]
        // Nothing is written while the election is under way.
        for _ in 0..<4 {
            world.reconcile()
            world.listen()
        }
        let record = try #require(world.group.status.epochs.first)
        #expect(record.leader == "orders-1")
        #expect(record.source == nil)
        #expect(record.start == end)
    }

    @Test func aLeaderThatStopsWithNobodyToHandOverToIsLeftAlone() {
        var world = World.writable()
        world.power(world.node(of: "orders-1"), on: false)
        world.run(8)
        world.stopping = ["orders-0"]
        world.run(4)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func aLeaderWhoseCommitsStandStillIsReplaced() {
        var world = World.writable()
        for _ in 0..<6 {
            world.heard["orders-0"]?.status.problems = [.init(reason: "CommitsStandStill", message: "no row for 7 s")]
            world.reconcile()
            world.tick()
        }
        #expect(world.group.status.leader == "orders-1")
        #expect(world.group.status.epochs.first?.reason.contains("commits nothing") == true)
    }

    /// Without another candidate a slow leader is better than none.
    @Test func aLeaderWhoseCommitsStandStillIsKeptWhenNobodyElseCanLead() {
        var world = World.writable()
        world.power(world.node(of: "orders-1"), on: false)
        world.run(8)
        for _ in 0..<6 {
            world.heard["orders-0"]?.status.problems = [.init(reason: "CommitsStandStill", message: "no row for 7 s")]
            world.reconcile()
            world.tick()
        }
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func aLeaderThatHasFailedIsPassedOverForAnEqual() {
        var world = World.writable()
        var leaders: [String?] = []
        for _ in 0..<3 {
            world.stopServer(of: world.group.status.leader ?? "")
            world.run(8)
            leaders.append(world.group.status.leader)
        }
        #expect(leaders == ["orders-1", "orders-0", "orders-1"])
        #expect(world.group.status.epochs.first?.rule == ElectionRule.steady.rawValue)
    }

    /// One that was lost twice within the hour is passed over although another has just failed too; later it is not.
    @Test func aLeaderThatFailsAgainAndAgainWaitsForLonger() {
        var world = World.writable(candidates: 3, loggers: 0)
        func lose(_ member: String) {
            world.askForLeader("to-\(member)-\(world.group.status.epoch)", member)
            world.run(8)
            world.stopServer(of: member)
            world.run(8)
        }
        lose("orders-1")
        lose("orders-1")
        world.stopServer(of: world.group.status.leader ?? "")
        world.run(8)
        #expect(world.group.status.leader != "orders-1")
        let message = world.member("orders-1")?.message
        #expect(message?.contains("lost 2 times as the leader") == true, "\(message ?? "")")
        world.now = world.now.advanced(by: .seconds(3700))
        world.askForLeader("back", "orders-2")
        world.run(8)
        world.stopServer(of: "orders-2")
        world.run(8)
        #expect(world.group.status.leader == "orders-0")
        #expect(world.member("orders-1")?.message == nil)
    }
}
