import Foundation
import KubernetesModel
import Testing
import XDB
import YAML

@testable import Console

/// Whole screens, compared with `Golden/NAME.txt`.
///
/// What they are made from is in `Golden/NAME.yaml`: statuses of a real group, of a moment in which just this went on.
/// With XDB_UPDATE_GOLDEN set the screens are written instead; the difference is then read by a person in the commit.
@Suite struct GroupScreenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    @Test(arguments: ["healthy", "away", "rebuild", "pending", "majority"])
    func aScreenIsAsItWas(_ name: String) throws {
        let scene = try Self.scene(name)
        let screens = [
            ("status", GroupScreen.text(scene, Style(), width: 110)),
            ("explain", GroupExplanation.text(scene, Style(), width: 110)),
        ]
        for (command, text) in screens { try Self.expectGolden(text, "\(name).\(command).txt") }
    }

    @Test(arguments: [("rebuild", "orders-0-rebuild-dqdrc"), ("pending", "orders-failover-3")])
    func anOperationIsAsItWas(_ name: String, _ operation: String) throws {
        let scene = try Self.scene(name)
        let found = try #require(scene.operations?.first { $0.metadata.name == operation })
        let text = OperationScreen.text(found, isExplained: true, now: scene.now, Style(), width: 110)
        try Self.expectGolden(text, "\(name).operation.txt")
    }

    /// A terminal of 100 columns and a screen of lines: more is not read at night.
    @Test(arguments: ["healthy", "away", "rebuild", "pending", "majority"])
    func aScreenIsOneScreen(_ name: String) throws {
        let lines = GroupScreen.text(try Self.scene(name), Style(), width: 100).split(
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
        #expect(GroupVerdict(try Self.scene(name).group) == verdict)
    }

    /// What a person can copy.
    @Test(arguments: [
        ("pending", "kubectl xdb change-leader orders -n default"),
        ("away", "kubectl xdb rebuild orders orders-2 --mode CrossHost -n default"),
        ("majority", "kubectl xdb force-leader orders orders-0 --accept-data-loss -n default"),
        ("rebuild", "kubectl xdb ops orders-0-rebuild-dqdrc --watch -n default"),
    ])
    func theNextStepIsACommand(_ name: String, _ command: String) throws {
        var scene = try Self.scene(name)
        scene.invocation.options = ["-n", "default"]
        let text = GroupScreen.text(scene, Style()).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains(command), "\(text)")
    }

    /// Without a majority nothing is said that would make people rebuild or force in haste.
    @Test func withoutAMajorityTheFirstStepLosesNothing() throws {
        let steps = Problem.all(try Self.scene("majority")).compactMap(\.step)
        #expect(steps.count == 1)
        #expect(steps.first?.hasPrefix("bring back orders-1 and orders-2 (nodes node2 and node4)") == true)
        #expect(steps.first?.contains("Only when they are gone for good") == true)
    }

    @Test func whatMayNotBeSeenIsLeftOut() throws {
        var scene = try Self.scene("away")
        scene.nodes = nil
        scene.operations = nil
        scene.hidden = ["operations: you may not list them"]
        let text = GroupScreen.text(scene, Style())
        #expect(!text.contains("(not ready)"))
        #expect(text.contains("node2"))
        #expect(text.hasSuffix("Not shown: operations: you may not list them\n"))
    }

    @Test func anOperatorThatIsAwayComesFirst() throws {
        var scene = try Self.scene("healthy")
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

    // MARK: Samples

    private static func expectGolden(_ text: String, _ name: String) throws {
        let file = folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["XDB_UPDATE_GOLDEN"] != nil {
            return try Data(text.utf8).write(to: file)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "Golden/\(name) differs")
    }

    private static func scene(_ name: String) throws -> GroupScene {
        let text = try String(contentsOf: folder.appendingPathComponent("\(name).yaml"), encoding: .utf8)
        let documents = try YAML.documents(text).map(\.json)
        let setting = try #require(documents.first)
        let nodes = (setting["nodes"]?.objectValue ?? [:]).map { name, state in
            Samples.node(name, zone: name < "node3" ? "a" : "b", ready: state == "Ready")
        }
        return GroupScene(
            group: try #require(documents.dropFirst().first).decoded(),
            operations: OperationTable.sorted(try documents.dropFirst(2).map { try $0.decoded() }),
            nodes: nodes,
            operatorState: OperatorState(failoverMode: .automatic),
            now: try #require(setting["now"]?.stringValue.flatMap { Time($0) })
        )
    }
}
