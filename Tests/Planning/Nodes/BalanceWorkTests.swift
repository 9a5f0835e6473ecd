import KubernetesModel
import Testing
import XDB

@testable import Planning

/// A balance, from its plan to its end, against groups that are tables.
struct BalanceWorkTests {
    private typealias Scene = NodeWorkTests.Scene

    /// So many groups on n1, n2 and n3, all led on n1; n4 has nothing.
    private static func piled(
        _ count: Int,
        _ what: XDBOperation.Balance.What = .leaders,
        _ change: (inout XDBOperation.Spec) -> Void = { _ in }
    ) -> Scene {
        var scene = Scene.balance(what, change)
        for index in 1...count { scene.add(whole: "g\(index)", on: ["n1", "n2", "n3"]) }
        return scene
    }

    private static func states(_ scene: Scene) -> [XDBOperation.State] { scene.balance.handovers.map(\.state) }

    @Test func leadersAreHandedOverAndTheNumbersTold() {
        var scene = Self.piled(6)
        scene.reconcile()
        #expect(scene.operation.status.task == "Plan")
        #expect(scene.operations.isEmpty, "the plan is recorded before anything is done")
        scene.reconcile()
        #expect(scene.operation.status.task == "ChangeLeaders")
        #expect(scene.operations.count == 4)
        #expect(scene.operations.allSatisfy { $0.metadata.namespace == "shop" && $0.spec.changeLeader != nil })
        #expect(scene.operation.status.progress?.summary == "0 of 4 changes")
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.leaders == ["n1": 2, "n2": 2, "n3": 2])
        #expect(scene.message == "4 of 4 leaders changed. Now: leaders n1 6 -> 2, n2 0 -> 2, n3 0 -> 2")
        #expect(scene.operation.status.steps.count == 4)
        #expect(
            scene.operation.status.steps.allSatisfy { $0.end != nil && $0.name.hasPrefix("Change leader of shop/g") }
        )
        #expect(Set(scene.operations.compactMap(\.spec.group)).count == 4, "no group is handed over twice")
    }

    @Test func aDryRunDoesNothing() {
        var scene = Self.piled(3, .all) { $0.dryRun = true }
        scene.reconcile()
        #expect(scene.state == .succeeded)
        #expect(scene.message.hasPrefix("a dry run, and nothing was done: "))
        #expect(!scene.balance.handovers.isEmpty)
        #expect(scene.operations.isEmpty)
    }

    @Test func whatIsEvenEndsAtOnce() {
        var scene = Scene.balance()
        scene.add(whole: "a", on: ["n1", "n2"])
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.message == "nothing is to be done: leaders n1 1, n2 0")
        #expect(scene.operation.status.progress == nil)
    }

    @Test func membersMoveFirstAndEachGroupOneAfterTheOther() throws {
        var scene = Self.piled(6, .all)
        scene.operation.spec.balance?.bytesPerSecond = Quantity("5Mi")
        scene.reconcile()
        let plan = scene.balance
        #expect(!plan.moves.isEmpty && !plan.handovers.isEmpty)
        while scene.state?.isFinal != true {
            scene.reconcile()
            let open = scene.operations.filter { !$0.isFinished }
            let moves = open.filter { $0.spec.migrate != nil }
            #expect(moves.count <= BalanceWork.movesAtOnce)
            #expect(Set(moves.compactMap(\.spec.group)).count == moves.count)
            #expect(moves.isEmpty || moves.count == open.count, "leaders are changed when all members have moved")
            scene.carryOut(1)
        }
        #expect(scene.state == .succeeded)
        #expect(scene.operations.first { $0.spec.migrate != nil }?.spec.migrate?.bytesPerSecond == Quantity("5Mi"))
        #expect(scene.members == Dictionary(uniqueKeysWithValues: plan.nodes.map { ($0.node, $0.membersAfter) }))
        #expect(scene.leaders == Dictionary(uniqueKeysWithValues: plan.nodes.map { ($0.node, $0.leadersAfter) }))
        #expect(scene.balance.moves.map(\.state) == plan.moves.map { _ in .succeeded })
    }

    @Test func onlySoManyLeadersChangeAtOnce() {
        var scene = Self.piled(12)
        scene.reconcile()
        scene.reconcile()
        scene.reconcile()
        #expect(scene.operations.count == OfflineNodes.handoversAtOnce)
        scene.carryOut(2)
        scene.reconcile()
        #expect(scene.operations.count == OfflineNodes.handoversAtOnce + 2)
    }

    /// Whoever observes next goes on, and nothing is asked for twice.
    @Test func theOperatorMayEndAnywhere() {
        for interruption in 0..<30 {
            var scene = Self.piled(6, .all)
            var planned: XDBOperation.Plan?
            for round in 0..<60 where scene.state?.isFinal != true {
                scene.reconcile(isInterrupted: round == interruption)
                planned = planned ?? scene.operation.status.plan
                if round % 2 == 1 { scene.carryOut(1) }
            }
            #expect(scene.state == .succeeded, "after \(interruption): \(scene.message)")
            #expect(scene.balance.handovers.map(\.to) == planned?.handovers.map(\.to), "after \(interruption)")
            #expect(scene.operations.count == scene.balance.moves.count + scene.balance.handovers.count)
            #expect(Set(scene.asked).count == scene.asked.count, "after \(interruption)")
        }
    }

    // MARK: What people say meanwhile

    @Test func pausedItRests() {
        var scene = Self.piled(12)
        for _ in 0..<2 { scene.reconcile() }
        scene.operation.spec.paused = true
        scene.carryOut()
        // For longer than it may take.
        for _ in 0..<3 {
            scene.reconcile()
            scene.now = scene.now.advanced(by: .seconds(1000))
        }
        #expect(scene.operation.status.task == "Paused")
        #expect(scene.operations.count == OfflineNodes.handoversAtOnce)
        scene.operation.spec.paused = false
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.leaders == ["n1": 4, "n2": 4, "n3": 4])
    }

    @Test func cancelledItEndsWithWhatGoesOn() {
        var scene = Self.piled(12)
        for _ in 0..<2 { scene.reconcile() }
        scene.operation.spec.cancel = true
        scene.reconcile()
        #expect(scene.state == .running, "what has begun is finished")
        scene.carryOut()
        scene.reconcile()
        #expect(scene.state == .cancelled)
        #expect(scene.operations.count == 5)
        #expect(Self.states(scene).count { $0 == .succeeded } == 5)
        #expect(Self.states(scene).count { $0 == .cancelled } == 3)
        #expect(scene.message.hasPrefix("it was cancelled; 5 of 8 leaders changed"))
        #expect(scene.message.contains("Now: leaders n1 12 -> 7"))
    }

    @Test func cancelledBeforeItBeginsItDoesNothing() {
        var scene = Self.piled(3) { $0.cancel = true }
        scene.reconcile()
        #expect(scene.state == .cancelled)
        #expect(scene.operation.status.plan == nil)
    }

    @Test func itIsAcceptedInTheOperatorsNamespaceOnly() {
        var scene = Scene(namespace: "shop") { $0.balance = XDBOperation.Balance() }
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message.contains("in namespace xdb-system only"))
    }

    @Test func oneBalanceWaitsForTheOther() {
        var scene = Self.piled(3)
        var other = XDBOperation(
            metadata: ObjectMeta(name: "first", namespace: "xdb-system"),
            spec: scene.operation.spec
        )
        other.status.plan = XDBOperation.Plan()
        scene.operations = [other]
        scene.reconcile()
        #expect(scene.state == .pending)
        #expect(scene.message == "it waits for operation first")
        scene.operations[0].status.state = .succeeded
        scene.reconcile()
        #expect(scene.operation.status.plan != nil)
    }

    // MARK: What goes wrong

    @Test func aRefusalIsAskedForAgainAndThenNamed() {
        var scene = Self.piled(2)
        for _ in 0..<60 where scene.state?.isFinal != true {
            scene.reconcile()
            scene.refuse("its server is 40 s behind")
        }
        #expect(scene.state == .failed)
        #expect(scene.operations.count == BalanceWork.attempts)
        #expect(Self.states(scene) == [.failed])
        #expect(scene.message.contains("its server is 40 s behind"), "\(scene.message)")
        #expect(scene.leaders == ["n1": 2])
    }

    @Test func aRefusalThatPassesIsNoFailure() {
        var scene = Self.piled(2)
        scene.reconcile()
        scene.reconcile()
        scene.refuse("not now")
        scene.reconcile()
        #expect(scene.operations.count == 1, "not at once")
        #expect(scene.balance.handovers.first?.message?.contains("asked for again after 3 s") == true)
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.operations.count == 2)
    }

    struct Change: CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var change: @Sendable (inout NodeWorkTests.Scene, XDBOperation.Handover) -> Void
    }

    private static func name(_ handover: XDBOperation.Handover) -> String {
        String(handover.group.dropFirst("shop/".count))
    }

    static let changes = [
        Change(testDescription: "the group goes", words: "there is no such group any more") { scene, handover in
            scene.groups.removeAll { $0.metadata.name == name(handover) }
        },
        Change(testDescription: "somebody else leads", words: "leads by now") { scene, handover in
            let group = name(handover)
            let other = (0...2).map { "\(group)-\($0)" }.first { $0 != handover.from && $0 != handover.to }
            scene.lead(group, other ?? "")
        },
        Change(testDescription: "the node goes offline", words: "is offline") { scene, handover in
            scene[handover.toNode].isOffline = true
        },
        Change(testDescription: "the node is not ready", words: "is not ready") { scene, handover in
            scene[handover.toNode].ready = .unknown
        },
        Change(testDescription: "the candidate is elsewhere", words: "is on n4, and not on") { scene, handover in
            scene.change(member: handover.to) { $0.node = "n4" }
        },
        Change(testDescription: "the candidate goes", words: "is no member any more") { scene, handover in
            scene.change(name(handover)) { $0.status.members.removeAll { $0.name == handover.to } }
        },
        Change(testDescription: "the group is paused", words: "spec.paused") { scene, handover in
            scene.change(name(handover)) { $0.spec.paused = true }
        },
        Change(testDescription: "the leader is elsewhere", words: "is not on n1 any more") { scene, handover in
            scene.change(member: handover.from) { $0.node = "n4" }
        },
    ]

    @Test(arguments: changes)
    func whatHasBecomeImpossibleIsLeftOut(_ change: Change) throws {
        var scene = Self.piled(3)
        scene.reconcile()
        let handover = try #require(scene.balance.handovers.first)
        change.change(&scene, handover)
        scene.finish()
        #expect(scene.state == .succeeded, "\(scene.message)")
        #expect(scene.balance.handovers.first?.state == .cancelled)
        #expect(scene.balance.handovers.first?.message?.contains(change.words) == true, "\(scene.balance.handovers)")
        #expect(scene.message.contains(change.words), "\(scene.message)")
        #expect(!scene.operations.contains { $0.spec.group == Self.name(handover) })
    }

    @Test func whoLeadsAlreadyIsDone() throws {
        var scene = Self.piled(2)
        scene.reconcile()
        let handover = try #require(scene.balance.handovers.first)
        scene.lead(Self.name(handover), handover.to)
        scene.reconcile()
        #expect(scene.state == .succeeded)
        #expect(scene.operations.isEmpty)
    }

    /// The leader was lost on the way, and another was elected than was asked for.
    @Test func aGroupIsNeverHandedOverTwice() throws {
        var scene = Self.piled(2)
        scene.reconcile()
        scene.reconcile()
        let handover = try #require(scene.balance.handovers.first)
        let group = Self.name(handover)
        let other = try #require((0...2).map { "\(group)-\($0)" }.first { $0 != handover.from && $0 != handover.to })
        scene.lead(group, other)
        scene.refuse("\(other) takes writes, and not \(handover.to)")
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.operations.count == 1)
        #expect(scene.balance.handovers.first?.message == "\(other) leads by now")
    }

    @Test func whatAilsIsWaitedForAndNamedInTheEnd() throws {
        var scene = Self.piled(2)
        scene.reconcile()
        let handover = try #require(scene.balance.handovers.first)
        let now = scene.now
        scene.change(Self.name(handover)) {
            let condition = Condition("FullyRedundant", .false, reason: "x", message: "a member is away")
            $0.status.conditions.set(condition, now: now)
        }
        scene.reconcile()
        #expect(scene.state == .running)
        #expect(scene.message.contains("it is not FullyRedundant: a member is away"), "\(scene.message)")
        #expect(scene.operations.isEmpty)
        scene.now = scene.now.advanced(by: .seconds(601))
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message.contains("nothing could begin for 600 s: it is not FullyRedundant"), "\(scene.message)")
    }

    /// Its move does not come about, so there is nobody to lead where it was to be.
    @Test func aLeaderIsNotChangedForAMemberThatHasNotMoved() throws {
        var scene = Self.piled(6, .all)
        scene.reconcile()
        let handover = try #require(scene.balance.handovers.first { $0.toNode == "n4" })
        for _ in 0..<200 where scene.state?.isFinal != true {
            scene.reconcile()
            for index in scene.operations.indices
            where !scene.operations[index].isFinished && scene.operations[index].spec.migrate?.member == handover.to {
                scene.operations[index].status.state = .failed
                scene.operations[index].status.message = "no room"
                scene.operations[index].status.completionTime = scene.now
            }
            scene.carryOut()
        }
        #expect(scene.state == .failed)
        #expect(scene.balance.moves.first { $0.member == "shop/\(handover.to)" }?.state == .failed)
        let left = try #require(scene.balance.handovers.first { $0.group == handover.group })
        #expect(left.state == .cancelled)
        #expect(left.message?.contains("and not on n4") == true)
        #expect(scene.message.contains("no room"), "\(scene.message)")
    }

    @Test func aMemberThatLeadsByNowIsNotMoved() throws {
        var scene = Self.piled(6, .members)
        scene.reconcile()
        let move = try #require(scene.balance.moves.first)
        let member = String(move.member.dropFirst("shop/".count))
        scene.lead(String(member.dropLast(2)), member)
        scene.finish()
        #expect(scene.state == .succeeded)
        #expect(scene.balance.moves.first?.message == "it leads by now, and a leader's member is not moved")
    }
}
