import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What a balance plans.
struct BalancePlanTests {
    private typealias Scene = NodeWorkTests.Scene

    private static func planned(_ scene: Scene) -> XDBOperation.Plan {
        var scene = scene
        scene.operation.spec.dryRun = true
        scene.reconcile()
        return scene.balance
    }

    @Test func leadersOfOneNodeAreSpread() {
        var scene = Scene.balance()
        for name in ["a", "b", "c"] { scene.add(whole: name, on: ["n1", "n2"], loggers: ["n3"]) }
        scene.add(whole: "d", on: ["n1", "n3"], loggers: ["n2"])
        let plan = Self.planned(scene)
        #expect(plan.handovers.map { "\($0.group) \($0.from) \($0.to) \($0.toNode)" }.count == 2)
        #expect(plan.handovers.contains { $0.group == "shop/d" && $0.to == "d-1" && $0.toNode == "n3" })
        #expect(plan.moves.isEmpty)
        #expect(plan.remarks.isEmpty)
        // Nobody could lead on n4, so that it does not count.
        #expect(plan.nodes.map(\.node) == ["n1", "n2", "n3"])
        #expect(plan.nodes.map(\.leadersBefore) == [4, 0, 0])
        #expect(plan.nodes.map(\.leadersAfter) == [2, 1, 1])
        #expect(plan.summary == "2 changes of leader: leaders n1 4 -> 2, n2 0 -> 1, n3 0 -> 1")
    }

    @Test func whatIsEvenIsLeftAsItIs() {
        var scene = Scene.balance(.all)
        scene.add(whole: "a", on: ["n1", "n2"], loggers: ["n3"])
        scene.add(whole: "b", on: ["n2", "n4"], loggers: ["n1"])
        let plan = Self.planned(scene)
        #expect(plan.moves.isEmpty)
        #expect(plan.handovers.isEmpty)
        #expect(plan.summary.hasPrefix("nothing is to be done: members n1 2, n2 2, n3 1, n4 1"))
    }

    /// Of the leaders that n1 has, those of e and f can go nowhere.
    @Test func whatLimitsItIsTold() throws {
        var scene = Scene.balance()
        for name in ["a", "b", "c", "d"] { scene.add(whole: name, on: ["n1", "n2"], loggers: ["n4"]) }
        for name in ["e", "f"] { scene.add(whole: name, on: ["n1"], loggers: ["n2", "n4"]) }
        scene.add(whole: "g", on: ["n3"], loggers: ["n2", "n4"])
        let plan = Self.planned(scene)
        #expect(plan.nodes.map(\.leadersAfter) == [3, 3, 1, 0])
        let remark = try #require(plan.remarks.first)
        #expect(remark.contains("from 1 on n3 to 3 on n1, n2"), "\(remark)")
        #expect(remark.contains("no group led on n1, n2 that may be touched has a candidate elsewhere"), "\(remark)")
    }

    struct Exemption: CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var change: @Sendable (inout NodeWorkTests.Scene) -> Void
    }

    static let exemptions = [
        Exemption(testDescription: "paused", words: "spec.paused") { $0.change("a") { $0.spec.paused = true } },
        Exemption(testDescription: "maintenance", words: "a-1 is under maintenance") {
            $0.change("a") { $0.spec.maintenance = ["a-1"] }
        },
        Exemption(testDescription: "opted out", words: "the annotation \(Label.balance) is disabled") {
            $0.change("a") { $0.metadata.annotations[Label.balance] = "disabled" }
        },
        Exemption(testDescription: "going", words: "it is being deleted") { scene in
            let now = scene.now
            scene.change("a") { $0.metadata.deletionTimestamp = now }
        },
        Exemption(testDescription: "not whole", words: "it is not FullyRedundant: a-2 is away") { scene in
            let now = scene.now
            scene.change("a") {
                let condition = Condition("FullyRedundant", .false, reason: "x", message: "a-2 is away")
                $0.status.conditions.set(condition, now: now)
            }
        },
        Exemption(testDescription: "without a leader", words: "it has had no leader yet") {
            $0.change("a") { ($0.status.epoch, $0.status.leader) = (.none, nil) }
        },
        Exemption(testDescription: "a rebuild", words: "a-1 is being rebuilt") {
            $0.change("a") {
                $0.status.rebuild = XDBGroup.RebuildStatus()
                $0.status.rebuild?.member = "a-1"
            }
        },
        Exemption(testDescription: "an operation", words: "operation other is under way") { scene in
            var spec = XDBOperation.Spec()
            spec.group = "a"
            spec.restart = XDBOperation.Restart()
            scene.operations = [XDBOperation(metadata: ObjectMeta(name: "other", namespace: "shop"), spec: spec)]
        },
        Exemption(testDescription: "its node is cordoned", words: "node n1 is cordoned, and a-0 leads there") {
            $0["n1"].isCordoned = true
        },
    ]

    @Test(arguments: exemptions)
    func whoIsLeftAloneIsNamed(_ exemption: Exemption) {
        var scene = Scene.balance()
        scene.add(whole: "a", on: ["n1", "n2"], loggers: ["n3"])
        exemption.change(&scene)
        let plan = Self.planned(scene)
        #expect(plan.leftAlone.map(\.group) == ["shop/a"])
        #expect(plan.leftAlone.first?.reason.contains(exemption.words) == true, "\(plan.leftAlone)")
        #expect(plan.handovers.isEmpty)
    }

    /// A planned change of leader loses nothing and is asked for by a person.
    @Test func failoversThatAreLeftToPeopleDoNotKeepItFromIt() {
        var scene = Scene.balance()
        for name in ["a", "b"] {
            scene.add(whole: name, on: ["n1", "n2"], loggers: ["n3"])
            scene.change(name) { $0.spec.failover.mode = .manual }
        }
        #expect(Self.planned(scene).handovers.count == 1)
    }

    struct Unfit: CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout XDBGroup.MemberStatus) -> Void
    }

    static let unfit = [
        Unfit(testDescription: "behind") { $0.lagSeconds = 15 },
        Unfit(testDescription: "not healthy") { $0.health = .progressing },
        Unfit(testDescription: "without a vote") { $0.voter = false },
        Unfit(testDescription: "not promotable") { $0.promotable = false },
        Unfit(testDescription: "a newcomer") { $0.newcomer = true },
        Unfit(testDescription: "its vote passes on") { $0.vacant = true },
        Unfit(testDescription: "a learner") { $0.kind = .learner },
    ]

    @Test(arguments: unfit)
    func whoCouldNotLeadIsNotChosen(_ unfit: Unfit) {
        var scene = Scene.balance()
        for name in ["a", "b"] {
            scene.add(whole: name, on: ["n1", "n2"], loggers: ["n3"])
            scene.change(member: "\(name)-1", unfit.change)
        }
        #expect(Self.planned(scene).handovers.isEmpty)
    }

    @Test func groupsOfOtherNamespacesCountWhereTheyAre() {
        var scene = Scene.balance { $0.balance?.namespaces = ["web"] }
        for name in ["a", "b"] { scene.add(whole: name, on: ["n1", "n2"], loggers: ["n3"]) }
        scene.add(whole: "c", on: ["n1", "n2"], loggers: ["n3"])
        scene.change("c") { $0.metadata.namespace = "web" }
        let plan = Self.planned(scene)
        #expect(plan.handovers.map(\.group) == ["web/c"])
        #expect(plan.leftAlone.isEmpty)
    }

    // MARK: Members

    @Test func aNewNodeGetsMembersTheSmallestFirst() {
        var scene = Scene.balance(.members)
        for (index, name) in ["a", "b", "c", "d"].enumerated() {
            scene.add(whole: name, on: ["n1", "n2"], loggers: ["n3"])
            scene.dataBytes[ObjectKey(namespace: "shop", name: name)] = (4 - index) << 20
        }
        let plan = Self.planned(scene)
        #expect(plan.nodes.map(\.membersAfter) == [4, 3, 3, 2] || plan.nodes.map(\.membersAfter) == [3, 3, 3, 3])
        #expect(plan.nodes.map(\.membersAfter).reduce(0, +) == 12)
        #expect(plan.moves.allSatisfy { $0.toNode == "n4" })
        // A leader's member stays, and loggers cost nothing.
        #expect(plan.moves.allSatisfy { !$0.member.hasSuffix("-0") })
        #expect(plan.moves.first?.kind == .logger)
        #expect(plan.moves.map { $0.bytes ?? -1 } == plan.moves.map { $0.bytes ?? -1 }.sorted())
    }

    @Test func membersStayInTheirZones() {
        var scene = Scene.balance(.members)
        for (name, zone) in [("n1", "a"), ("n2", "a"), ("n3", "b"), ("n4", "b")] { scene[name].zone = zone }
        for name in ["a", "b"] { scene.add(whole: name, on: ["n1", "n3"]) }
        let plan = Self.planned(scene)
        #expect(plan.moves.map(\.fromNode) == ["n3"])
        #expect(plan.moves.map(\.toNode) == ["n4"])
        // Both lead on n1, and stay.
        #expect(plan.remarks.count == 1)
        #expect(plan.remarks.first?.contains("members are not within 1 of each other, from 0 on n2 to 2 on n1") == true)
    }

    /// Leaders are spread over where members will be.
    @Test func leadersFollowTheMembers() {
        var scene = Scene.balance(.all)
        for name in ["a", "b", "c", "d"] { scene.add(whole: name, on: ["n1", "n2", "n3"]) }
        let plan = Self.planned(scene)
        #expect(plan.nodes.map(\.leadersAfter) == [1, 1, 1, 1])
        #expect(plan.nodes.map(\.membersAfter).max() == 4)
        for handover in plan.handovers where handover.toNode == "n4" {
            let member = "shop/\(handover.to)"
            #expect(plan.moves.contains { $0.member == member && $0.toNode == "n4" })
        }
    }

    // MARK: Whatever the cluster looks like

    /// Nodes in zones, some of them of no use, and groups of three or five on some of them.
    private static func random(_ what: XDBOperation.Balance.What, seed: Int) -> NodeWorkTests.Scene {
        var random = SeededGenerator(seed: UInt64(seed))
        var scene = NodeWorkTests.Scene.balance(what)
        let zones = Int.random(in: 1...2, using: &random)
        scene.nodes = (1...Int.random(in: 5...7, using: &random)).map { index in
            var node = NodeObservation(name: "n\(index)", zone: index % zones == 0 ? "a" : "b")
            switch Int.random(in: 0..<12, using: &random) {
            case 0: node.isOffline = true
            case 1: node.isCordoned = true
            case 2: node.ready = .unknown
            default: break
            }
            return node
        }
        for index in 0..<Int.random(in: 1...8, using: &random) {
            let places = scene.nodes.map(\.name).shuffled(using: &random)
            let candidates = Int.random(in: 1...3, using: &random)
            scene.add(
                whole: "g\(index)",
                on: Array(places.prefix(candidates)),
                loggers: Array(places.dropFirst(candidates).prefix(candidates == 2 ? 1 : 2))
            )
            if Int.random(in: 0..<6, using: &random) == 0 { scene.change("g\(index)") { $0.spec.paused = true } }
        }
        return scene
    }

    @Test(arguments: [XDBOperation.Balance.What.leaders, .members, .all])
    func aPlanBreaksNothingAndNothingIsLeftToDo(_ what: XDBOperation.Balance.What) {
        for seed in 1...200 {
            var scene = Self.random(what, seed: seed)
            let plan = Self.planned(scene)
            let unusable = Set(scene.nodes.filter { BalanceScope.state(of: $0) != nil }.map(\.name))
            for move in plan.moves {
                #expect(!unusable.contains(move.toNode ?? ""), "seed \(seed)")
                #expect(move.fromZone == move.toZone, "seed \(seed)")
                let name = String(move.member.dropFirst("shop/".count))
                #expect(!scene.groups.contains { $0.status.leader == name }, "seed \(seed)")
                scene.change(member: name) { $0.node = move.toNode }
                for group in scene.groups {
                    let nodes = group.status.members.map(\.node)
                    #expect(Set(nodes).count == nodes.count, "seed \(seed): two members share a node")
                }
            }
            #expect(Set(plan.handovers.map(\.group)).count == plan.handovers.count, "seed \(seed)")
            for handover in plan.handovers {
                #expect(!unusable.contains(handover.toNode), "seed \(seed)")
                scene.lead(String(handover.group.dropFirst("shop/".count)), handover.to)
            }
            for node in plan.nodes {
                #expect(scene.leaders[node.node] ?? 0 == node.leadersAfter, "seed \(seed)")
                #expect(scene.members[node.node] ?? 0 == node.membersAfter, "seed \(seed)")
                if unusable.contains(node.node) {
                    #expect(node.leadersAfter <= node.leadersBefore, "seed \(seed)")
                    #expect(node.membersAfter <= node.membersBefore, "seed \(seed)")
                }
            }
            if what == .leaders, plan.remarks.isEmpty {
                let counts = plan.nodes.filter { $0.message == nil && hasCandidate($0.node, scene) }.map(\.leadersAfter)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "seed \(seed)")
            }
            guard what != .all else { continue }
            let again = Self.planned(scene)
            #expect(again.moves.isEmpty && again.handovers.isEmpty, "seed \(seed): \(again.summary)")
        }
    }

    private func hasCandidate(_ node: String, _ scene: NodeWorkTests.Scene) -> Bool {
        scene.groups.contains { $0.status.members.contains { $0.node == node && $0.kind == .candidate } }
    }
}
