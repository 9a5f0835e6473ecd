import KubernetesModel
import Testing
import XDB

@testable import Planning

/// A majority is lost for good: a person forces a leader, and the voters come back one after the other.
struct ForceLeaderTests {
    /// Three voters; the leader, orders-0, and the logger, orders-2, have lost their power long ago.
    static func stuck(_ before: (inout World) -> Void = { _ in }) -> World {
        var world = World.writable()
        before(&world)
        world.power(world.node(of: "orders-2"), on: false)
        world.run(2)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(70)
        return world
    }

    static func back(_ world: inout World) {
        for node in world.nodes { world.power(node.name, on: true) }
    }

    /// Who votes and how the group is, once everything is as it should be.
    static func expectWhole(_ world: World, _ voters: Int = 3, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(world.group.status.epochs.first?.voters.count == voters, sourceLocation: sourceLocation)
        #expect(world.group.status.members.allSatisfy { $0.voter == $0.kind.votes }, sourceLocation: sourceLocation)
        for type in [ConditionType.writable, .fullyRedundant, .ready] {
            #expect(
                world.condition(type)?.isTrue == true,
                "\(type) \(world.condition(type)?.message ?? "")",
                sourceLocation: sourceLocation
            )
        }
    }

    @Test func aGroupWithoutAMajorityIsForcedAndBecomesWhole() throws {
        var world = Self.stuck()
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        let complaint = try #require(world.condition(.writable)?.message)
        #expect(complaint.contains("orders-2") && complaint.contains("orders-0"))
        #expect(complaint.contains("forceLeader can make orders-1 lead"))

        world.force("force", "orders-1")
        world.run(10)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.epoch == Epoch(rawValue: 2))
        #expect(record.cause == .forced)
        #expect(record.leader == "orders-1")
        #expect(record.voters == ["orders-1"])
        #expect(record.operation == "force")
        #expect(record.missing.map(\.voter) == ["orders-0", "orders-2"])
        #expect(record.missing.allSatisfy { $0.position != nil && $0.message?.contains("not ready") == true })
        #expect(record.committed ?? .zero > .zero)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.member("orders-0")?.voter == false)
        // A pod that is labelled as a voter, and is none any more, stands in for nobody.
        #expect(world.owned.contains(.disruptionBudget(minimumAvailable: 2)))

        let operation = try #require(world.operation("force"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.type == .forceLeader)
        #expect(operation.status.member == "orders-1")
        #expect(operation.status.message?.contains("everything after \(record.start) is lost") == true)
        let certificate = try #require(operation.status.certificate)
        #expect(certificate.missing == record.missing)
        #expect(certificate.loss == record.loss)
        #expect(certificate.answers.map(\.voter) == ["orders-1"])
        #expect(world.events.contains { $0.reason == .leaderForced && $0.message.contains("Forced without orders-0") })

        let redundancy = try #require(world.condition(.fullyRedundant))
        #expect(redundancy.status == .false)
        #expect(redundancy.reason == Reason.votersMissing.rawValue)
        #expect(redundancy.message.contains("1 of 3 voters vote (orders-1)"))
        #expect(redundancy.message.contains("orders-0: ") && redundancy.message.contains("orders-2: "))

        Self.back(&world)
        world.run(60)
        Self.expectWhole(world)
        #expect(world.group.status.epochs.prefix(3).map(\.cause) == [.voterAdded, .voterAdded, .forced])
        #expect(world.group.status.epochs.prefix(3).map(\.voters.count) == [3, 2, 1])
        // The candidate before the logger, so that the second change is a hand-over.
        #expect(world.group.status.epochs[1].voters == ["orders-0", "orders-1"])
        #expect(world.owned.contains(.disruptionBudget(minimumAvailable: 2)))
        let epoch = world.group.status.epoch
        world.run(10)
        #expect(world.group.status.epoch == epoch, "it is done once")
    }

    // MARK: Refusals

    struct Refused: CustomTestStringConvertible {
        var testDescription: String
        var member = "orders-1"
        var acceptDataLoss = true
        var words: String
        var arrange: @Sendable (inout World) -> Void = { _ in }
    }

    static let refused = [
        Refused(
            testDescription: "the loss is not accepted",
            acceptDataLoss: false,
            words: "set acceptDataLoss to true"
        ),
        Refused(testDescription: "no member", member: "orders-7", words: "no member of the group"),
        Refused(testDescription: "silent", member: "orders-0", words: "not heard"),
        Refused(testDescription: "a logger", member: "orders-2", words: "logger") {
            $0.power($0.node(of: "orders-2"), on: true)
            $0.power($0.node(of: "orders-1"), on: false)
            $0.run(70)
        },
        Refused(testDescription: "a learner", member: "orders-3", words: "it is a learner and has never voted"),
        Refused(testDescription: "a majority answers", words: "use changeLeader") {
            $0.power($0.node(of: "orders-2"), on: true)
            $0.run(4)
        },
        Refused(testDescription: "its data are gone", words: "its data are gone") {
            $0.deletePod { $0.member == "orders-1" }
            for place in $0.disks.keys where place.contains("orders-1") { $0.disks[place] = nil }
            $0.run(4)
        },
    ]

    @Test(arguments: refused)
    func whatMustNotBeForcedIsRefusedWithoutAnEffect(_ line: Refused) throws {
        var world = World.writable(learners: [("west", 1)])
        world.power(world.node(of: "orders-2"), on: false)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(70)
        line.arrange(&world)
        world.force("force", line.member, acceptDataLoss: line.acceptDataLoss)
        let plan = world.reconcile()
        let operation = try #require(world.operation("force"))
        #expect(operation.status.state == .failed)
        #expect(operation.status.message?.contains(line.words) == true, "\(operation.status.message ?? "")")
        #expect(!world.group.status.epochs.contains { $0.cause == .forced })
        #expect(world.group.status.election?.cause != .forced)
        #expect(plan.actions.allSatisfy { if case .seal(let names, _) = $0 { names.count > 1 } else { true } })
        #expect(world.events.contains { $0.reason == .operationFailed })
    }

    @Test func aHealthyGroupIsNotForced() {
        var world = World.writable()
        world.force("force", "orders-1")
        world.run(3)
        #expect(world.operation("force")?.status.message?.contains("3 of 3 voters answer") == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    /// The operator hears one member only, and that one hears the others.
    @Test func anOperatorThatIsCutOffForcesNothing() {
        for heard in ["orders-0", "orders-1"] {
            var world = World.writable()
            for _ in 0..<80 {
                for member in world.heard.keys where member != heard { world.heard[member]?.age = .seconds(60) }
                let plan = plan(world.observation)
                world.write(plan.status)
                world.now = world.now.advanced(by: .milliseconds(500))
            }
            world.force("force", heard)
            for member in world.heard.keys where member != heard { world.heard[member]?.age = .seconds(60) }
            world.carryOut(plan(world.observation), version: world.group.metadata.resourceVersion)
            let words = world.operation("force")?.status.message
            #expect(world.operation("force")?.status.state == .failed)
            #expect(words?.contains("it is the operator that does not hear") == true, "\(words ?? "")")
            #expect(world.group.status.epoch == Epoch(rawValue: 1))
        }
    }

    /// Right after its start an operator has not heard anybody.
    @Test func thoseThatWereHeardAMomentAgoAreWaitedFor() {
        var world = Self.stuck()
        world.restartOperator()
        world.force("force", "orders-1")
        world.run(20)
        #expect(world.operation("force")?.status.state == .pending)
        #expect(world.operation("force")?.status.message?.contains("silent for 30 s") == true)
        world.run(60)
        #expect(world.operation("force")?.status.state == .succeeded)
        #expect(world.condition(.writable)?.isTrue == true)
    }

    // MARK: What survives

    /// Two of five answer, and the logger has what the candidate lacks.
    @Test func whatTheSurvivorsHaveIsKept() throws {
        var world = World.writable(candidates: 3, loggers: 2)
        world.cut.insert(world.node(of: "orders-1"))
        world.run(6)
        let end = try #require(world.committed.last)
        for member in ["orders-0", "orders-2", "orders-4"] { world.power(world.node(of: member), on: false) }
        world.cut.remove(world.node(of: "orders-1"))
        world.run(70)
        world.force("force", "orders-1")
        world.run(10)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.cause == .forced)
        #expect(record.voters == ["orders-1", "orders-3"])
        #expect(record.source == "orders-3")
        #expect(record.start >= end)
        #expect(world.committed.contains(end))
        #expect(record.loss?.contains("None of the missing was seen with more") == true, "\(record.loss ?? "")")
        Self.back(&world)
        world.run(90)
        Self.expectWhole(world, 5)
        #expect(world.group.status.epochs.prefix(4).map(\.voters.count) == [5, 4, 3, 2])
    }

    /// One that is heard may have what nobody else has, so its answer is waited for.
    @Test func everySurvivorMustAnswer() throws {
        var world = World.writable(candidates: 3, loggers: 2)
        for member in ["orders-0", "orders-2", "orders-4"] { world.power(world.node(of: member), on: false) }
        world.run(70)
        world.force("force", "orders-1")
        world.carryOut(plan(world.observation), version: world.group.metadata.resourceVersion)
        world.seals.removeAll { $0.member == "orders-3" }
        let waiting = plan(world.observation)
        #expect(waiting.status.epoch == Epoch(rawValue: 1))
        #expect(waiting.actions.contains(.seal(members: ["orders-3"], SealRequest(epoch: Epoch(rawValue: 2)))))
        let words = waiting.status.conditions[ConditionType.writable.rawValue]?.message
        #expect(words?.contains("orders-3 must promise epoch 2 first") == true, "\(words ?? "")")
        // Gone for good, it is one of the missing.
        world.power(world.node(of: "orders-3"), on: false)
        world.run(12)
        #expect(world.group.status.epochs.first?.voters == ["orders-1"])
        #expect(world.group.status.epochs.first?.missing.map(\.voter).contains("orders-3") == true)
    }

    /// The old leader and the logger have committed more than the one that was forced: that is named as lost, and the old
    /// leader, which may not drop it, stays out.
    @Test func whatIsLostIsNamedAndNotThrownAway() throws {
        var world = World.writable()
        world.cut.insert(world.node(of: "orders-1"))
        world.run(6)
        let lost = try #require(world.committed.last)
        for member in ["orders-0", "orders-2"] { world.power(world.node(of: member), on: false) }
        world.cut.remove(world.node(of: "orders-1"))
        world.run(70)
        world.force("force", "orders-1")
        world.run(10)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.start < lost)
        #expect(record.loss?.contains("orders-0 has at least") == true, "\(record.loss ?? "")")
        #expect(record.missing.first { $0.voter == "orders-0" }?.position == lost)
        Self.back(&world)
        world.run(60)
        #expect(world.member("orders-0")?.reason == Reason.diverged.rawValue)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.condition(.fullyRedundant)?.reason == Reason.votersMissing.rawValue)
        #expect(world.group.status.epochs.first?.voters == ["orders-1"])
    }

    /// The one that was forced is lost, too, and a candidate that has come back meanwhile is all there is.
    @Test func aCandidateThatLostItsVoteCanBeForcedWhenTheRestIsGone() {
        var world = Self.stuck()
        world.force("first", "orders-1")
        world.run(10)
        world.power(world.node(of: "orders-1"), on: false)
        Self.back(&world)
        world.power(world.node(of: "orders-1"), on: false)
        world.power(world.node(of: "orders-2"), on: false)
        world.run(70)
        #expect(world.condition(.writable)?.isTrue != true)
        world.force("second", "orders-0")
        world.run(10)
        #expect(
            world.operation("second")?.status.state == .succeeded,
            "\(world.operation("second")?.status.message ?? "")"
        )
        #expect(world.group.status.epochs.first?.voters == ["orders-0"])
    }

    // MARK: Interruptions

    /// At every point between recording the wish and the end another operator takes over, and a part of the plan is lost.
    @Test(arguments: 0..<7, [0, 1, 2, 3])
    func forcingGoesOnWhereverTheOperatorIsReplaced(_ round: Int, _ kept: Int) {
        var world = Self.stuck()
        world.force("force", "orders-1")
        for step in 0..<100 {
            var plan = plan(world.observation)
            if step == round {
                // The record of the status may be the last that this operator did.
                plan.actions = Array(plan.actions.filter { if case .ensure = $0 { false } else { true } }.prefix(kept))
            }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
            if step == round { world.restartOperator() }
            world.tick()
        }
        #expect(
            world.operation("force")?.status.state == .succeeded,
            "\(world.operation("force")?.status.message ?? "")"
        )
        #expect(world.group.status.epochs.count { $0.cause == .forced } == 1)
        #expect(world.condition(.writable)?.isTrue == true)
        Self.back(&world)
        for step in 0..<80 {
            var plan = plan(world.observation)
            if step % 7 == round % 7 { plan.actions = Array(plan.actions.prefix(kept)) }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
            if step % 7 == round % 7, step < 40 { world.restartOperator() }
            world.tick()
        }
        Self.expectWhole(world)
    }

    @Test func twoOperatorsForceOnce() {
        var world = Self.stuck()
        world.force("force", "orders-1")
        for round in 0..<80 {
            let version = world.group.metadata.resourceVersion
            let (first, second) = (plan(world.observation), plan(world.observation))
            world.carryOut(first, version: version)
            world.carryOut(second, version: version)
            world.tick()
            if round == 20 { Self.back(&world) }
        }
        #expect(world.group.status.epochs.count { $0.cause == .forced } == 1)
        Self.expectWhole(world)
    }

    /// Before it is recorded, a majority answers again: nothing has to be lost.
    @Test func aMajorityThatComesBackInTimeIsElectedFrom() {
        var world = Self.stuck()
        world.force("force", "orders-1")
        // The wish is recorded and orders-1 sealed; the answer is lost with the operator.
        world.carryOut(plan(world.observation), version: world.group.metadata.resourceVersion)
        #expect(world.group.status.election?.cause == .forced)
        world.restartOperator()
        Self.back(&world)
        world.tick()
        world.run(30)
        #expect(!world.group.status.epochs.contains { $0.cause == .forced })
        #expect(world.operation("force")?.status.state == .failed)
        #expect(world.operation("force")?.status.message?.contains("use changeLeader") == true)
        Self.expectWhole(world)
    }

    enum End: CaseIterable {
        case cancelled, deleted, overdue, killed
    }

    /// The named member goes away, too, before it is recorded; then the wish is taken back in one of several ways.
    @Test(arguments: End.allCases)
    func aWishThatIsNotRecordedYetCanBeTakenBack(_ end: End) {
        var world = Self.stuck()
        world.force("force", "orders-1")
        world.carryOut(plan(world.observation), version: world.group.metadata.resourceVersion)
        world.seals = []
        world.power(world.node(of: "orders-1"), on: false)
        world.run(20)
        #expect(world.operation("force")?.status.state == .running)
        #expect(world.condition(.writable)?.message.contains("orders-1 cannot lead: its agent is not heard") == true)
        switch end {
        case .cancelled: world.operations[0].spec.cancel = true
        case .deleted: world.operations = []
        case .overdue: world.now = world.now.advanced(by: .seconds(700))
        case .killed: world.restartOperator()
        }
        world.run(2)
        if end == .killed {
            #expect(world.operation("force")?.status.state == .running)
            return
        }
        #expect(world.group.status.election?.cause != .forced)
        #expect(world.operation("force")?.status.state == [.cancelled: .cancelled, .overdue: .failed][end])
        Self.back(&world)
        world.run(40)
        #expect(!world.group.status.epochs.contains { $0.cause == .forced })
        Self.expectWhole(world)
    }

    /// A change of leader that waits for a majority does not stand in the way.
    @Test func forcingGoesBeforeWhatWaits() {
        var world = Self.stuck()
        world.askForLeader("a", "orders-1")
        world.run(3)
        #expect(world.operation("a")?.status.state == .pending)
        world.force("force", "orders-1")
        world.run(12)
        #expect(world.operation("force")?.status.state == .succeeded)
        #expect(world.operation("a")?.status.state == .succeeded)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
    }

    // MARK: Votes that come back

    /// The newcomer is gone at the moment when it is to answer: writes do not wait for it, and it gets its vote later.
    @Test func aNewcomerThatDoesNotAnswerIsNotWaitedFor() throws {
        var world = Self.stuck()
        world.force("force", "orders-1")
        world.run(10)
        world.power(world.node(of: "orders-0"), on: true)
        var plan = plan(world.observation)
        while world.group.status.election?.joining == nil {
            world.tick()
            plan = Planning.plan(world.observation)
            plan.actions.removeAll { if case .seal = $0 { true } else { false } }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
        }
        #expect(world.group.status.election?.cause == .voterAdded)
        // It still looks well, and does not answer.
        world.perform(.seal(members: ["orders-1"], SealRequest(epoch: Epoch(rawValue: 3))))
        world.cut.insert(world.node(of: "orders-0"))
        world.run(14)
        #expect(world.group.status.epoch == Epoch(rawValue: 3))
        #expect(world.group.status.epochs.first?.voters == ["orders-1"])
        #expect(world.condition(.writable)?.isTrue == true)
        world.cut.remove(world.node(of: "orders-0"))
        world.run(40)
        #expect(world.group.status.epoch == Epoch(rawValue: 3), "not again at once")
        world.run(120)
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-1"])
    }

    /// Random faults while votes come back; the world checks that nothing is lost and that an epoch has one leader.
    @Test(arguments: UInt64(0)..<24)
    func votesComeBackThroughFaults(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let isLarge = seed.isMultiple(of: 3)
        var world = World.writable(candidates: isLarge ? 3 : 2, loggers: isLarge ? 2 : 1)
        let lost = isLarge ? ["orders-3", "orders-2", "orders-0"] : ["orders-2", "orders-0"]
        for member in lost { world.power(world.node(of: member), on: false) }
        world.run(70)
        world.force("force", "orders-1")
        world.run(10)
        #expect(world.group.status.epochs.first?.cause == .forced)
        for _ in 0..<40 {
            let member = world.group.status.members.randomElement(using: &random)?.name ?? ""
            let node = world.node(of: member)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: world.stopServer(of: member)
            case 1: world.deletePod { $0.member == member }
            case 2: world.power(node, on: false)
            case 3, 4: world.power(node, on: true)
            case 5: world.cut.insert(node)
            case 6: world.cut.remove(node)
            case 7: world.restartOperator()
            case 8: world.operatorIsCutOff.toggle()
            default: break
            }
            world.run(Int.random(in: 0..<8, using: &random))
        }
        world.operatorIsCutOff = false
        world.cut = []
        Self.back(&world)
        world.run(260)
        Self.expectWhole(world, isLarge ? 5 : 3)
    }
}
