import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Members that are made anew, in a world that checks that nothing committed is lost.
struct RebuildTests {
    /// A group with spare nodes, whose server ids, logs and roles have a past.
    static func world(claim: Bool = false, learners: [(String, Int)] = []) -> World {
        var world = World.writable(learners: learners, claim: claim)
        world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
        world.run(4)
        world.events = []
        return world
    }

    /// The group is whole, and nothing of a rebuild is left anywhere.
    static func expectWhole(_ world: World, debts: Int = 0, _ location: SourceLocation = #_sourceLocation) {
        let status = world.group.status
        #expect(world.condition(.fullyRedundant)?.isTrue == true, "\(status.message ?? "")", sourceLocation: location)
        #expect(status.rebuild == nil, sourceLocation: location)
        #expect(status.debts.count == debts, "\(status.debts)", sourceLocation: location)
        #expect(!status.members.contains { $0.isSuccessor || $0.vacant }, sourceLocation: location)
        #expect(world.jobs.isEmpty, sourceLocation: location)
        #expect(Set(world.pods.map(\.name)) == Set(status.members.map(\.life)), sourceLocation: location)
        #expect(world.disks.count == status.members.count + debts, "\(world.disks.keys)", sourceLocation: location)
        let certificates = world.owned.compactMap { if case .certificate(let life) = $0 { life } else { nil } }
        #expect(Set(certificates).count <= status.members.count + debts, "\(certificates)", sourceLocation: location)
    }

    @Test(arguments: [false, true])
    func aFollowerIsRebuiltOnItsNode(claim: Bool) throws {
        var world = Self.world(claim: claim)
        let node = world.node(of: "orders-1")
        world.rebuild("again", "orders-1") { if !claim { $0.mode = .local } }
        world.run(30)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(
            operation.status.steps.map(\.name) == ["Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"]
        )
        #expect(operation.status.steps.allSatisfy { $0.end != nil })
        #expect(operation.status.source == "orders-0", "the only other member with data")
        #expect(operation.status.progress?.summary == "3 MiB copied")
        let member = try #require(world.member("orders-1"))
        #expect(member.incarnation == 2)
        #expect(member.life == "orders-1-i2")
        if !claim { #expect(member.node == node) }
        #expect(world.group.status.epoch == Epoch(rawValue: 1), "writes did not stop")
        Self.expectWhole(world)
        // It counts: with it alone the leader goes on.
        world.power(world.node(of: "orders-2"), on: false)
        world.run(4)
        let committed = world.committed.count
        world.run(4)
        #expect(world.committed.count > committed)
        // And it can lead.
        world.power(world.node(of: "orders-2"), on: true)
        world.run(10)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func aMemberOfADeadNodeIsRebuiltOnAnotherAndTheRestIsOwed() throws {
        var world = Self.world()
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.run(20)
        world.rebuild("elsewhere", "orders-1")
        world.run(30)
        let operation = try #require(world.operation("elsewhere"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.message?.contains(node) == true, "what is owed is told")
        #expect(world.node(of: "orders-1") != node)
        Self.expectWhole(world, debts: 1)
        world.power(node, on: true)
        world.run(10)
        Self.expectWhole(world)
    }

    @Test func whatIsOwedOnANodeThatIsDeletedIsForgotten() throws {
        var world = Self.world()
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.run(20)
        world.rebuild("elsewhere", "orders-1")
        world.run(30)
        world.nodes.removeAll { $0.name == node }
        world.run(4)
        #expect(world.group.status.debts.isEmpty)
    }

    @Test(arguments: [XDBOperation.Rebuild.Mode.local, .crossHost])
    func aLoggerIsRebuiltWithoutAnyJob(_ mode: XDBOperation.Rebuild.Mode) throws {
        var world = Self.world()
        let node = world.node(of: "orders-2")
        world.rebuild("logger", "orders-2") { $0.mode = mode }
        world.run(20)
        let operation = try #require(world.operation("logger"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.steps.map(\.name) == ["Join", "Vote", "Clean"])
        #expect((world.node(of: "orders-2") == node) == (mode == .local))
        Self.expectWhole(world)
    }

    @Test func aLearnerIsRebuiltWithoutAVote() throws {
        var world = Self.world(learners: [("west", 1)])
        world.rebuild("reader", "orders-3") { $0.node = "n9" }
        world.run(30)
        let operation = try #require(world.operation("reader"))
        #expect(operation.status.state == .succeeded, "\(operation.status.message ?? "")")
        #expect(operation.status.steps.map(\.name) == ["Copy", "Prepare", "Refresh", "Join", "Verify", "Clean"])
        #expect(world.node(of: "orders-3") == "n9")
        #expect(world.group.status.votersVersion == 0)
        Self.expectWhole(world)
    }

    // MARK: Refusals

    struct Refused: CustomTestStringConvertible {
        var testDescription: String
        var member: String
        var words: String
        var arrange: @Sendable (inout World) -> Void = { _ in }
        var set: @Sendable (inout XDBOperation.Rebuild) -> Void = { _ in }
    }

    static let refused = [
        Refused(testDescription: "the leader", member: "orders-0", words: "change the leader first"),
        Refused(testDescription: "no member", member: "orders-7", words: "no member of the group"),
        Refused(
            testDescription: "no majority without it",
            member: "orders-1",
            words: "majority",
            arrange: {
                $0.power($0.node(of: "orders-2"), on: false)
                $0.run(4)
            }
        ),
        Refused(testDescription: "no such node", member: "orders-1", words: "no such node", set: { $0.node = "n77" }),
        Refused(
            testDescription: "the node of another member",
            member: "orders-1",
            words: "never share a node",
            set: { $0.node = "n1" }
        ),
        Refused(
            testDescription: "a node that is not ready",
            member: "orders-1",
            words: "not ready",
            arrange: { $0.power("n9", on: false) },
            set: { $0.node = "n9" }
        ),
        Refused(
            testDescription: "its own dead node",
            member: "orders-1",
            words: "use mode CrossHost",
            arrange: {
                $0.power($0.node(of: "orders-1"), on: false)
                $0.run(20)
            },
            set: { $0.mode = .local }
        ),
        Refused(
            testDescription: "no room",
            member: "orders-1",
            words: "add a node",
            arrange: { world in
                let used = Set(world.group.status.members.compactMap(\.node))
                world.nodes.removeAll { !used.contains($0.name) }
            },
            set: { $0.mode = .crossHost }
        ),
        Refused(
            testDescription: "a logger as source",
            member: "orders-1",
            words: "no data",
            set: { $0.source = "orders-2" }
        ),
        Refused(
            testDescription: "itself as source",
            member: "orders-1",
            words: "no other",
            set: { $0.source = "orders-1" }
        ),
    ]

    @Test(arguments: refused)
    func whatCannotBeDoneIsRefusedWithoutAnEffect(_ line: Refused) throws {
        var world = Self.world()
        line.arrange(&world)
        let before = world.group.status.members.map(\.name)
        world.rebuild("no", line.member, line.set)
        world.run(4)
        let operation = try #require(world.operation("no"))
        #expect(operation.status.state == .failed)
        #expect(operation.status.message?.contains(line.words) == true, "\(operation.status.message ?? "")")
        #expect(world.group.status.members.map(\.name) == before)
        #expect(world.jobs.isEmpty)
        #expect(world.group.status.rebuild == nil)
    }

    // MARK: Interruptions

    /// Runs until the rebuild is in a step; false when it has ended before.
    static func run(_ world: inout World, until step: XDBGroup.RebuildStep) -> Bool {
        for _ in 0..<60 {
            if world.group.status.rebuild?.step == step { return true }
            if world.operation("again")?.isFinished ?? false { return false }
            world.run(1)
        }
        return false
    }

    static let steps: [XDBGroup.RebuildStep] = [.copy, .prepare, .refresh, .join, .verify, .vote, .clean]

    @Test(arguments: steps)
    func cancelledInAStepTheGroupIsAsBefore(_ step: XDBGroup.RebuildStep) throws {
        var world = Self.world()
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: step))
        world.operations[0].spec.cancel = true
        world.run(30)
        let operation = try #require(world.operation("again"))
        let isLate = step == .vote || step == .clean
        #expect(operation.status.state == (isLate ? .succeeded : .cancelled), "\(operation.status.message ?? "")")
        #expect(world.member("orders-1")?.incarnation == (isLate ? 2 : 1))
        Self.expectWhole(world)
        // The next life is another one, whatever the first left behind.
        world.rebuild("once more", "orders-1")
        world.run(40)
        #expect(world.operation("once more")?.status.state == .succeeded)
        #expect(world.member("orders-1")?.incarnation == 3)
        Self.expectWhole(world)
    }

    @Test(arguments: 0..<30)
    func theOperatorIsReplacedInAnyRound(_ round: Int) {
        var world = Self.world()
        world.rebuild("again", "orders-1") { $0.node = "n8" }
        for step in 0..<50 {
            if step == round { world.restartOperator() }
            world.run(1)
        }
        #expect(world.operation("again")?.status.state == .succeeded)
        Self.expectWhole(world)
    }

    @Test(arguments: steps)
    func theLeaderIsLostInAStep(_ step: XDBGroup.RebuildStep) {
        // Five voters, so that an election is possible while a vote passes on.
        var world = World.writable(candidates: 3, loggers: 2)
        world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
        world.run(4)
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: step))
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(30)
        let isOver = step == .vote || step == .clean
        #expect(world.group.status.leader == (isOver ? "orders-1" : "orders-2"), "who is being rebuilt is passed over")
        world.power(node, on: true)
        world.run(60)
        let operation = world.operation("again")?.status
        #expect(operation?.state == .succeeded, "\(operation?.message ?? "")")
        Self.expectWhole(world)
    }

    /// Then there is nothing to rebuild any more: a leader is not rebuilt, and it plays its part.
    @Test(arguments: [XDBGroup.RebuildStep.copy, .prepare, .refresh, .join])
    func theMemberIsElectedInAStep(_ step: XDBGroup.RebuildStep) throws {
        var world = Self.world()
        world.rebuild("again", "orders-1") { $0.source = "orders-0" }
        #expect(Self.run(&world, until: step))
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(30)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.member("orders-1")?.incarnation == 1)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == .failed)
        let message = operation.status.message ?? ""
        #expect(message.contains("leads") || message.contains("is not heard any more"), "\(message)")
        world.power(node, on: true)
        world.run(30)
        Self.expectWhole(world)
    }

    @Test(arguments: steps)
    func theNodeOfTheNewLifeIsLostInAStep(_ step: XDBGroup.RebuildStep) throws {
        var world = Self.world()
        world.rebuild("again", "orders-1") { $0.node = "n8" }
        #expect(Self.run(&world, until: step))
        world.power("n8", on: false)
        world.run(90)
        if step == .clean {
            #expect(world.operation("again")?.status.state == .succeeded)
        } else {
            #expect(world.operation("again")?.status.state == .failed)
            #expect(world.operation("again")?.status.message?.contains("n8") == true)
        }
        world.power("n8", on: true)
        world.run(20)
        // Also where the vote was on its way.
        Self.expectWhole(world)
    }

    @Test func aJobThatFindsNoSpaceEndsIt() throws {
        var world = Self.world()
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: .copy))
        world.run(4)
        world.jobs[0].isFailed = true
        world.jobs[0].isRunning = false
        world.jobs[0].message = #"{"reason":"NoSpace","message":"2 GiB are needed, and 1 GiB is free"}"#
        world.run(10)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == .failed)
        #expect(operation.status.message?.contains("1 GiB is free") == true)
        #expect(world.member("orders-1")?.incarnation == 1)
        Self.expectWhole(world)
    }

    /// An image of a gigabyte takes its time; what never comes ends the rebuild.
    @Test(arguments: [false, true])
    func aNodeHasMinutesToPrepareAPod(_ isForEver: Bool) throws {
        var world = Self.world()
        world.unpreparedJobs = true
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: .copy))
        world.run(120)
        #expect(world.group.status.rebuild?.result == nil)
        #expect(world.group.status.rebuild?.message?.contains("its image is not ready") == true)
        if isForEver { world.run(600) } else { world.unpreparedJobs = false }
        world.run(40)
        let operation = try #require(world.operation("again"))
        #expect(operation.status.state == (isForEver ? .failed : .succeeded))
        if isForEver { #expect(operation.status.message?.contains("its image is not ready") == true) }
        Self.expectWhole(world)
    }

    /// Its Job would be run again by Kubernetes for minutes.
    @Test func whatCannotSucceedIsNotTriedAgain() throws {
        var world = Self.world()
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: .copy))
        world.run(4)
        world.jobs[0].message = #"{"reason":"NoSpace","message":"1 GiB is free","isWorthRetrying":false}"#
        world.run(10)
        #expect(world.operation("again")?.status.state == .failed)
        Self.expectWhole(world)
    }

    @Test func aCopyThatLosesItsSourceIsTriedWithAnother() throws {
        var world = World.writable(candidates: 3, loggers: 0)
        world.nodes.append(NodeObservation(name: "n9", zone: "b"))
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        #expect(Self.run(&world, until: .copy))
        world.run(4)
        #expect(world.group.status.rebuild?.source == "orders-2")
        world.jobs[0].isFailed = true
        world.jobs[0].isRunning = false
        world.jobs[0].message = #"{"reason":"SourceLost","message":"the stream was cut","isWorthRetrying":true}"#
        world.heldJobs = false
        world.run(2)
        #expect(world.group.status.rebuild?.source == "orders-0")
        world.run(30)
        #expect(world.operation("again")?.status.state == .succeeded)
        Self.expectWhole(world)
    }

    @Test func itsProgressIsToldAndItsLimitFollowsTheWish() throws {
        var world = Self.world()
        world.heldJobs = true
        world.rebuild("again", "orders-1") { $0.bytesPerSecond = Quantity(10 << 20) }
        world.run(8)
        let progress = try #require(world.operation("again")?.status.progress)
        #expect(progress.percent == 25)
        #expect(progress.remainingSeconds == 15)
        #expect(progress.summary == "25 %, 50 MiB, 10 MiB/s, 15 s left, limit 10 MiB/s (operation)")
        world.operations[0].spec.rebuild?.bytesPerSecond = Quantity(20 << 20)
        world.run(2)
        #expect(world.limits["orders-1-i2"] == 20 << 20)
    }

    @Test func twoRebuildsWaitForEachOther() {
        var world = Self.world()
        world.rebuild("first", "orders-1")
        world.rebuild("second", "orders-2")
        world.run(3)
        #expect(world.operation("second")?.status.state == .pending)
        #expect(world.operation("second")?.status.message?.contains("first") == true)
        world.run(60)
        #expect(world.operation("first")?.status.state == .succeeded)
        #expect(world.operation("second")?.status.state == .succeeded)
        Self.expectWhole(world)
    }

    /// An operator that has lost its lease, and does not know that a vote has passed on, must not move it back.
    @Test func aRequestOfAnOlderStatusDoesNotChangeWhoVotes() throws {
        var world = Self.world()
        let stale = try #require(world.terms["orders-0"])
        world.rebuild("again", "orders-1")
        world.run(30)
        #expect(world.terms["orders-0"]?.voters == ["orders-0", "orders-1-i2", "orders-2"])
        world.perform(.lead(member: "orders-0", stale))
        #expect(world.terms["orders-0"]?.voters == ["orders-0", "orders-1-i2", "orders-2"])
    }

    /// Random faults and rebuilds; the world itself checks that nothing committed is lost.
    @Test(arguments: UInt64(0)..<60)
    func noStoryOfFaultsLosesACommitOrGetsStuck(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var world = World.writable(candidates: seed.isMultiple(of: 3) ? 3 : 2, loggers: seed.isMultiple(of: 3) ? 2 : 1)
        world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
        for round in 0..<40 {
            let member = world.group.status.members.randomElement(using: &random)?.name ?? ""
            let life = world.life(member)
            let node = world.nodes.randomElement(using: &random)?.name ?? ""
            switch Int.random(in: 0..<13, using: &random) {
            case 0: world.stopServer(of: life)
            case 1: world.deletePod { $0.name == life }
            case 2: world.power(node, on: false)
            case 3, 4: world.power(node, on: true)
            case 5: world.cut.insert(node)
            case 6: world.cut.remove(node)
            case 7: world.restartOperator()
            case 8, 9: world.rebuild("rebuild-\(round)", member)
            case 10:
                for index in world.operations.indices where Bool.random(using: &random) {
                    world.operations[index].spec.cancel = true
                }
            case 11: world.restartAgent(of: life)
            default: break
            }
            world.run(Int.random(in: 0..<10, using: &random))
        }
        world.cut = []
        for node in world.nodes { world.power(node.name, on: true) }
        world.run(120)
        #expect(world.operations.allSatisfy { $0.isFinished })
        Self.expectWhole(world)
        let committed = world.committed.count
        world.run(2)
        #expect(world.committed.count > committed)
    }
}
