import KubernetesModel
import Testing
import XDB

@testable import Planning

/// No step of a rebuild lasts for ever: what cannot get further ends, and what is slow goes on.
struct RebuildStandstillTests {
    /// Two rounds of the world are a second; of what lasts for minutes each round is five seconds.
    private static func run(_ world: inout World, seconds: Int) {
        guard seconds >= 100 else { return world.run(seconds * 2) }
        for _ in 0..<seconds / 5 {
            world.now = world.now.advanced(by: .milliseconds(4500))
            world.run(1)
        }
    }

    /// It has failed for a reason, and the group is as it was before.
    private static func expectAsBefore(
        _ world: World,
        _ failure: String,
        _ words: String,
        operation: String = "again",
        member: String = "orders-1",
        _ location: SourceLocation = #_sourceLocation
    ) {
        let status = world.operation(operation)?.status
        #expect(status?.state == .failed, "\(status?.message ?? "")", sourceLocation: location)
        #expect(status?.failure == failure, sourceLocation: location)
        #expect(status?.message?.contains(words) == true, "\(status?.message ?? "")", sourceLocation: location)
        #expect(world.member(member)?.incarnation == 1, sourceLocation: location)
        RebuildTests.expectWhole(world, location)
        let committed = world.committed.count
        var next = world
        next.run(2)
        #expect(next.committed.count > committed, sourceLocation: location)
    }

    private static let life = "orders-1-i2"

    // MARK: A new life that runs

    struct Trouble: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var problem: String
        /// When it is not over yet, and when it is, in seconds.
        var until: Int
        var after: Int
        var failure: String
    }

    static let troubles = [
        Trouble(testDescription: "the log is gone", problem: "LogPurged", until: 8, after: 20, failure: "LogPurged"),
        Trouble(testDescription: "diverged", problem: "Diverged", until: 8, after: 20, failure: "Diverged"),
        Trouble(
            testDescription: "its server refuses to start",
            problem: "ServerRefuses",
            until: 8,
            after: 20,
            failure: "ServerRefuses"
        ),
        Trouble(
            testDescription: "an option is wrong",
            problem: "InvalidConfiguration",
            until: 8,
            after: 20,
            failure: "InvalidConfiguration"
        ),
        Trouble(
            testDescription: "it cannot apply",
            problem: "ApplyFailed",
            until: 50,
            after: 80,
            failure: "ApplyFailed"
        ),
        Trouble(
            testDescription: "its disk is full",
            problem: "DiskFull",
            until: 50,
            after: 80,
            failure: JobResult.noSpace
        ),
    ]

    /// What does not go by itself ends it soon; what may is given a minute.
    @Test(arguments: troubles)
    func whatANewLifeSuffersFromEndsIt(_ line: Trouble) {
        var world = RebuildTests.world()
        world.problems[Self.life] = [.init(reason: line.problem, message: "it is so")]
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .join))
        Self.run(&world, seconds: line.until)
        #expect(world.group.status.rebuild?.step == .join)
        #expect(world.group.status.rebuild?.message?.contains("it is so") == true)
        Self.run(&world, seconds: line.after - line.until)
        Self.expectAsBefore(world, line.failure, "it is so")
    }

    @Test(arguments: troubles)
    func whatGoesByInTimeEndsNothing(_ line: Trouble) {
        var world = RebuildTests.world()
        world.problems[Self.life] = [.init(reason: line.problem, message: "it is so")]
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .join))
        Self.run(&world, seconds: line.until)
        world.problems = [:]
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// A logger has no Job: its pod is what finds no node.
    @Test func aLoggerForWhichThereIsNoNode() {
        var world = RebuildTests.world()
        world.fullNodes = Set(world.nodes.map(\.name))
        world.rebuild("again", "orders-2") { $0.mode = .crossHost }
        Self.run(&world, seconds: 50)
        #expect(world.group.status.rebuild?.step == .join)
        Self.run(&world, seconds: 20)
        Self.expectAsBefore(world, "Unschedulable", "nodes are available", member: "orders-2")
    }

    @Test func anImageThatCannotBePulled() {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .refresh))
        world.brokenImages = [world.group.spec.image]
        Self.run(&world, seconds: 80)
        Self.expectAsBefore(world, "ImagePull", "ImagePullBackOff")
    }

    /// It hears nobody, and says nothing of it; an operator that is replaced goes on counting.
    @Test func aNewLifeThatStandsStill() {
        var world = RebuildTests.world()
        world.deaf = [Self.life]
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .join))
        for _ in 0..<8 {
            Self.run(&world, seconds: 100)
            world.restartOperator()
        }
        #expect(world.group.status.rebuild?.step == .join)
        Self.run(&world, seconds: 200)
        Self.expectAsBefore(world, "NoProgress", "has not come nearer to its place for 900 s")
    }

    /// The log comes, and its server does nothing with it.
    @Test func aServerThatAppliesNothing() {
        var world = RebuildTests.world()
        world.problems[Self.life] = [.init(reason: "ApplyStalled", message: "it has applied nothing")]
        world.stalled[Self.life] = Position(epoch: Epoch(rawValue: 1), sequence: 7)
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .join))
        Self.run(&world, seconds: 800)
        #expect(world.group.status.rebuild?.step == .join)
        Self.run(&world, seconds: 200)
        Self.expectAsBefore(world, "NoProgress", "it has applied nothing")
    }

    /// Whatever is wrong with it, it comes nearer.
    @Test func aNewLifeThatIsSlowIsWaitedFor() {
        var world = RebuildTests.world()
        world.problems[Self.life] = [.init(reason: "ApplyStalled", message: "it has applied nothing")]
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .join))
        Self.run(&world, seconds: 2000)
        #expect(world.group.status.rebuild?.step == .join)
        world.problems = [:]
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// Nobody can catch up with a leader that is not there.
    @Test func aGroupWithoutAMajorityIsWaitedFor() {
        var world = RebuildTests.world()
        world.deaf = [Self.life]
        world.rebuild("again", "orders-1") { $0.node = "n8" }
        #expect(RebuildTests.run(&world, until: .join))
        let nodes = ["orders-1", "orders-2"].map { world.node(of: $0) }
        for node in nodes { world.power(node, on: false) }
        Self.run(&world, seconds: 1200)
        #expect(world.group.status.rebuild?.step == .join)
        for node in nodes { world.power(node, on: true) }
        world.deaf = []
        world.run(100)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// The vote passes back, as when the node of the new life is lost.
    @Test func aVoteThatDoesNotArrive() {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .verify))
        for _ in 0..<40 where world.group.status.rebuild?.step == .verify {
            world.tick()
            world.reconcile()
        }
        // Before it has all that the leader counts it for.
        world.deaf = [Self.life]
        world.listen()
        Self.run(&world, seconds: 800)
        #expect(world.group.status.rebuild?.step == .vote)
        Self.run(&world, seconds: 200)
        Self.expectAsBefore(world, "NoProgress", "has not come nearer to its place for 900 s")
    }

    // MARK: Jobs

    @Test func aCopyThatStandsStillIsTriedWithAnotherSource() {
        var world = World.writable(candidates: 3, loggers: 0)
        world.nodes.append(NodeObservation(name: "n9", zone: "b"))
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .copy))
        Self.run(&world, seconds: 800)
        #expect(world.group.status.rebuild?.source == "orders-2")
        #expect(world.group.status.rebuild?.attempt == 1)
        Self.run(&world, seconds: 200)
        #expect(world.group.status.rebuild?.source == "orders-0")
        #expect(world.group.status.rebuild?.attempt == 2)
        world.heldJobs = false
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    @Test func aCopyThatStandsStillWithEverySourceEnds() {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.rebuild("again", "orders-1")
        Self.run(&world, seconds: 3000)
        Self.expectAsBefore(world, "NoProgress", "nothing has come of the copy for 90")
    }

    /// A limit may make it last for hours, whatever was asked of the operation's time.
    @Test func aCopyThatMovesGoesOn() {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.sending = 4096
        world.rebuild("again", "orders-1")
        world.operations[0].spec.timeoutSeconds = 1
        world.reconcile()
        Self.run(&world, seconds: 2000)
        #expect(world.group.status.rebuild?.step == .copy)
        #expect(world.group.status.rebuild?.attempt == 1)
        world.heldJobs = false
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// A limit so low that the next piece is sent in an hour.
    @Test func aCopyThatMayHardlySendAnythingGoesOn() {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.rebuild("again", "orders-1") { $0.bytesPerSecond = Quantity(1) }
        Self.run(&world, seconds: 2000)
        #expect(world.group.status.rebuild?.attempt == 1)
    }

    @Test(arguments: [XDBGroup.RebuildStep.prepare, .refresh])
    func aJobThatDoesNotEnd(_ step: XDBGroup.RebuildStep) {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: step))
        world.heldJobs = true
        Self.run(&world, seconds: 800)
        #expect(world.group.status.rebuild?.step == step)
        Self.run(&world, seconds: 200)
        Self.expectAsBefore(world, "NoProgress", "has run for 90")
    }

    /// So much data may take longer.
    @Test func aJobWithMuchToDoIsGivenItsTime() {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .prepare))
        world.group.status.rebuild?.bytes = 20 << 30
        world.heldJobs = true
        Self.run(&world, seconds: 2500)
        #expect(world.group.status.rebuild?.step == .prepare)
        Self.run(&world, seconds: 600)
        Self.expectAsBefore(world, "NoProgress", "has run for")
    }

    /// What it waited for before does not count against a Job that has run meanwhile.
    @Test func aJobThatHasRunMayWaitForItsNextPod() {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.sending = 4096
        world.rebuild("again", "orders-1")
        Self.run(&world, seconds: 400)
        world.unpreparedJobs = true
        world.jobs[0].isRunning = false
        Self.run(&world, seconds: 200)
        #expect(world.group.status.rebuild?.result == nil)
        world.unpreparedJobs = false
        world.heldJobs = false
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
    }

    @Test func itsJobIsNamedWhileThereIsOne() {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        for (step, job) in [
            (XDBGroup.RebuildStep.copy, "copy"), (.prepare, "prepare"), (.refresh, "refresh"), (.join, nil),
        ] as [(XDBGroup.RebuildStep, String?)] {
            #expect(RebuildTests.run(&world, until: step))
            world.reconcile()
            #expect(world.operation("again")?.status.job == job.map { "orders-1-i2-\($0)" })
        }
        world.run(40)
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(world.operation("again")?.status.job == nil)
    }

    // MARK: What goes

    /// What cannot be removed stays owed, and others have their turn.
    @Test(arguments: [false, true])
    func whatCannotBeRemovedHoldsUpNobody(_ isCancelled: Bool) {
        var world = RebuildTests.world()
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: isCancelled ? .join : .clean))
        world.heldCleanups = true
        if isCancelled { world.operations[0].spec.cancel = true }
        Self.run(&world, seconds: 250)
        #expect(world.group.status.rebuild != nil)
        Self.run(&world, seconds: 100)
        #expect(world.operation("again")?.status.state == (isCancelled ? .cancelled : .succeeded))
        #expect(world.group.status.rebuild == nil)
        #expect(world.group.status.debts.count == 1)
        world.heldCleanups = false
        world.rebuild("next", "orders-2")
        world.run(60)
        #expect(world.operation("next")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// With `discardFirst` the member has no data then, and another rebuild follows.
    @Test func oldDataThatDoNotGo() {
        var world = RebuildTests.world()
        world.group.spec.repair.mode = .manual
        world.heldCleanups = true
        world.rebuild("again", "orders-1") { $0.discardFirst = true }
        Self.run(&world, seconds: 800)
        #expect(world.group.status.rebuild?.step == .discard)
        Self.run(&world, seconds: 500)
        let status = world.operation("again")?.status
        #expect(status?.failure == "NoProgress")
        #expect(status?.message?.contains("could not be removed within 900 s") == true, "\(status?.message ?? "")")
        #expect(status?.message?.contains("were removed before (discardFirst)") == true)
        #expect(world.group.status.rebuild == nil)
        world.heldCleanups = false
        world.rebuild("next", "orders-1")
        world.run(80)
        #expect(world.operation("next")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }
}
