import KubernetesModel
import Testing
import XDB

@testable import Console

/// Whole screens of groups whose members, image or configuration change, or are refused to.
@Suite struct ChangeScreenTests {
    static let moments = [
        "spec-refused", "option-refused", "image-rolls", "image-paused", "image-wrong", "restart", "members-join",
        "members-wait", "members-leave", "maintenance-unknown", "refused",
    ]

    @Test(arguments: moments)
    func aScreenIsAsItWas(_ name: String) throws { try Golden.expectScreens(of: name) }

    @Test(arguments: ["image-wrong", "members-join", "members-wait"])
    func nodesAreAsTheyWere(_ name: String) throws {
        let scene = try Golden.scene(name)
        let report = NodeReport(nodes: scene.nodes, groups: [scene.group])
        try Golden.expect(report.text(namespaced: true, now: scene.now, Style(), width: 110), "\(name).nodes.txt")
    }

    @Test func operationsAreAsTheyWere() throws {
        let scene = try Golden.scene("restart")
        let operations = try #require(scene.operations)
        var text = OperationTable.text(operations, namespaced: false, now: scene.now, Style(), width: 110)
        for operation in operations {
            text += "---\n" + OperationScreen.text(operation, now: scene.now, Style(), width: 110)
        }
        try Golden.expect(text, "restart.ops.txt")
    }

    /// What is wrong, and what to do about it.
    @Test(arguments: [
        ("spec-refused", "Wrong the spec is refused: ", "Next put it right: kubectl edit xdb orders"),
        ("option-refused", "Wrong orders-0, orders-1, orders-2: the server", "take it out: kubectl edit xdb orders"),
        ("image-wrong", "Wrong orders-2 does not play its part with", "put spec.image right: kubectl edit xdb orders"),
        ("refused", "tight-0: the API server refuses the Pod", "look at the quota: kubectl describe resourcequota"),
        (
            "members-wait", "Wrong orders-5 is to get a vote: no node fits",
            "Next add a node, or change the spec: kubectl"
        ),
    ])
    func whatStopsAChangeIsWrong(_ name: String, _ wrong: String, _ next: String) throws {
        let text = GroupScreen.text(try Golden.scene(name), Style()).singleSpaced
        #expect(text.contains(wrong), "\(text)")
        #expect(text.contains(next), "\(text)")
    }

    /// Where to look at what the API server refuses something for.
    @Test(arguments: [
        ("exceeded quota: few, requested: pods=1", "look at the quota: kubectl describe resourcequota -n narrow"),
        ("maximum cpu usage per Container is 1, but limit is 2", "kubectl describe limitrange -n narrow"),
        ("violates PodSecurity \"restricted:latest\"", "kubectl describe namespace narrow -n narrow"),
        ("User \"x\" cannot create resource \"pods\"", "kubectl auth can-i --list -n narrow --as system:"),
        ("admission webhook \"p\" denied the request", "where that is the cause: kubectl edit xdb tight -n narrow"),
    ])
    func theNextStepIsWhereTheRefusalComesFrom(_ words: String, _ step: String) throws {
        var scene = try Golden.scene("refused")
        scene.invocation.options = ["-n", "narrow"]
        let refusal = "the API server refuses the Pod tight-0: \(words)"
        scene.group.status.members[0].message = refusal
        scene.group.status.conditions = []
        #expect(Problem.all(scene).compactMap(\.step).contains { $0.singleSpaced.contains(step) })
        // Of no single member.
        scene.group.status.members = []
        scene.group.status.conditions = [
            Condition("Progressing", .false, reason: "Refused", message: refusal, observedGeneration: 1)
        ]
        #expect(Problem.all(scene).contains { $0.words == refusal && $0.step?.singleSpaced.contains(step) ?? false })
    }

    /// What is being done, and how far it is.
    @Test(arguments: [
        ("image-rolls", "Going on 2 of 3 members have the new image; "),
        ("members-join", "Going on orders-3 is to get a vote: "),
        ("restart", "Going on operation orders-restart-ffbf7, Running, orders-1: 1 of 3 members are restarted"),
    ])
    func whatGoesOnIsNoTrouble(_ name: String, _ words: String) throws {
        let scene = try Golden.scene(name)
        let text = GroupScreen.text(scene, Style()).singleSpaced
        #expect(text.contains(words), "\(text)")
        #expect(text.contains("Wrong nothing Next nothing to do; follow what goes on: kubectl xdb "), "\(text)")
    }

    @Test(arguments: moments)
    func nothingIsSaidTwice(_ name: String) throws {
        let scene = try Golden.scene(name)
        let sentences = Activity.all(scene) + Problem.all(scene).map(\.words)
        for member in scene.status.members {
            guard let message = member.message, member.health != .healthy else { continue }
            #expect(sentences.count { $0.contains(message) } <= 1, "\(sentences)")
        }
    }

    @Test(arguments: moments)
    func aScreenIsOneScreen(_ name: String) throws {
        let lines = GroupScreen.text(try Golden.scene(name), Style(), width: 100)
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 50, "\(lines.count) lines")
        #expect(lines.allSatisfy { $0.count <= 100 && !$0.hasSuffix(" ") })
    }
}
