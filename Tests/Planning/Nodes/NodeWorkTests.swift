import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Operations on nodes, against groups that are tables.
struct NodeWorkTests {
    /// Nodes n1 to n4, and what an operation and its observer make of them.
    struct Scene {
        var operation: XDBOperation
        var nodes = (1...4).map { NodeObservation(name: "n\($0)") }
        var groups: [XDBGroup] = []
        var operations: [XDBOperation] = []
        var now = Time(seconds: 1_700_000_000)
        var marks: [String] = []
        var dataBytes: [ObjectKey: Int] = [:]

        init(namespace: String = "xdb-system", _ work: (inout XDBOperation.Spec) -> Void) {
            var spec = XDBOperation.Spec()
            work(&spec)
            operation = XDBOperation(metadata: ObjectMeta(name: "work", namespace: namespace), spec: spec)
            operation.metadata.uid = "uid of work"
            operation.metadata.creationTimestamp = now
        }

        static func offline(_ node: String, force: Bool = false) -> Scene {
            Scene {
                $0.offlineNode = XDBOperation.OfflineNode()
                $0.offlineNode?.node = node
                $0.offlineNode?.force = force
            }
        }

        static func recover(_ node: String, restoreLeaders: Bool = false) -> Scene {
            Scene {
                $0.recoverNode = XDBOperation.RecoverNode()
                $0.recoverNode?.node = node
                $0.recoverNode?.restoreLeaders = restoreLeaders
            }
        }

        var plan: NodeWorkPlan {
            var observation = NodeWorkObservation(operation: operation, now: now, operatorNamespace: "xdb-system")
            observation.nodes = nodes
            observation.groups = groups
            observation.operations = operations
            observation.dataBytes = dataBytes
            return Planning.plan(observation)
        }

        /// One round; with `isInterrupted` the operator ends between the record and what was to come of it.
        @discardableResult
        mutating func reconcile(isInterrupted: Bool = false) -> NodeWorkPlan {
            let plan = plan
            operation.status = plan.status
            now = now.advanced(by: .seconds(1))
            guard !isInterrupted else { return plan }
            for action in plan.actions {
                switch action {
                case .mark(let node, let isOffline):
                    marks.append("\(node) \(isOffline)")
                    self[node].isOffline = isOffline
                case .createOperation(let key, let spec):
                    guard !operations.contains(where: { $0.key == key }) else { continue }
                    let metadata = ObjectMeta(name: key.name, namespace: key.namespace)
                    operations.append(XDBOperation(metadata: metadata, spec: spec))
                }
            }
            return plan
        }

        subscript(node: String) -> NodeObservation {
            get { nodes.first { $0.name == node } ?? NodeObservation(name: node) }
            set { for index in nodes.indices where nodes[index].name == node { nodes[index] = newValue } }
        }

        var state: XDBOperation.State? { operation.status.state }
        var message: String { operation.status.message ?? "" }

        /// The operations that were made are refused.
        mutating func refuse(_ message: String) {
            for index in operations.indices where !operations[index].isFinished {
                operations[index].status.state = .failed
                operations[index].status.message = message
                operations[index].status.completionTime = now
            }
        }

        func words(of step: String) -> String? { operation.status.steps.first { $0.name == step }?.message }

        /// A group of candidates on nodes and loggers on others, led by the first.
        mutating func add(_ name: String, on nodes: [String], loggers: [String] = []) {
            var group = XDBGroup(metadata: ObjectMeta(name: name, namespace: "shop"))
            group.status.members = (nodes + loggers).enumerated().map { ordinal, node in
                var member = XDBGroup.MemberStatus()
                member.name = "\(name)-\(ordinal)"
                member.ordinal = ordinal
                member.kind = ordinal < nodes.count ? .candidate : .logger
                member.node = node
                member.voter = true
                member.joined = true
                member.health = .healthy
                return member
            }
            groups.append(group)
            lead(name, "\(name)-0")
        }

        /// A member takes writes from now on.
        mutating func lead(_ group: String, _ member: String) {
            let now = now
            change(group) { group in
                group.status.leader = member
                group.status.epoch = group.status.epoch.next
                group.status.conditions.set(Condition("Writable", .true, reason: "Writable", message: ""), now: now)
            }
        }

        mutating func change(_ group: String, _ body: (inout XDBGroup) -> Void) {
            for index in groups.indices where groups[index].metadata.name == group { body(&groups[index]) }
        }

        mutating func change(member: String, _ body: (inout XDBGroup.MemberStatus) -> Void) {
            for group in groups.indices {
                for index in groups[group].status.members.indices
                where groups[group].status.members[index].name == member {
                    body(&groups[group].status.members[index])
                }
            }
        }
    }

    // MARK: What is refused

    @Test func itIsAcceptedInTheOperatorsNamespaceOnly() {
        var scene = Scene(namespace: "shop") {
            $0.offlineNode = XDBOperation.OfflineNode()
            $0.offlineNode?.node = "n1"
        }
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message.contains("in namespace xdb-system only"))
        #expect(scene.marks.isEmpty)
    }

    @Test func aNodeThatIsNotThereIsNamed() {
        var scene = Scene.offline("n9")
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message == "there is no node n9; the nodes are n1, n2, n3, n4")
        var recovery = Scene.recover("n9")
        recovery.reconcile()
        #expect(recovery.state == .failed)
    }

    struct Objection: CustomTestStringConvertible {
        var testDescription: String
        var candidates: [String]
        var loggers: [String] = []
        var change: @Sendable (inout Scene) -> Void = { _ in }
        /// Words of the refusal; nil when there is none.
        var words: String?
    }

    static let objections = [
        Objection(testDescription: "three that are well", candidates: ["n1", "n2"], loggers: ["n3"]),
        Objection(testDescription: "one alone", candidates: ["n1"], words: "shop/a would have no majority"),
        Objection(
            testDescription: "one candidate",
            candidates: ["n1"],
            loggers: ["n2", "n3"],
            words: "no other candidate plays its part"
        ),
        Objection(
            testDescription: "another one ails",
            candidates: ["n1", "n2"],
            loggers: ["n3"],
            change: { $0.change(member: "a-2") { ($0.health, $0.message) = (.unhealthy, "its disk is full") } },
            words: "a-2: its disk is full"
        ),
        Objection(
            testDescription: "another node is offline already",
            candidates: ["n1", "n2"],
            loggers: ["n3"],
            change: { $0["n3"].isOffline = true },
            words: "would have no majority without a-0"
        ),
        Objection(
            testDescription: "it is away already",
            candidates: ["n1"],
            change: { $0["n1"].ready = .unknown }
        ),
        Objection(
            testDescription: "nobody has led yet",
            candidates: ["n1"],
            change: { $0.change("a") { ($0.status.epoch, $0.status.leader) = (.none, nil) } }
        ),
        Objection(testDescription: "it has no member there", candidates: ["n2"]),
    ]

    @Test(arguments: objections)
    func whatWouldTakeNoWritesIsNamed(_ objection: Objection) {
        var scene = Scene.offline("n1")
        scene.add("a", on: objection.candidates, loggers: objection.loggers)
        objection.change(&scene)
        scene.reconcile()
        if let words = objection.words {
            #expect(scene.state == .failed)
            #expect(scene.message.contains(words), "\(scene.message)")
            #expect(scene.message.contains("force: true"))
            #expect(scene.marks.isEmpty)
        } else {
            #expect(scene.marks == ["n1 true"], "\(scene.message)")
        }
        scene.operation.status = XDBOperation.Status()
        scene.operation.spec.offlineNode?.force = true
        scene.reconcile()
        #expect(scene["n1"].isOffline)
    }

    // MARK: Offline

    @Test func leadersAreFollowedUntilAllHaveMoved() {
        var scene = Scene.offline("n1")
        for name in ["a", "b", "c"] { scene.add(name, on: ["n1", "n2"], loggers: ["n3"]) }
        scene.lead("c", "c-1")
        scene.reconcile()
        #expect(scene.operation.status.node == "n1")
        #expect(scene.operation.status.steps.map(\.name) == ["Mark", "Move leader of shop/a", "Move leader of shop/b"])
        scene.reconcile()
        #expect(scene.operation.status.task == "MoveLeaders")
        #expect(scene.message.contains("0 of 2 leaders have moved"))
        scene.lead("b", "b-1")
        scene.reconcile()
        #expect(scene.message.contains("1 of 2 leaders have moved; shop/a: a-0 hands over"))
        scene.lead("a", "a-1")
        scene.reconcile()
        #expect(scene.state == .succeeded)
        #expect(scene.message == "n1 is offline; 2 of 2 leaders have moved")
        #expect(scene.operation.status.steps.allSatisfy { $0.end != nil })
        #expect(scene.words(of: "Move leader of shop/a") == "a-1 leads epoch 2")
        #expect(scene.marks == ["n1 true"])
    }

    @Test func theOperatorMayEndAnywhere() {
        for interruption in 0..<4 {
            var scene = Scene.offline("n1")
            scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
            for round in 0..<8 {
                if round == 3 { scene.lead("a", "a-1") }
                scene.reconcile(isInterrupted: round == interruption)
                if scene.state?.isFinal ?? false { break }
            }
            #expect(scene.state == .succeeded, "after \(interruption)")
            #expect(scene["n1"].isOffline, "after \(interruption)")
        }
    }

    @Test func whoCannotMoveIsNamedInTheEnd() {
        var scene = Scene.offline("n1", force: true)
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene.add("solo", on: ["n1"], loggers: ["n2", "n3"])
        scene.reconcile()
        scene.lead("a", "a-1")
        scene.reconcile()
        #expect(scene.state == .succeeded)
        #expect(scene.message.contains("1 of 2 leaders have moved; shop/solo: solo-0 stays"))
        #expect(scene.message.contains("Their writes stop when the node goes"))
    }

    @Test func whoDoesNotMoveInTimeIsNamedWithTheReason() {
        var scene = Scene.offline("n1")
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene.change("a") { $0.spec.paused = true }
        scene.reconcile()
        scene.reconcile()
        #expect(scene.state == .running)
        scene.now = scene.now.advanced(by: .seconds(601))
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message.contains("shop/a: the group is paused"))
        #expect(scene.message.contains("n1 stays offline"))
        #expect(scene["n1"].isOffline)
    }

    @Test func aLeaderThatDoesNotTakeWritesYetHasNotMoved() {
        var scene = Scene.offline("n1")
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene.reconcile()
        scene.lead("a", "a-1")
        scene.change("a") { group in
            group.status.conditions.set(
                Condition("Writable", .false, reason: "Promoting", message: ""),
                now: Time(seconds: 1_700_000_001)
            )
        }
        scene.reconcile()
        #expect(scene.state == .running)
    }

    @Test func whatSomebodyTakesBackIsNotMarkedAgain() {
        var scene = Scene.offline("n1")
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene.reconcile()
        scene.reconcile()
        scene["n1"].isOffline = false
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message.contains("somebody has brought it back"))
        #expect(scene.marks == ["n1 true"])
    }

    @Test(arguments: [false, true])
    func cancelledItTakesBackWhatItDid(_ wasOffline: Bool) {
        var scene = Scene.offline("n1")
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene["n1"].isOffline = wasOffline
        scene.reconcile()
        scene.operation.spec.cancel = true
        for _ in 0..<4 where scene.state != .cancelled { scene.reconcile() }
        #expect(scene.state == .cancelled)
        #expect(scene["n1"].isOffline == wasOffline)
        #expect(scene.message.contains(wasOffline ? "stays so" : "is not offline"))
    }

    @Test func cancelledBeforeItBeginsItDoesNothing() {
        var scene = Scene.offline("n1")
        scene.operation.spec.cancel = true
        scene.reconcile()
        #expect(scene.state == .cancelled)
        #expect(scene.marks.isEmpty)
    }

    // MARK: Recovery

    /// n1 is offline, and led a, which is led from n2 now.
    private func displaced(restoreLeaders: Bool = true) -> Scene {
        var scene = Scene.recover("n1", restoreLeaders: restoreLeaders)
        scene.add("a", on: ["n1", "n2"], loggers: ["n3"])
        scene["n1"].isOffline = true
        scene.lead("a", "a-1")
        scene.change("a") { group in
            var displaced = XDBGroup.DisplacedLeader()
            (displaced.node, displaced.member) = ("n1", "a-0")
            group.status.displaced = [displaced]
        }
        return scene
    }

    @Test func membersAreFollowedAndLeadersRestored() throws {
        var scene = displaced()
        scene.add("b", on: ["n2", "n3"], loggers: ["n1"])
        scene.change(member: "a-0") { ($0.health, $0.message) = (.progressing, "it receives what it lacks") }
        scene.reconcile()
        #expect(scene.marks == ["n1 false"])
        // The group forgets when its node is back.
        scene.change("a") { $0.status.displaced = [] }
        scene.reconcile()
        #expect(scene.operation.status.task == "Members")
        #expect(scene.message.contains("1 of 2 members play their part; shop/a-0: it receives what it lacks"))
        #expect(scene.words(of: "Member shop/b-2") == "it was there all the time")
        #expect(scene.operations.isEmpty, "a member that lacks something does not lead")
        scene.change(member: "a-0") { $0.health = .healthy }
        scene.reconcile()
        #expect(scene.words(of: "Member shop/a-0") == "it has caught up with what it had")
        #expect(scene.operation.status.task == "RestoreLeaders")
        let child = try #require(scene.operations.first)
        #expect(child.metadata.namespace == "shop")
        #expect(child.spec.group == "a")
        #expect(child.spec.changeLeader?.to == "a-0")
        scene.reconcile()
        #expect(scene.operations.count == 1)
        scene.lead("a", "a-0")
        scene.reconcile()
        #expect(scene.state == .succeeded)
        #expect(scene.message == "n1 is back in service; 2 of 2 members play their part; 1 of 1 leaders are restored")
    }

    /// It has just come back, and lacks a moment's writes.
    @Test func aLeaderThatIsRefusedIsAskedForAgain() {
        var scene = displaced()
        scene.change(member: "a-0") { $0.lagSeconds = 15 }
        scene.reconcile()
        scene.reconcile()
        #expect(scene.operations.isEmpty)
        #expect(scene.words(of: "Lead shop/a-0") == "its server is 15 s behind or more")
        scene.change(member: "a-0") { $0.lagSeconds = 0 }
        for round in 1...3 {
            for _ in 0..<60 where scene.operations.count < round { scene.reconcile() }
            #expect(scene.operations.count == round)
            scene.refuse("a-0 cannot lead: its server is 40 s behind")
            scene.reconcile()
            #expect(scene.operations.count == round, "not at once")
        }
        #expect(scene.words(of: "Lead shop/a-0")?.contains("asked for again after 12 s") == true)
        scene.lead("a", "a-0")
        scene.reconcile()
        #expect(scene.state == .succeeded)
    }

    @Test func aLeaderThatIsRefusedForGoodIsNamed() {
        var scene = displaced()
        for _ in 0..<700 where scene.state?.isFinal != true {
            scene.refuse("a-0 cannot lead: its log is behind")
            scene.reconcile()
        }
        #expect(scene.state == .failed)
        #expect(scene.message.contains("shop/a-0: a-0 cannot lead: its log is behind"))
        #expect(scene.operations.count < 20)
        #expect(!scene["n1"].isOffline)
    }

    /// Whoever leads now: it was done.
    @Test func aLeaderThatHasMovedOnSinceIsRestored() {
        var scene = displaced()
        scene.reconcile()
        scene.reconcile()
        scene.operations[0].status.state = .succeeded
        scene.reconcile()
        #expect(scene.state == .succeeded)
    }

    @Test func leadersStayWhereTheyAreUnlessAskedFor() {
        var scene = displaced(restoreLeaders: false)
        for _ in 0..<3 { scene.reconcile() }
        #expect(scene.state == .succeeded)
        #expect(scene.operations.isEmpty)
    }

    @Test func aMemberThatWasRebuiltIsToldSo() {
        var scene = displaced(restoreLeaders: false)
        scene.change(member: "a-0") { $0.health = .unhealthy }
        scene.reconcile()
        scene.reconcile()
        var spec = XDBOperation.Spec()
        spec.group = "a"
        spec.rebuild = XDBOperation.Rebuild()
        spec.rebuild?.member = "a-0"
        var repair = XDBOperation(metadata: ObjectMeta(name: "a-0-repair-1", namespace: "shop"), spec: spec)
        repair.status.state = .succeeded
        repair.status.completionTime = scene.now
        scene.operations = [repair]
        scene.change(member: "a-0") { ($0.health, $0.node) = (.healthy, "n4") }
        scene.reconcile()
        #expect(scene.words(of: "Member shop/a-0") == "it was rebuilt on n4 by a-0-repair-1")
        #expect(scene.state == .succeeded)
    }

    /// Its members would be rebuilt elsewhere the moment the mark is gone.
    @Test func aNodeThatIsAwayStaysOffline() {
        var scene = displaced()
        scene["n1"].ready = .unknown
        scene.reconcile()
        #expect(scene.state == .pending)
        #expect(scene.message == "n1 is not ready, and stays offline until it is: start it")
        #expect(scene.marks.isEmpty)
        scene.now = scene.now.advanced(by: .seconds(601))
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene["n1"].isOffline)
    }

    @Test func aRecoveryMayBeInterruptedAnywhere() {
        for interruption in 0..<4 {
            var scene = displaced()
            for round in 0..<8 {
                if !scene["n1"].isOffline { scene.change("a") { $0.status.displaced = [] } }
                if !scene.operations.isEmpty, round > 4 { scene.lead("a", "a-0") }
                scene.reconcile(isInterrupted: round == interruption)
                if scene.state?.isFinal ?? false { break }
            }
            #expect(scene.state == .succeeded, "after \(interruption): \(scene.message)")
            #expect(!scene["n1"].isOffline, "after \(interruption)")
            #expect(scene.operations.count == 1)
        }
    }

    @Test func takenOfflineAgainItIsOver() {
        var scene = displaced(restoreLeaders: false)
        scene.change(member: "a-0") { $0.health = .progressing }
        scene.reconcile()
        scene.reconcile()
        scene["n1"].isOffline = true
        scene.reconcile()
        #expect(scene.state == .failed)
        #expect(scene.message == "n1 was taken offline again meanwhile")
    }

    @Test func onlySoManyLeadersAreRestoredAtOnce() {
        var scene = Scene.recover("n1", restoreLeaders: true)
        for number in 1...8 {
            let name = "g\(number)"
            scene.add(name, on: ["n1", "n2"], loggers: ["n3"])
            scene.lead(name, "\(name)-1")
            scene.change(name) { group in
                var displaced = XDBGroup.DisplacedLeader()
                (displaced.node, displaced.member) = ("n1", "\(name)-0")
                group.status.displaced = [displaced]
            }
        }
        scene.reconcile()
        scene.reconcile()
        #expect(scene.operations.count == OfflineNodes.handoversAtOnce)
        scene.operation.spec.timeoutSeconds = 1
        scene.refuse("not now")
        #expect(scene.plan.status.message?.contains("and 5 more, which the steps name") == true)
        scene.operation.spec.timeoutSeconds = 600
        for index in scene.operations.indices { scene.operations[index].status = XDBOperation.Status() }
        scene.lead("g1", "g1-0")
        scene.reconcile()
        scene.reconcile()
        #expect(scene.operations.count == OfflineNodes.handoversAtOnce + 1)
    }
}
