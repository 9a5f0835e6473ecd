import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Whole lives of groups in a small world that carries out the plans.
struct GroupDecisionTests {
    @Test(arguments: [
        (1, 0, 0, false), (2, 1, 0, false), (3, 0, 0, false), (1, 2, 0, false), (3, 2, 0, true), (2, 1, 2, false),
        (2, 1, 1, true), (5, 0, 3, false),
    ])
    func aNewGroupBecomesWritableAndWhole(_ candidates: Int, _ loggers: Int, _ learners: Int, _ claim: Bool) throws {
        let world = World.writable(
            candidates: candidates,
            loggers: loggers,
            learners: learners == 0 ? [] : [("west", learners)],
            claim: claim
        )
        let total = candidates + loggers + learners
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.group.status.leader == "orders-0")
        #expect(world.group.status.readyMembers == "\(total)/\(total)")
        #expect(world.condition(.repairPending) == nil)
        for type in ConditionType.allCases where type != .repairPending {
            #expect(
                world.condition(type)?.isTrue == (type != .progressing),
                "\(type) \(world.condition(type)?.message ?? "")"
            )
        }
        #expect(world.pods.count { $0.role == .leader } == 1)
        #expect(Set(world.initialized).count == world.initialized.count)
        #expect(world.group.status.members.map(\.ordinal) == Array(0..<total))
        #expect(world.group.status.members.map(\.kind.votes) == (0..<total).map { $0 < candidates + loggers })
        #expect(world.committed.count > 10)
        // A group that is as it should be is left alone.
        let plan = plan(world.observation)
        #expect(plan.status == world.group.status)
        #expect(plan.actions.allSatisfy { if case .ensure = $0 { true } else { false } })
        #expect(plan.events == [])
    }

    @Test func bootstrappingGoesOnWhereverTheOperatorIsReplaced() {
        for period in 1...7 {
            var world = World()
            for round in 0..<80 {
                world.reconcile()
                if round % period == 0 { world.restartOperator() }
                world.tick()
            }
            #expect(world.condition(.writable)?.isTrue == true, "replaced every \(period) rounds")
            #expect(world.group.status.epoch == Epoch(rawValue: 1))
            #expect(Set(world.initialized).count == world.initialized.count)
        }
    }

    @Test func bootstrappingGoesOnWhateverPrefixOfAPlanIsCarriedOut() {
        for cutOff in 0...12 {
            var world = World()
            for round in 0..<120 {
                var plan = plan(world.observation)
                // Every second plan is cut short after so many effects, as by a crash between two of them.
                if round.isMultiple(of: 2) { plan.actions = Array(plan.actions.prefix(cutOff)) }
                world.carryOut(plan, version: world.group.metadata.resourceVersion)
                world.tick()
            }
            #expect(world.condition(.writable)?.isTrue == true, "cut off after \(cutOff) actions")
        }
    }

    @Test func aPlanThatIsTooOldDoesNothing() {
        var world = World.writable()
        let before = world.observation
        world.stopServer(of: "orders-0")
        let stale = plan(world.observation)
        #expect(stale.actions.contains { if case .seal = $0 { true } else { false } })
        world.run(6)
        let epoch = world.group.status.epoch
        world.carryOut(stale, version: before.group.metadata.resourceVersion)
        #expect(world.group.status.epoch == epoch)
        world.run(6)
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func twoOperatorsAtOnceDoNoHarm() {
        var world = World()
        for round in 0..<120 {
            let version = world.group.metadata.resourceVersion
            let first = plan(world.observation)
            let second = plan(world.observation)
            world.carryOut(first, version: version)
            world.carryOut(second, version: version)
            world.tick()
            if round == 60 { world.stopServer(of: world.group.status.leader ?? "") }
        }
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
    }

    @Test func aLeaderWhoseServerEndedIsFollowedByAnElection() throws {
        var world = World.writable()
        world.stopServer(of: "orders-0")
        world.run(8)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
        #expect(world.condition(.writable)?.isTrue == true)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.reason.contains("orders-0 has given up leading"))
        #expect(record.verdict == .serverGone)
        #expect(record.voters == ["orders-0", "orders-1", "orders-2"])
        #expect(world.events.contains { $0.reason == .elected })
        #expect(world.group.status.epochs.map(\.epoch.rawValue) == [2, 1])
    }

    @Test func aLeaderWhoseNodeDiesIsReplacedAfterTheConfiguredSilence() throws {
        var world = World.writable()
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(5)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.condition(.fullyRedundant)?.reason == Reason.nodeNotReady.rawValue)
        #expect(world.pods.first { $0.role == .leader }?.member == "orders-1")
        world.power(node, on: true)
        world.run(12)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.member("orders-0")?.role == .follower)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
    }

    @Test func anOperatorThatIsCutOffDeposesNobody() {
        var world = World.writable()
        world.operatorIsCutOff = true
        world.run(40)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.status == .unknown)
        world.operatorIsCutOff = false
        world.run(3)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func aLeaderThatTheOthersHearIsKept() {
        var world = World.writable()
        // The path between the operator and one pod is broken; the voters still hear their leader.
        for _ in 0..<20 {
            world.heard["orders-0"]?.age = .seconds(60)
            world.reconcile()
        }
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.message.contains("still hears it") == true)
    }

    @Test func withoutAMajorityNobodyIsElectedAndTheMissingAreNamed() {
        var world = World.writable()
        world.power(world.node(of: "orders-0"), on: false)
        world.power(world.node(of: "orders-2"), on: false)
        world.run(20)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.isTrue != true)
        world.power(world.node(of: "orders-2"), on: true)
        world.run(20)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.group.status.leader == "orders-1")
    }

    @Test func podsThatVanishAreMadeAgainOnTheSameNode() throws {
        var world = World.writable()
        for member in ["orders-1", "orders-2", "orders-0"] {
            let node = world.node(of: member)
            world.deletePod { $0.member == member }
            let plan = world.reconcile()
            let made = plan.actions.compactMap { if case .createPod(let pod) = $0 { pod } else { nil } }
            #expect(made.map(\.placement) == [.pinned(node: node)])
            world.run(12)
            #expect(world.condition(.fullyRedundant)?.isTrue == true)
        }
        #expect(Set(world.initialized).count == 3 && world.initialized.count == 3)
    }

    @Test func aMemberWhoseDataAreGoneIsReportedAndNotMadeAnew() throws {
        var world = World.writable()
        world.deletePod { $0.member == "orders-1" }
        for place in world.disks.keys where place.contains("orders-1") { world.disks[place] = nil }
        world.run(20)
        #expect(world.initialized.filter { $0 == "orders-1" }.count == 1)
        let member = try #require(world.member("orders-1"))
        #expect(member.reason == Reason.dataMissing.rawValue)
        #expect(!member.promotable)
        #expect(world.condition(.fullyRedundant)?.reason == Reason.dataMissing.rawValue)
        #expect(world.events.contains { $0.reason == .dataMissing && $0.message.contains("orders-1") })
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func theAnswerOfAMemberWithoutItsDataDoesNotCount() {
        var world = World.writable()
        world.deletePod { $0.member == "orders-1" }
        for place in world.disks.keys where place.contains("orders-1") { world.disks[place] = nil }
        world.run(4)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(30)
        // orders-2 alone has the log; orders-1 is empty and must not make up a majority with it.
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.isTrue != true)
        #expect(world.condition(.progressing)?.message.contains("orders-") == true)
    }

    @Test func aCandidateBehindTheLoggerCompletesItsLogFromIt() throws {
        var world = World.writable()
        // orders-1 misses what the leader and the logger commit.
        world.cut.insert(world.node(of: "orders-1"))
        world.run(6)
        let end = try #require(world.committed.last)
        world.power(world.node(of: "orders-0"), on: false)
        world.cut.remove(world.node(of: "orders-1"))
        world.run(20)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.leader == "orders-1")
        #expect(record.source == "orders-2")
        #expect(record.start >= end)
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func anElectionThatWasBegunAndNotRecordedIsFinished() {
        var world = World.writable()
        world.perform(.seal(members: ["orders-1"], SealRequest(epoch: Epoch(rawValue: 2))))
        world.restartOperator()
        world.run(12)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    @Test func aVoterThatHasPromisedMoreThanTheStatusKnowsLeadsToANewerEpoch() {
        var world = World.writable()
        world.perform(.seal(members: ["orders-2"], SealRequest(epoch: Epoch(rawValue: 9))))
        world.restartOperator()
        world.run(12)
        #expect(world.group.status.epoch == Epoch(rawValue: 10))
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    @Test func aPausedGroupIsObservedAndLeftAlone() throws {
        var world = World.writable()
        world.group.spec.paused = true
        world.stopServer(of: "orders-0")
        world.deletePod { $0.member == "orders-2" }
        let plan = world.reconcile()
        #expect(plan.actions == [])
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        let condition = try #require(world.condition(.progressing))
        #expect(condition.reason == Reason.paused.rawValue)
        #expect(condition.message.contains("make the pod orders-2"))
        #expect(world.condition(.writable)?.isTrue == false)
        world.group.spec.paused = false
        world.run(15)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    @Test func aRefusedSpecIsNamedAndTouchesNothing() throws {
        var world = World()
        world.group.spec.members.candidates = 2
        world.group.spec.members.loggers = 2
        let plan = world.reconcile()
        #expect(plan.actions == [])
        let condition = try #require(world.condition(.specValid))
        #expect(condition.status == .false)
        #expect(condition.reason == Reason.invalidSpec.rawValue)
        #expect(condition.message.contains("spec.members"))
        #expect(plan.events.map(\.reason) == [.invalidSpec])
        #expect(world.reconcile().events == [])
        world.group.spec.members.loggers = 1
        world.run(30)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.condition(.specValid)?.isTrue == true)
    }

    @Test func changesThatOldServersLetThroughAreRefusedHere() throws {
        var world = World.writable()
        world.group.spec.storage.hostPath?.path = "/elsewhere"
        #expect(world.reconcile().actions == [])
        #expect(try #require(world.condition(.specValid)).message.contains("storage cannot be changed"))
    }

    @Test func learnersComeAndGo() throws {
        var world = World.writable(learners: [("west", 1)])
        world.nodes.append(NodeObservation(name: "n9", zone: "c"))
        var east = XDBGroup.LearnerSet()
        east.name = "east"
        world.group.spec.members.learners.append(east)
        world.run(15)
        #expect(world.member("orders-4")?.learnerSet == "east")
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        let disks = world.disks.count
        world.group.spec.members.learners.removeFirst()
        world.run(10)
        #expect(world.member("orders-3") == nil)
        #expect(world.member("orders-4")?.learnerSet == "east")
        #expect(world.disks.count == disks - 1)
        #expect(world.cleanups.isEmpty)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    @Test(arguments: [false, true])
    func deletionRemovesEverything(_ claim: Bool) {
        var world = World.writable(claim: claim)
        world.group.metadata.deletionTimestamp = world.now
        world.run(10)
        #expect(world.finalized)
        #expect(world.pods == [])
        #expect(world.claims == [])
        #expect(world.disks == [:])
    }

    @Test(arguments: [false, true])
    func deletionKeepsTheDataThatAreToBeRetained(_ claim: Bool) {
        var world = World.writable(claim: claim)
        world.group.spec.storage.onDelete = .retain
        world.run(2)
        world.group.metadata.deletionTimestamp = world.now
        world.run(10)
        #expect(world.finalized)
        #expect(world.pods == [])
        #expect(world.disks.count == 3)
        #expect(world.claims.count == (claim ? 3 : 0))
    }

    /// Only servers whose data stay are given time to end in order.
    @Test(arguments: [false, true])
    func podsEndInOrderWhenTheirDataStay(_ stay: Bool) {
        var world = World.writable()
        if stay { world.group.spec.storage.onDelete = .retain }
        world.group.metadata.deletionTimestamp = world.now
        let actions = world.reconcile().actions
        #expect(actions.count { if case .deletePod = $0 { true } else { false } } == (stay ? 3 : 0))
        #expect(actions.count { if case .discardPod = $0 { true } else { false } } == (stay ? 0 : 3))
    }

    @Test func deletionWaitsForANodeThatIsAwayUnlessItIsGone() throws {
        var world = World.writable()
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.group.metadata.deletionTimestamp = world.now
        world.run(10)
        #expect(!world.finalized)
        #expect(world.group.status.message?.contains(node) == true)
        #expect(world.events.contains { $0.reason == .cleanupPending })
        world.nodes.removeAll { $0.name == node }
        world.run(4)
        #expect(world.finalized)
    }

    /// Random faults; the world itself checks that an epoch has one leader and that nothing committed is lost.
    @Test(arguments: UInt64(0)..<24)
    func noStoryOfFaultsLosesACommitOrGetsStuck(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var world = World.writable(candidates: seed.isMultiple(of: 3) ? 3 : 2, loggers: seed.isMultiple(of: 3) ? 2 : 1)
        for _ in 0..<40 {
            let member = world.group.status.members.randomElement(using: &random)?.name ?? ""
            let node = world.node(of: member)
            switch Int.random(in: 0..<9, using: &random) {
            case 0: world.stopServer(of: member)
            case 1: world.deletePod { $0.member == member }
            case 2: world.power(node, on: false)
            case 3: world.power(node, on: true)
            case 4: world.cut.insert(node)
            case 5: world.cut.remove(node)
            case 6: world.restartOperator()
            case 7: world.operatorIsCutOff.toggle()
            default: break
            }
            world.run(Int.random(in: 0..<8, using: &random))
        }
        world.operatorIsCutOff = false
        world.cut = []
        for node in world.nodes { world.power(node.name, on: true) }
        world.run(40)
        let committed = world.committed.count
        world.run(2)
        #expect(world.condition(.writable)?.isTrue == true, "\(world.condition(.writable)?.message ?? "")")
        #expect(world.condition(.fullyRedundant)?.isTrue == true, "\(world.condition(.fullyRedundant)?.message ?? "")")
        #expect(world.committed.count > committed)
        #expect(Set(world.initialized).count == world.initialized.count)
    }
}
