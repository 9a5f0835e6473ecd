import KubernetesModel
import Testing
import XDB

@testable import Console

/// Whole screens of groups that are well, repaired, or in trouble.
@Suite struct GroupScreenTests {
    @Test(arguments: ["healthy", "away", "rebuild", "pending", "majority"])
    func aScreenIsAsItWas(_ name: String) throws {
        try Golden.expectScreens(of: name)
    }

    @Test(arguments: [("rebuild", "orders-0-rebuild-dqdrc"), ("pending", "orders-failover-3")])
    func anOperationIsAsItWas(_ name: String, _ operation: String) throws {
        let scene = try Golden.scene(name)
        let found = try #require(scene.operations?.first { $0.metadata.name == operation })
        let text = OperationScreen.text(found, isExplained: true, now: scene.now, Style(), width: 110)
        try Golden.expect(text, "\(name).operation.txt")
    }

    /// A terminal of 100 columns and a screen of lines: more is not read at night.
    @Test(arguments: ["healthy", "away", "rebuild", "pending", "majority"])
    func aScreenIsOneScreen(_ name: String) throws {
        let lines = GroupScreen.text(try Golden.scene(name), Style(), width: 100).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        #expect(lines.count <= 50, "\(lines.count) lines")
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
    }

    @Test(arguments: [
        ("healthy", GroupVerdict.whole), ("away", .lacking), ("rebuild", .whole), ("pending", .notWritable),
        ("majority", .unknown),
    ])
    func theVerdictIsTheWorstThatHolds(_ name: String, _ verdict: GroupVerdict) throws {
        #expect(GroupVerdict(try Golden.scene(name).group) == verdict)
    }

    /// What a person can copy.
    @Test(arguments: [
        ("pending", "kubectl xdb change-leader orders -n default"),
        ("away", "kubectl xdb rebuild orders orders-2 --mode CrossHost -n default"),
        ("majority", "kubectl xdb force-leader orders orders-0 --accept-data-loss -n default"),
        ("rebuild", "kubectl xdb ops orders-0-rebuild-dqdrc --watch -n default"),
    ])
    func theNextStepIsACommand(_ name: String, _ command: String) throws {
        var scene = try Golden.scene(name)
        scene.invocation.options = ["-n", "default"]
        let text = GroupScreen.text(scene, Style()).singleSpaced
        #expect(text.contains(command), "\(text)")
    }

    /// Without a majority nothing is said that would make people rebuild or force in haste.
    @Test func withoutAMajorityTheFirstStepLosesNothing() throws {
        let steps = Problem.all(try Golden.scene("majority")).compactMap(\.step)
        #expect(steps.count == 1)
        #expect(steps.first?.hasPrefix("bring back orders-1 and orders-2 (nodes node2 and node4)") == true)
        #expect(steps.first?.contains("Only when they are gone for good") == true)
    }

    /// A program is told what a person is.
    @Test(arguments: ["majority", "healthy"])
    func explanationsForPrograms(_ name: String) throws {
        try Golden.expectDocument(of: name)
    }

    @Test func anOperationIsExplainedToPrograms() throws {
        let scene = try Golden.scene("pending")
        let operation = try #require(scene.operations?.first)
        let document = ExplanationDocument.json(operation)
        #expect(document["operation"]?.stringValue == operation.metadata.name)
        #expect(document["wish"]?.stringValue == OperationScreen.wish(of: operation))
        #expect(document["state"]?.stringValue == operation.status.state?.rawValue)
        #expect(document["message"]?.stringValue == operation.status.message)
        #expect((document["election"] != nil) == (operation.status.certificate != nil))
    }

    @Test func whatMayNotBeSeenIsLeftOut() throws {
        var scene = try Golden.scene("away")
        scene.nodes = nil
        scene.operations = nil
        scene.hidden = ["operations: you may not list them"]
        let text = GroupScreen.text(scene, Style())
        #expect(!text.contains("(not ready)"))
        #expect(text.contains("node2"))
        #expect(text.hasSuffix("Not shown: operations: you may not list them\n"))
    }

    /// Nothing is wrong with it.
    @Test func aServerThatWorksOnOneTransaction() throws {
        var scene = try Golden.scene("healthy")
        let work = "its server has been at work on one transaction for over 300 s"
        scene.group.status.members[1].message = work
        #expect(Activity.all(scene) == ["orders-1: \(work)"])
        #expect(Problem.all(scene).isEmpty)
        #expect(GroupScreen.text(scene, Style()).singleSpaced.contains("Going on orders-1: \(work)"))
    }

    /// What is wrong with a member is told once, with what becomes of it.
    @Test(arguments: [
        (XDBGroup.RepairMode.manual, "rebuild it: kubectl xdb rebuild orders orders-2"),
        (.automatic, "when it stays so for 60 s it is rebuilt by itself"),
    ])
    func aServerThatEndsAgainAndAgain(_ mode: XDBGroup.RepairMode, _ next: String) throws {
        var scene = try Golden.scene("healthy")
        let trouble = "CrashLoop: the server ends by itself again and again"
        scene.group.spec.repair.mode = mode
        scene.group.spec.repair.graceSeconds = 60
        scene.group.status.members[2].health = .unhealthy
        scene.group.status.members[2].reason = "AgentProblem"
        scene.group.status.members[2].message = trouble
        if mode == .manual {
            let pending = "orders-2 (AgentProblem: \(trouble)) is not rebuilt: spec.repair.mode is Manual"
            scene.group.status.conditions.append(
                Condition("RepairPending", .true, reason: "RepairPending", message: pending)
            )
        }
        #expect(GroupScreen.text(scene, Style()).contains("Unhealthy: CrashLoop "))
        let problems = Problem.all(scene)
        #expect(problems.first?.words.hasPrefix("orders-2: \(trouble)") == true)
        #expect(problems.first?.step?.singleSpaced == "look at kubectl xdb logs orders orders-2; \(next)")
        #expect(
            problems.dropFirst().map(\.words)
                == (mode == .manual ? ["orders-2 is not rebuilt: spec.repair.mode is Manual"] : [])
        )
    }

    @Test func whatAFormerGroupOfTheNameWasRefusedIsLeftOut() throws {
        var scene = try Golden.scene("away")
        let refused = Samples.operation("x", "{group: orders, restart: {}}", "state: Failed\nmessage: it was refused")
        scene.operations = [refused]
        let made = try #require(refused.metadata.creationTimestamp)
        for (birth, isTold) in [(made.advanced(by: .seconds(1)), false), (made, true)] {
            scene.group.metadata.creationTimestamp = birth
            #expect(GroupExplanation.text(scene, Style()).contains("it was refused") == isTold)
        }
    }

    @Test func anOperatorThatIsAwayComesFirst() throws {
        var scene = try Golden.scene("healthy")
        var lease = Lease.Spec()
        lease.renewTime = MicroTime(scene.now.advanced(by: .seconds(-300)))
        scene.operatorState.lease = lease
        #expect(Problem.all(scene).first?.words.hasPrefix("the operator has not been at work for 5m") == true)
        lease.renewTime = MicroTime(scene.now.advanced(by: .seconds(-20)))
        scene.operatorState.lease = lease
        #expect(Problem.all(scene).isEmpty)
    }

    @Test func aGroupThatIsNewIsNoMajorityLost() {
        let scene = GroupScene(group: XDBGroup(metadata: ObjectMeta(name: "new", namespace: "shop")), now: Samples.now)
        let text = GroupScreen.text(scene, Style())
        #expect(text.hasPrefix("shop/new  new: the operator has not looked at it yet\n"))
        #expect(text.contains("see whether the operator runs"))
        #expect(GroupTable.text([scene.group], namespaced: false, now: Samples.now, Style()).contains("unknown"))
    }
}
