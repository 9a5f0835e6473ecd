import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What is done about members that do not recover by themselves, and when.
struct RepairPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What has to be done; nil for nothing.
        var mode: XDBOperation.Rebuild.Mode?
        var member = "orders-1"
        /// Words of the condition RepairPending, when that is all that is done.
        var pending: String?
        var seconds = 70
        var change: @Sendable (inout World) -> Void
    }

    private static func problem(
        _ reason: String,
        _ message: String = "it is so",
        of member: String = "orders-1"
    ) -> @Sendable (inout World) -> Void {
        { $0.problems[member] = [.init(reason: reason, message: message)] }
    }

    static let cases = [
        Case(testDescription: "all is well") { _ in },
        Case(testDescription: "a node that is away for less than the grace", seconds: 50) {
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "a node that is away for longer", mode: .crossHost) {
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "a logger's node that is away", mode: .crossHost, member: "orders-2") {
            $0.power($0.node(of: "orders-2"), on: false)
        },
        Case(testDescription: "a Node object that was deleted", mode: .crossHost, seconds: 3) { world in
            let node = world.node(of: "orders-1")
            world.power(node, on: false)
            world.nodes.removeAll { $0.name == node }
        },
        Case(testDescription: "a directory that is gone", mode: .local, seconds: 15) { world in
            world.disks = world.disks.filter { !$0.key.contains("orders-1") }
        },
        Case(testDescription: "diverged", mode: .local, seconds: 15, change: problem("Diverged")),
        Case(testDescription: "diverged for a moment", seconds: 5, change: problem("Diverged")),
        Case(testDescription: "the log it needs is gone", mode: .local, seconds: 15, change: problem("LogPurged")),
        Case(
            testDescription: "its server refuses to start",
            mode: .local,
            seconds: 15,
            change: problem("ServerRefuses")
        ),
        Case(testDescription: "its server ended, and recovers", change: problem("ServerCrashed")),
        Case(testDescription: "its server ends again and again", mode: .local) {
            problem("CrashLoop")(&$0)
            $0.down = ["orders-1"]
        },
        Case(testDescription: "its server ends again and again for a moment", seconds: 50) {
            problem("CrashLoop")(&$0)
            $0.down = ["orders-1"]
        },
        Case(
            testDescription: "its server ended again and again, and runs now",
            change: problem("CrashLoop")
        ),
        Case(testDescription: "its server applies nothing", mode: .local, change: problem("ApplyStalled")),
        Case(
            testDescription: "its server has applied nothing for a moment",
            seconds: 20,
            change: problem("ApplyStalled")
        ),
        Case(testDescription: "an option that is wrong", change: problem("InvalidConfiguration")),
        Case(testDescription: "a disk that is full", pending: "make room on its disk", change: problem("DiskFull")),
        Case(testDescription: "a disk that is full for a moment", seconds: 50, change: problem("DiskFull")),
        Case(
            testDescription: "a disk that is full of the log",
            pending: "rebuild: {member: orders-1, mode: CrossHost} would do it",
            change: problem("StorageFailed", "the log cannot be written: write 1: No space left on device")
        ),
        Case(
            testDescription: "a disk with errors",
            mode: .crossHost,
            change: problem("StorageFailed", "the log cannot be written: fdatasync 1: Input/output error")
        ),
        Case(
            testDescription: "a logger's disk with errors",
            mode: .crossHost,
            member: "orders-2",
            change: problem("StorageFailed", "Input/output error", of: "orders-2")
        ),
        Case(
            testDescription: "a disk with errors for a moment",
            seconds: 50,
            change: problem("StorageFailed", "Input/output error")
        ),
        Case(testDescription: "a disk with errors, and LocalOnly", pending: "LocalOnly; put its disk right") {
            $0.group.spec.repair.strategy = .localOnly
            problem("StorageFailed", "Input/output error")(&$0)
        },
        Case(testDescription: "Manual", pending: "spec.repair.mode is Manual") {
            $0.group.spec.repair.mode = .manual
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "the annotation", pending: "annotation") {
            $0.group.metadata.annotations[Label.repair] = "disabled"
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "LocalOnly", pending: "LocalOnly") {
            $0.group.spec.repair.strategy = .localOnly
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "PreferCrossHost", mode: .crossHost, seconds: 15) {
            $0.group.spec.repair.strategy = .preferCrossHost
            problem("Diverged")(&$0)
        },
        Case(testDescription: "no room anywhere", pending: "add a node") { world in
            let used = Set(world.group.status.members.compactMap(\.node))
            world.nodes.removeAll { !used.contains($0.name) }
            world.power(world.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "other groups' rebuilds", pending: "limit for all groups") {
            $0.otherRebuilds = [OtherRebuild(group: "shop/a"), OtherRebuild(group: "shop/b")]
            $0.power($0.node(of: "orders-1"), on: false)
        },
        Case(testDescription: "paused") {
            $0.group.spec.paused = true
            $0.power($0.node(of: "orders-1"), on: false)
        },
    ]

    @Test(arguments: cases)
    func whatIsDoneAndWhen(_ line: Case) {
        var world = RebuildTests.world()
        world.heldJobs = true
        line.change(&world)
        world.run(line.seconds * 2)
        let repairs = world.operations.filter { $0.spec.rebuild != nil }
        #expect(repairs.count == (line.mode == nil ? 0 : 1), "\(world.group.status.message ?? "")")
        #expect(repairs.first?.spec.rebuild?.member == line.mode.map { _ in line.member })
        #expect(repairs.first?.spec.rebuild?.mode == line.mode)
        #expect(repairs.first?.spec.rebuild?.isRepair ?? true)
        let pending = world.condition(.repairPending)?.message
        if let words = line.pending {
            #expect(pending?.contains(words) == true, "\(pending ?? "nothing is pending")")
        } else {
            #expect(pending == nil)
        }
    }

    @Test func aNodeThatIsLostForGoodIsReplacedWithoutAHand() {
        var world = RebuildTests.world()
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(240)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.operation("orders-0-repair-1")?.status.state == .succeeded)
        #expect(world.node(of: "orders-0") != node)
        RebuildTests.expectWhole(world, debts: 1)
        world.power(node, on: true)
        world.run(20)
        RebuildTests.expectWhole(world)
    }

    // MARK: Claims

    /// Somebody deletes the claim of a member, and its pod.
    @Test(arguments: ["orders-0", "orders-1", "orders-2"])
    func aMemberWhoseClaimIsGoneIsRebuiltWithAnother(_ member: String) {
        var world = RebuildTests.world(claim: true)
        world.claims.removeAll { $0.member == member }
        world.disks["data-\(member)"] = nil
        world.deletePod { $0.member == member }
        world.run(10)
        #expect(world.member(member)?.reason == Reason.dataMissing.rawValue)
        #expect(world.events.contains { $0.reason == .dataMissing && $0.message.contains("data-\(member) is gone") })
        #expect(world.operations.allSatisfy { $0.spec.rebuild == nil }, "it may be a moment")
        world.run(100)
        let repair = world.operation("\(member)-repair-1")
        #expect(repair?.status.state == .succeeded, "\(world.group.status.message ?? "")")
        #expect(world.claims.count == 3)
        #expect(world.claims.contains { $0.name == "data-\(member)-i2" })
        RebuildTests.expectWhole(world)
    }

    /// The claim of a member whose pod cannot be placed any more goes, too.
    @Test func aPodThatWaitsForAClaimThatIsGoneIsNoReasonToWait() {
        var world = RebuildTests.world(claim: true)
        // Nobody can say where its volume is.
        world.bound["data-orders-1"] = "n0"
        world.deletePod { $0.member == "orders-1" }
        world.run(10)
        #expect(world.member("orders-1")?.reason == Reason.unschedulable.rawValue)
        world.claims.removeAll { $0.member == "orders-1" }
        world.disks["data-orders-1"] = nil
        world.run(100)
        #expect(world.operation("orders-1-repair-1")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// A volume that is bound to a node is lost with it; one that is not is attached elsewhere by Kubernetes itself.
    @Test(arguments: [false, true])
    func aNodeWithAClaimThatIsDeletedIsReplacedWhereTheClaimIsBoundToIt(isBound: Bool) {
        var world = RebuildTests.world(claim: true)
        let node = world.node(of: "orders-1")
        if isBound { world.bound["data-orders-1"] = node }
        world.power(node, on: false)
        world.nodes.removeAll { $0.name == node }
        world.deletePod { $0.member == "orders-1" }
        world.run(100)
        #expect(world.operations.allSatisfy { $0.spec.rebuild == nil })
        #expect(world.member("orders-1")?.reason == (isBound ? Reason.nodeMissing : .healthy).rawValue)
        world.run(100)
        let repair = world.operation("orders-1-repair-1")
        #expect((repair != nil) == isBound)
        #expect(repair?.spec.rebuild?.mode ?? .crossHost == .crossHost)
        #expect(repair?.status.state ?? .succeeded == .succeeded, "\(repair?.status.message ?? "")")
        #expect(world.node(of: "orders-1") != node)
        RebuildTests.expectWhole(world)
    }

    /// It may be a matter of room, which comes.
    @Test func aClaimWhoseNodeIsThereIsNotLeft() {
        var world = RebuildTests.world(claim: true)
        // Nobody can say where its volume is.
        world.bound["data-orders-1"] = "n0"
        world.deletePod { $0.member == "orders-1" }
        world.run(300)
        #expect(world.member("orders-1")?.reason == Reason.unschedulable.rawValue)
        #expect(world.operations.allSatisfy { $0.spec.rebuild == nil })
    }

    @Test func whoIsBackBeforeItsSuccessorVotesKeepsItsPlace() {
        var world = RebuildTests.world()
        world.heldJobs = true
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.run(140)
        #expect(world.group.status.rebuild?.step == .copy)
        world.power(node, on: true)
        world.run(40)
        let operation = world.operation("orders-1-repair-1")
        #expect(operation?.status.state == .cancelled)
        #expect(operation?.status.message?.contains("keeps its place") == true)
        #expect(world.member("orders-1")?.incarnation == 1)
        RebuildTests.expectWhole(world)
    }

    /// As long as there is another.
    @Test(arguments: [([String](), 3), (["n4"], 2)])
    func aNodeOnWhichItHasFailedIsNotChosenAgain(_ cordoned: [String], _ others: Int) {
        var world = RebuildTests.world()
        for index in world.nodes.indices where cordoned.contains(world.nodes[index].name) {
            world.nodes[index].isCordoned = true
        }
        world.heldJobs = true
        world.power(world.node(of: "orders-1"), on: false)
        var places: [String] = []
        for _ in 0..<1600 where places.count < others + 1 {
            world.run(1)
            if let node = world.operations.last?.status.node, places.count < world.operations.count {
                places.append(node)
            }
            Self.failJobs(&world, "SourceLost")
        }
        #expect(places.count == others + 1)
        #expect(Set(places.prefix(others)).count == others, "\(places)")
        #expect(places.last == places.first, "where it has failed on all, each may be chosen again")
    }

    /// Every Job that runs ends with these words, and with no hope.
    private static func failJobs(_ world: inout World, _ reason: String) {
        for index in world.jobs.indices where world.jobs[index].isRunning {
            world.jobs[index].isRunning = false
            world.jobs[index].isFailed = true
            world.jobs[index].message = #"{"reason":"\#(reason)","message":"it is so","isWorthRetrying":false}"#
        }
    }

    struct Second: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Where the second attempt is.
        var mode: XDBOperation.Rebuild.Mode
        var reason = JobResult.noSpace
        var change: @Sendable (inout World) -> Void = { _ in }
    }

    static let seconds = [
        Second(testDescription: "another host has room", mode: .crossHost),
        Second(testDescription: "it was not for lack of room", mode: .local, reason: "Corrupt"),
        Second(testDescription: "LocalOnly", mode: .local) { $0.group.spec.repair.strategy = .localOnly },
        Second(testDescription: "no other host", mode: .local) { world in
            let used = Set(world.group.status.members.compactMap(\.node))
            world.nodes.removeAll { !used.contains($0.name) }
        },
    ]

    /// Where its own node has no room, the next attempt is elsewhere.
    @Test(arguments: seconds)
    func whereItIsTriedAgain(_ line: Second) throws {
        var world = RebuildTests.world()
        line.change(&world)
        world.problems["orders-1"] = [.init(reason: "Diverged", message: "it is so")]
        world.heldJobs = true
        let own = world.node(of: "orders-1")
        for _ in 0..<200 where world.operation("orders-1-repair-1")?.isFinished != true {
            world.run(1)
            Self.failJobs(&world, line.reason)
        }
        let first = try #require(world.operation("orders-1-repair-1"))
        #expect(first.status.state == .failed)
        #expect(first.status.failure == line.reason)
        #expect(first.status.node == own)
        world.heldJobs = false
        world.run(200)
        let second = try #require(world.operation("orders-1-repair-2"))
        #expect(second.status.state == .succeeded, "\(second.status.message ?? "")")
        #expect(second.spec.rebuild?.mode == line.mode)
        #expect((world.node(of: "orders-1") == own) == (line.mode == .local))
        let told = world.events.map(\.message).filter {
            $0.contains("had no room for it (operation orders-1-repair-1)")
        }
        #expect(told.isEmpty == (line.mode == .local), "the reason is told")
        RebuildTests.expectWhole(world)
    }

    @Test func failuresAreTriedAgainLessAndLessOften() {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.problems["orders-1"] = [.init(reason: "Diverged", message: "it is so")]
        var begun: [Int] = []
        for round in 0..<1600 {
            world.run(1)
            for index in world.jobs.indices where world.jobs[index].isRunning {
                world.jobs[index].isRunning = false
                world.jobs[index].isFailed = true
                world.jobs[index].message = #"{"reason":"NoSpace","message":"no room"}"#
            }
            if world.operations.count > begun.count { begun.append(round) }
        }
        let pauses = zip(begun, begun.dropFirst()).map { ($1 - $0) / 2 }
        #expect(pauses.count >= 3)
        #expect(zip([60, 120, 240], pauses).allSatisfy { $0 <= $1 }, "\(pauses)")
        #expect(world.condition(.repairPending)?.message.contains("no room") == true)
    }
}
