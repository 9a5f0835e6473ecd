import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Candidates, loggers and learners that come and go while a group lives, in the simulated world.
///
/// The world stops when something committed is lost, when an epoch has two leaders, and when data are removed that a
/// majority of the voters needs.
struct ChangeOfMembersTests {
    static func expectWhole(
        _ world: World,
        _ candidates: Int,
        _ loggers: Int,
        learners: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var world = world
        let members = world.group.status.members
        let words = members.map { "\($0.name): \($0.reason ?? "") \($0.message ?? "")" }.joined(separator: "; ")
        #expect(members.count { $0.kind == .candidate } == candidates, "\(words)", sourceLocation: sourceLocation)
        #expect(members.count { $0.kind == .logger } == loggers, "\(words)", sourceLocation: sourceLocation)
        #expect(members.count { $0.kind == .learner } == learners, "\(words)", sourceLocation: sourceLocation)
        let voters = members.filter { $0.kind.votes }.map(\.name)
        #expect(world.group.status.epochs.first?.voters == voters, sourceLocation: sourceLocation)
        #expect(world.condition(.fullyRedundant)?.isTrue == true, "\(words)", sourceLocation: sourceLocation)
        let progressing = world.condition(.progressing)
        #expect(progressing?.reason == "AsWanted", "\(progressing?.message ?? "")", sourceLocation: sourceLocation)
        #expect(world.group.status.debts.isEmpty, sourceLocation: sourceLocation)
        let names = members.map(\.life).sorted()
        #expect(world.pods.map(\.name).sorted() == names, sourceLocation: sourceLocation)
        #expect(world.disks.count == members.count, "\(world.disks.keys)", sourceLocation: sourceLocation)
        let certificates = world.owned.compactMap { if case .certificate(let life) = $0 { life } else { nil } }
        #expect(certificates.sorted() == names, sourceLocation: sourceLocation)
        let committed = world.committed.count
        world.run(2)
        #expect(world.committed.count > committed, sourceLocation: sourceLocation)
    }

    private static func set(_ world: inout World, _ candidates: Int, _ loggers: Int) {
        world.group.spec.members.candidates = candidates
        world.group.spec.members.loggers = loggers
    }

    /// Only one vote at a time comes or goes, and each time something of the epoch before was committed.
    private static func expectSingleSteps(_ world: World, sourceLocation: SourceLocation = #_sourceLocation) {
        let epochs = world.group.status.epochs
        for (next, last) in zip(epochs, epochs.dropFirst()) {
            let change = Set(next.voters).symmetricDifference(last.voters)
            #expect(change.count <= 1, "\(last.voters) -> \(next.voters)", sourceLocation: sourceLocation)
            if !change.isEmpty { #expect(last.writable != nil, sourceLocation: sourceLocation) }
        }
    }

    private static func world(_ candidates: Int, _ loggers: Int, learners: Int = 0, claim: Bool = false) -> World {
        var world = World.writable(
            candidates: candidates,
            loggers: loggers,
            learners: learners == 0 ? [] : [("west", learners)],
            claim: claim
        )
        for number in world.nodes.count..<9 {
            world.nodes.append(NodeObservation(name: "n\(number + 1)", zone: number.isMultiple(of: 2) ? "a" : "b"))
        }
        return world
    }

    @Test(arguments: [false, true])
    func oneThreeFiveThreeOne(_ claim: Bool) {
        var world = Self.world(1, 0, claim: claim)
        for (candidates, loggers) in [(2, 1), (3, 2), (2, 1), (1, 0)] {
            Self.set(&world, candidates, loggers)
            world.run(60)
            Self.expectWhole(world, candidates, loggers)
            Self.expectSingleSteps(world)
        }
        #expect(world.group.status.former.map(\.name) == ["orders-1", "orders-2", "orders-3", "orders-4"])
        Self.set(&world, 3, 0)
        world.run(60)
        Self.expectWhole(world, 3, 0)
        #expect(world.pods.map(\.name).sorted() == ["orders-0", "orders-1-i2", "orders-2-i2"])
    }

    @Test(
        arguments: [(2, 1), (3, 0), (1, 2), (5, 0), (1, 4), (3, 2), (1, 0)],
        [(1, 2), (3, 0), (2, 3), (1, 0), (5, 0)]
    )
    func fromAnyNumbersToAnyOthers(_ from: (Int, Int), _ to: (Int, Int)) {
        var world = Self.world(from.0, from.1)
        Self.set(&world, to.0, to.1)
        world.run(150)
        Self.expectWhole(world, to.0, to.1)
        Self.expectSingleSteps(world)
    }

    // MARK: Up

    /// A newcomer that receives nothing is waited for by nobody.
    @Test func whoIsNotCaughtUpGetsNoVote() {
        var world = Self.world(1, 0)
        Self.set(&world, 3, 0)
        while world.member("orders-1")?.node == nil { world.run(1) }
        let node = world.node(of: "orders-1")
        world.cut.insert(node)
        world.run(60)
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-2"])
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.member("orders-1")?.voter == false)
        #expect(world.condition(.fullyRedundant)?.isTrue == false)
        world.cut.remove(node)
        world.run(40)
        Self.expectWhole(world, 3, 0)
    }

    /// A newcomer that has not joined when its node dies begins anew on another, and what there is of it is removed later.
    @Test(arguments: [false, true])
    func aNewcomerWhoseNodeDiesBeforeItJoinsBeginsAnewElsewhere(_ claim: Bool) throws {
        var world = Self.world(1, 0, claim: claim)
        world.group.spec.repair.graceSeconds = 20
        // What is on its way to a new member waits, so that it has a node and no data.
        let known = Set(world.pods.map(\.name))
        Self.set(&world, 3, 0)
        for _ in 0..<100 where world.member("orders-1")?.node == nil {
            world.run(1)
            for pod in world.pods where !known.contains(pod.name) { world.cut.insert(pod.node ?? "") }
        }
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.cut = []
        world.run(10)
        #expect(world.node(of: "orders-1") == node, "it has its time to come back")
        world.run(80)
        #expect(world.member("orders-1")?.joined == true)
        #expect(world.node(of: "orders-1") != node)
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-1", "orders-2"])
        world.power(node, on: true)
        world.run(40)
        Self.expectWhole(world, 3, 0)
    }

    /// Where no other node can take it, it waits for its own.
    @Test func aNewcomerWithoutAnotherNodeKeepsItsOwn() throws {
        var world = Self.world(1, 0)
        world.group.spec.repair.graceSeconds = 20
        Self.set(&world, 3, 0)
        for _ in 0..<100 where world.member("orders-1")?.node == nil {
            world.run(1)
            for pod in world.pods where pod.name != "orders-0" { world.cut.insert(pod.node ?? "") }
        }
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        for index in world.nodes.indices { world.nodes[index].isCordoned = true }
        world.cut = []
        world.run(60)
        #expect(world.member("orders-1")?.incarnation == 1)
        #expect(world.node(of: "orders-1") == node)
        world.power(node, on: true)
        for index in world.nodes.indices { world.nodes[index].isCordoned = false }
        world.run(60)
        Self.expectWhole(world, 3, 0)
    }

    /// Between three and five votes there are four, of which three are needed: the fourth comes only when three play their part.
    @Test func aVoteThatWouldTakeTheMajorityWaits() throws {
        var world = Self.world(3, 0)
        let away = try #require(world.group.status.members.last { $0.name != world.group.status.leader })
        world.power(away.node ?? "", on: false)
        world.run(20)
        world.group.spec.repair.mode = .manual
        Self.set(&world, 3, 2)
        world.run(60)
        // With one away, four voters commit with three, and five with three.
        #expect(world.group.status.epochs.first?.voters.count == 5)
        #expect(world.condition(.writable)?.isTrue == true)
        Self.expectSingleSteps(world)
    }

    @Test func noNodeForANewcomerIsSaid() throws {
        var world = World.writable()
        world.nodes.removeLast()
        Self.set(&world, 3, 0)
        world.run(20)
        let condition = try #require(world.condition(.progressing))
        #expect(condition.status == .false)
        #expect(condition.reason == Reason.changeWaits.rawValue)
        #expect(condition.message.contains("every member needs a node of its own"), "\(condition.message)")
        let words = world.member("orders-2")?.message
        #expect(words?.contains("it stays for now: first orders-3") == true, "\(words ?? "")")
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-1", "orders-2"])
        world.nodes.append(NodeObservation(name: "n8", zone: "a"))
        world.run(40)
        Self.expectWhole(world, 3, 0)
    }

    @Test func aNewcomerThatIsNotWantedAnyMoreGoes() {
        var world = Self.world(1, 0)
        Self.set(&world, 2, 1)
        world.run(3)
        #expect(world.member("orders-1")?.newcomer == true)
        Self.set(&world, 1, 0)
        world.run(20)
        Self.expectWhole(world, 1, 0)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    /// Its log cannot begin at the beginning, so it gets a copy, also where repairs are left to people.
    @Test func aNewcomerIsCopiedWhereTheLogHasBeenPurged() throws {
        var world = Self.world(2, 1)
        world.group.spec.repair.mode = .manual
        Self.set(&world, 4, 1)
        world.problems["orders-3"] = [.init(reason: "LogPurged", message: "the leader no longer has it")]
        world.run(90)
        let repair = try #require(world.operation("orders-3-repair-1"))
        #expect(repair.status.state == .succeeded, "\(repair.status.message ?? "")")
        #expect(world.member("orders-3")?.life == "orders-3-i2")
        Self.expectWhole(world, 4, 1)
    }

    // MARK: Down

    @Test func theLeaderHandsOverBeforeItGoes() throws {
        var world = Self.world(2, 1)
        world.askForLeader("to-1", "orders-1")
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
        Self.set(&world, 1, 0)
        world.run(50)
        Self.expectWhole(world, 1, 0)
        #expect(world.group.status.leader == "orders-0")
        #expect(world.group.status.epochs.allSatisfy { $0.voters.contains($0.leader) })
    }

    @Test func aVoterOnADeadNodeIsTakenOut() throws {
        var world = Self.world(3, 2)
        let node = world.node(of: "orders-1")
        world.power(node, on: false)
        world.run(10)
        Self.set(&world, 2, 1)
        world.run(60)
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-2", "orders-3"])
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        // What is on the node is owed until it is back, and its name is not given to anybody.
        #expect(world.group.status.debts.map(\.member) == ["orders-1"])
        #expect(world.condition(.progressing)?.reason == Reason.cleanupPending.rawValue)
        #expect(!world.pods.contains { $0.member == "orders-1" })
        Self.set(&world, 3, 2)
        world.run(60)
        #expect(world.member("orders-1") == nil)
        world.power(node, on: true)
        world.run(10)
        Self.expectWhole(world, 3, 2)
    }

    @Test func aVoteThatIsNeededStays() throws {
        var world = Self.world(3, 0)
        let ailing = try #require(world.group.status.members.first { $0.name != world.group.status.leader })
        let node = ailing.node ?? ""
        world.power(node, on: false)
        world.run(10)
        // It is the only member of its kind that can go when the others are to stay: nobody but it goes first.
        Self.set(&world, 1, 0)
        world.run(60)
        // Two of three went: the dead one first, then one of the others.
        #expect(world.group.status.epochs.first?.voters.count == 1)
        Self.expectSingleSteps(world)

        // Now one that stays is away: without the other there would be no majority.
        world = Self.world(2, 1)
        let logger = world.node(of: "orders-2")
        world.power(logger, on: false)
        world.group.spec.repair.mode = .manual
        world.run(10)
        Self.set(&world, 1, 2)
        world.run(40)
        let condition = try #require(world.condition(.progressing))
        let members = world.group.status.members
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(members.count { $0.kind == .logger } == 2, "\(condition.message)")
    }

    @Test func aRemovalWaitsForAMajorityOfThoseThatStay() throws {
        var world = Self.world(2, 1)
        world.group.spec.repair.mode = .manual
        // orders-2 is to stay and is away; orders-1 is to go.
        world.group.spec.members.candidates = 1
        world.group.spec.members.loggers = 2
        world.nodes.removeAll { node in !world.pods.contains { $0.node == node.name } }
        world.power(world.node(of: "orders-2"), on: false)
        world.run(40)
        #expect(world.group.status.epochs.first?.voters == ["orders-0", "orders-1", "orders-2"])
        let condition = try #require(world.condition(.progressing))
        #expect(condition.status == .false, "\(condition.message)")
        #expect(condition.reason == Reason.changeWaits.rawValue)
        #expect(world.member("orders-1")?.message?.contains("it stays for now") == true)
        #expect(world.condition(.writable)?.isTrue == true)
    }

    /// The data go when the leader of the epoch without it takes writes, and not before.
    @Test func nothingOfItGoesBeforeTheOthersCommitWithoutIt() throws {
        var world = Self.world(2, 1)
        Self.set(&world, 1, 0)
        var seen = false
        for _ in 0..<120 {
            let plan = world.reconcile()
            world.tick()
            for action in plan.actions {
                guard case .discardPod(let name, _, _) = action else { continue }
                seen = true
                let epochs = world.group.status.epochs
                #expect(epochs.first?.voters.contains(name) == false)
                #expect(epochs.contains { !$0.voters.contains(name) && $0.writable != nil })
            }
        }
        #expect(seen)
        Self.expectWhole(world, 1, 0)
    }

    /// One that is to stay is silent when it is asked: with two voters of which one is silent nothing could be committed, so
    /// the epoch has the voters of before, and it is tried again later.
    @Test func aRemovalThatWouldLeaveNoMajorityIsGivenUp() throws {
        var world = Self.world(3, 0)
        world.group.spec.repair.mode = .manual
        Self.set(&world, 1, 0)
        var plan = plan(world.observation)
        plan.actions.removeAll { if case .seal = $0 { true } else { false } }
        world.carryOut(plan, version: world.group.metadata.resourceVersion)
        #expect(world.group.status.election?.leaving == "orders-2")
        world.cut.insert(world.node(of: "orders-1"))
        world.run(8)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.cause == .voterRemoved)
        #expect(record.voters == ["orders-0", "orders-1", "orders-2"])
        #expect(world.condition(.writable)?.isTrue == true)
        world.cut = []
        world.run(40)
        #expect(world.group.status.epochs.first?.voters.count == 3, "not again at once")
        #expect(world.condition(.progressing)?.message.contains("tried again after 60 s") == true)
        world.run(140)
        Self.expectWhole(world, 1, 0)
    }

    /// What a plan says may be carried out late, by an operator that does not know yet that it is not the one any more.
    @Test(arguments: [false, true])
    func whatALateOperatorMakesIsRemoved(_ claim: Bool) throws {
        var world = Self.world(1, 0, claim: claim)
        Self.set(&world, 2, 1)
        let late = plan(world.observation)
        world.carryOut(late, version: world.group.metadata.resourceVersion)
        world.run(60)
        Self.set(&world, 1, 0)
        world.run(60)
        Self.expectWhole(world, 1, 0)
        for action in late.actions {
            if case .createPod = action { world.perform(action) }
        }
        #expect(world.pods.count == 3)
        world.run(20)
        Self.expectWhole(world, 1, 0)
        Self.set(&world, 2, 1)
        world.run(60)
        Self.expectWhole(world, 2, 1)
        #expect(world.pods.map(\.name).sorted() == ["orders-0", "orders-1-i2", "orders-2-i2"])
    }

    /// A wish that is taken back in time changes nothing; one that is taken back too late brings another member.
    @Test func aRemovalCanBeTakenBackUntilTheVoteIsGone() {
        var world = Self.world(3, 0)
        Self.set(&world, 1, 0)
        world.carryOut(plan(world.observation), version: world.group.metadata.resourceVersion)
        #expect(world.group.status.election?.leaving == "orders-2")
        Self.set(&world, 3, 0)
        world.run(10)
        Self.expectWhole(world, 3, 0)
        #expect(world.group.status.members.map(\.life) == ["orders-0", "orders-1", "orders-2"])
        #expect(world.group.status.epochs.allSatisfy { $0.voters.count == 3 })
    }

    // MARK: Learners

    @Test func aLearnerBecomesACandidateWithItsData() throws {
        var world = Self.world(2, 1, learners: 2)
        let learners = world.group.status.members.filter { $0.kind == .learner }.map(\.name)
        let place = world.node(of: learners[1])
        world.group.spec.members.learners[0].replicas = 1
        Self.set(&world, 3, 0)
        let uid = world.pods.first { $0.member == learners[1] }?.uid
        world.run(40)
        Self.expectWhole(world, 3, 0, learners: 1)
        let promoted = try #require(world.member(learners[1]))
        #expect(promoted.kind == .candidate)
        #expect(promoted.learnerSet == nil)
        #expect(promoted.node == place)
        #expect(promoted.voter)
        let pod = world.pods.first { $0.member == learners[1] }
        #expect(pod?.uid == uid)
        #expect(pod?.kind == .candidate)
        #expect([XDBGroup.MemberRole.follower, .leader].contains(pod?.role))
        #expect(world.events.contains { $0.message.contains("becomes a candidate") })
    }

    @Test func aLearnerMovesIntoTheZonesOfItsSet() throws {
        var world = Self.world(2, 1, learners: 1)
        let learner = try #require(world.group.status.members.first { $0.kind == .learner })
        let other = learner.zone == "a" ? "b" : "a"
        world.group.spec.members.learners[0].zones = [other]
        world.run(60)
        #expect(world.member(learner.name)?.zone == other)
        #expect(world.operation("\(learner.name)-repair-1")?.status.state == .succeeded)
        Self.expectWhole(world, 2, 1, learners: 1)
        world.group.spec.members.learners[0].zones = ["c"]
        world.run(10)
        let pending = try #require(world.condition(.repairPending))
        #expect(pending.message.contains("its set west is to be in c"), "\(pending.message)")
    }

    // MARK: The disruption budget

    @Test func theBudgetLeavesAMajorityInEveryState() {
        var world = Self.world(1, 0)
        for (candidates, loggers) in [(3, 2), (1, 0)] {
            Self.set(&world, candidates, loggers)
            for _ in 0..<80 {
                let plan = world.reconcile()
                let least = plan.actions.compactMap { action -> Int? in
                    if case .ensure(.disruptionBudget(let least)) = action { least } else { nil }
                }.last
                let voters = Set(world.group.status.epochs.first?.voters ?? [])
                let labelled = world.pods.filter { pod in
                    pod.role.map { [.leader, .follower, .logger].contains($0) } ?? false
                }
                // However the evictions fall, those that are left are a majority of the voters.
                let evicted = max(0, labelled.count - (least ?? 0))
                let left = labelled.count { voters.contains($0.member) } - evicted
                let isChanging = labelled.contains { !voters.contains($0.member) } || labelled.count < voters.count
                #expect(
                    isChanging || left >= majority(of: voters.count),
                    "\(voters) \(labelled.map(\.name)) \(least ?? 0)"
                )
                #expect(voters.count > 2 || evicted == 0)
                world.tick()
            }
        }
    }

    // MARK: Interruptions

    /// At every round another operator takes over, and a part of the plan is lost.
    @Test(arguments: 0..<14, [0, 1, 3])
    func aChangeGoesOnWhereverTheOperatorIsReplaced(_ round: Int, _ kept: Int) {
        var world = Self.world(1, 0)
        for (candidates, loggers) in [(2, 1), (1, 0)] {
            Self.set(&world, candidates, loggers)
            for step in 0..<90 {
                var plan = plan(world.observation)
                if step == round || step == round + 14 {
                    plan.actions = Array(
                        plan.actions.filter { if case .ensure = $0 { false } else { true } }.prefix(kept)
                    )
                }
                world.carryOut(plan, version: world.group.metadata.resourceVersion)
                if step == round || step == round + 14 { world.restartOperator() }
                world.tick()
            }
            Self.expectWhole(world, candidates, loggers)
            Self.expectSingleSteps(world)
        }
    }

    @Test func twoOperatorsAtOnceDoNoHarm() {
        var world = Self.world(1, 0)
        for (candidates, loggers) in [(3, 2), (2, 1), (1, 0)] {
            Self.set(&world, candidates, loggers)
            for _ in 0..<120 {
                let version = world.group.metadata.resourceVersion
                let (first, second) = (plan(world.observation), plan(world.observation))
                world.carryOut(first, version: version)
                world.carryOut(second, version: version)
                world.tick()
            }
            Self.expectWhole(world, candidates, loggers)
            Self.expectSingleSteps(world)
        }
    }

    /// Random faults and random wishes; the world checks that nothing is lost and that an epoch has one leader.
    @Test(arguments: UInt64(0)..<40)
    func noStoryOfFaultsAndWishesLosesACommitOrGetsStuck(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var world = Self.world(seed.isMultiple(of: 2) ? 1 : 2, seed.isMultiple(of: 2) ? 0 : 1, learners: 1)
        let wishes = [(1, 0), (2, 1), (3, 0), (1, 2), (3, 2), (5, 0), (2, 3)]
        for _ in 0..<50 {
            let member = world.group.status.members.randomElement(using: &random)?.name ?? ""
            let node = world.node(of: member)
            switch Int.random(in: 0..<14, using: &random) {
            case 0: world.stopServer(of: world.member(member)?.life ?? "")
            case 1: world.deletePod { $0.member == member }
            case 2: world.power(node, on: false)
            case 3, 4: for node in world.nodes { world.power(node.name, on: true) }
            case 5: world.cut.insert(node)
            case 6: world.cut = []
            case 7: world.restartOperator()
            case 8: world.operatorIsCutOff.toggle()
            case 9, 10:
                let (candidates, loggers) = wishes.randomElement(using: &random) ?? (1, 0)
                Self.set(&world, candidates, loggers)
            case 11: world.group.spec.members.learners[0].replicas = Int.random(in: 0...2, using: &random)
            default: break
            }
            world.run(Int.random(in: 0..<8, using: &random))
        }
        world.operatorIsCutOff = false
        world.cut = []
        for node in world.nodes { world.power(node.name, on: true) }
        let members = world.group.spec.members
        world.run(420)
        Self.expectWhole(world, members.candidates, members.loggers, learners: members.learners[0].replicas)
    }
}
