import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Restarts that somebody asks for.
struct RestartTests {
    /// Runs until the operation has ended, and returns the pods that were deleted and the leaders that followed, in order.
    private func follow(_ world: inout World, _ operation: String = "again", rounds: Int = 150) -> [String] {
        var story: [String] = []
        for _ in 0..<rounds where world.operation(operation)?.isFinished == false {
            let before = world.group.status.leader
            let plan = world.reconcile()
            if let leader = world.group.status.leader, leader != before { story.append("\(leader) leads") }
            story += plan.actions.compactMap { if case .deletePod(let name, _, _) = $0 { name } else { nil } }
            world.tick()
        }
        return story
    }

    @Test func allMembersAreRestartedOneAfterTheOther() throws {
        var world = World.writable(learners: [("west", 1)])
        let before = Set(world.pods.map(\.uid))
        world.restart("again")
        #expect(follow(&world) == ["orders-2", "orders-3", "orders-1", "orders-1 leads", "orders-0"])
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        #expect(status.type == .restart)
        #expect(status.message == "4 of 4 members are restarted")
        #expect(status.steps.map(\.name) == ["orders-2", "orders-3", "orders-1", "ChangeLeader", "orders-0"])
        #expect(status.steps.allSatisfy { $0.end != nil })
        #expect(status.durationSeconds != nil)
        #expect(before.isDisjoint(with: world.pods.map(\.uid)))
        #expect(world.group.status.epochs.first?.cause == .restart)
        // Once is enough.
        let after = world.pods.map(\.uid)
        world.run(10)
        #expect(world.pods.map(\.uid) == after)
    }

    @Test(arguments: [
        ("orders-2", 2, 1, ["orders-2"]),
        ("orders-1", 2, 1, ["orders-1"]),
        ("orders-0", 2, 1, ["orders-1 leads", "orders-0"]),
        ("orders-0", 1, 0, ["orders-0"]),
        ("orders-0", 1, 2, ["orders-0"]),
    ])
    func oneMemberIsRestarted(_ member: String, _ candidates: Int, _ loggers: Int, _ expected: [String]) throws {
        var world = World.writable(candidates: candidates, loggers: loggers)
        world.restart("again", member)
        #expect(follow(&world) == expected)
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        #expect(status.member == member)
        #expect(status.message == "\(member) is restarted")
        world.run(10)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    /// Its trouble may be why somebody asks.
    @Test func aMemberThatDoesNotPlayItsPartCanBeRestarted() {
        var world = World.writable()
        world.problems["orders-1"] = [.init(reason: "ServerUnresponsive", message: "it hangs")]
        world.run(2)
        world.restart("again", "orders-1")
        world.run(1)
        world.problems = [:]
        #expect(follow(&world) == [])
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(world.pods.first { $0.name == "orders-1" }?.restart == "uid of again")
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var member: String
        var words: String
        var arrange: @Sendable (inout World) -> Void = { _ in }
    }

    static let refused = [
        Refused(testDescription: "no member", member: "orders-7", words: "no member of the group"),
        Refused(testDescription: "no majority without it", member: "orders-1", words: "First put right: orders-2") {
            $0.group.spec.repair.mode = .manual
            $0.power($0.node(of: "orders-2"), on: false)
            $0.run(8)
        },
        Refused(testDescription: "nobody takes the lead", member: "orders-0", words: "orders-1: its server is 30 s") {
            $0.lags["orders-1"] = 30
            $0.run(2)
        },
    ]

    @Test(arguments: refused)
    func whatWouldDoHarmIsRefused(_ line: Refused) throws {
        var world = World.writable()
        line.arrange(&world)
        world.restart("again", line.member)
        #expect(follow(&world) == [])
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .failed)
        #expect(status.message?.contains(line.words) == true, "\(status.message ?? "")")
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func allOfThemWaitForAWholeGroup() throws {
        var world = World.writable()
        world.lags["orders-1"] = 30
        world.run(1)
        world.restart("again")
        world.run(5)
        #expect(world.operation("again")?.status.state == .pending)
        #expect(world.operation("again")?.status.message == "orders-1: its server is 30 s behind")
        #expect(Planning.plan(world.observation).checkAgain ?? .seconds(60) <= .seconds(1), "a lag wakes nobody")
        world.now = world.now.advanced(by: .seconds(601))
        world.run(1)
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .failed)
        #expect(status.message?.contains("within 600 s") == true, "\(status.message ?? "")")
    }

    @Test func itIsCancelledBetweenMembers() throws {
        var world = World.writable()
        world.restart("again")
        while world.pods.contains(where: { $0.name == "orders-2" && $0.restart == nil }) { world.run(1) }
        let index = try #require(world.operations.firstIndex { $0.metadata.name == "again" })
        world.operations[index].spec.cancel = true
        #expect(follow(&world) == [])
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .cancelled)
        #expect(status.message == "it was cancelled: 1 of 3 members are restarted")
        #expect(status.steps.map(\.name) == ["orders-2"])
        world.run(10)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.pods.count { $0.restart != nil } == 1)
    }

    @Test func itIsCancelledBeforeItBegins() {
        var world = World.writable()
        world.group.spec.paused = true
        world.restart("again")
        world.run(2)
        #expect(world.operation("again")?.status.state == .pending)
        #expect(world.operation("again")?.status.message?.contains("paused") == true)
        world.operations[0].spec.cancel = true
        #expect(follow(&world) == [])
        #expect(world.operation("again")?.status.state == .cancelled)
    }

    @Test func aMemberThatDoesNotComeBackKeepsTheOthersFromIt() throws {
        var world = World.writable()
        world.brokenImages = ["engine:wrong"]
        world.restart("again")
        world.group.spec.image = "engine:wrong"
        world.run(40)
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .running)
        #expect(
            status.message?.hasPrefix("0 of 3 members are restarted; orders-2: ") == true,
            "\(status.message ?? "")"
        )
        #expect(world.pods.count { $0.image == "engine:wrong" } == 1)
    }

    @Test func thoseUnderMaintenanceAreLeftOut() {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.restart("again")
        // Nobody else can lead.
        _ = follow(&world, rounds: 30)
        #expect(world.operation("again")?.status.message?.contains("it is under maintenance") == true)
        #expect(world.pods.first { $0.name == "orders-1" }?.restart == nil)
        #expect(world.pods.first { $0.name == "orders-2" }?.restart != nil)
    }

    @Test(arguments: 0..<40)
    func itGoesOnWhereverTheOperatorIsReplaced(_ round: Int) {
        var world = World.writable()
        world.restart("again")
        for step in 0..<150 {
            if step == round { world.restartOperator() }
            var plan = Planning.plan(world.observation)
            if step == round { plan.actions = Array(plan.actions.prefix(round % 3)) }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
            world.tick()
        }
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(world.pods.allSatisfy { $0.restart == "uid of again" })
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
    }
}
