import KubernetesModel
import Testing
import XDB

@testable import Planning

/// A group comes back after everything was down, by itself or because somebody asks for it.
struct RecoveryTests {
    /// Three voters on four nodes, all without power.
    static func dark(_ before: (inout World) -> Void = { _ in }) -> World {
        var world = World.writable()
        before(&world)
        for node in world.nodes { world.power(node.name, on: false) }
        world.run(20)
        return world
    }

    /// The nodes of these members, or all, have power again.
    static func light(_ world: inout World, _ members: [String]? = nil) {
        for node in world.nodes where members.map({ $0.contains { world.node(of: $0) == node.name } }) ?? true {
            world.power(node.name, on: true)
        }
    }

    static func lose(_ member: String, _ world: inout World) {
        for place in world.disks.keys where place.contains("/\(member)/") { world.disks[place] = nil }
    }

    static func state(_ world: World) -> XDBOperation.Status {
        world.operation("recover")?.status ?? XDBOperation.Status()
    }

    static func expectWhole(_ world: World, sourceLocation: SourceLocation = #_sourceLocation) {
        for type in [ConditionType.writable, .fullyRedundant, .ready] {
            #expect(
                world.condition(type)?.isTrue == true,
                "\(type) \(world.condition(type)?.message ?? "")",
                sourceLocation: sourceLocation
            )
        }
    }

    @Test func nobodyHasToAsk() {
        var world = Self.dark()
        let operations = world.operations.count
        #expect(world.condition(.writable)?.isTrue == false)
        Self.light(&world)
        world.run(30)
        Self.expectWhole(world)
        #expect(world.operations.count == operations + 1)
        #expect(world.operations.last?.spec.kind == .failover)
    }

    @Test(arguments: [false, true])
    func withManualFailoverOneAsksForIt(_ ofAllGroups: Bool) throws {
        var world = Self.dark {
            if ofAllGroups { $0.failoverMode = .manual } else { $0.group.spec.failover.mode = .manual }
        }
        Self.light(&world)
        world.run(20)
        let epoch = world.group.status.epoch
        #expect(world.condition(.writable)?.reason == Reason.failoverPending.rawValue)
        world.recover("recover")
        world.run(20)
        Self.expectWhole(world)
        let status = Self.state(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        #expect(status.type == .recoverGroup)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.epoch == epoch.next)
        #expect(status.certificate?.epoch == record.epoch)
        #expect(status.certificate?.answers == record.answers)
        #expect(status.message?.contains("takes writes in epoch 2, and every member plays its part") == true)
        #expect(status.steps.map(\.name).prefix(2) == ["Answers", "Elect"])
        #expect(Set(status.steps.map(\.name).dropFirst(2)).union([record.leader]).count == 3)
        #expect(status.steps.allSatisfy { $0.end != nil })
        #expect(status.positions.map(\.member) == ["orders-0", "orders-1", "orders-2"])
        #expect(status.positions.allSatisfy { $0.counts && $0.since != nil && $0.position ?? .zero > .zero })
    }

    /// While too few are there it says what each has, and what is missing.
    @Test func whatIsKnownIsToldWhileItWaits() throws {
        var world = Self.dark { $0.group.spec.failover.mode = .manual }
        world.recover("recover")
        world.run(4)
        #expect(Self.state(world).state == .running)
        #expect(Self.state(world).message?.contains("0 of 3 voters answer with their data, and 2 are needed") == true)
        #expect(Self.state(world).positions.allSatisfy { !$0.counts && $0.position != nil && $0.message != nil })

        Self.light(&world, ["orders-1"])
        world.run(10)
        let one = Self.state(world)
        #expect(one.message?.contains("1 of 3 voters answers") == true, "\(one.message ?? "")")
        #expect(one.positions.map(\.counts) == [false, true, false])
        #expect(one.task == "Answers")
        let since = one.positions[1].since
        let version = world.group.metadata.resourceVersion
        world.run(10)
        #expect(Self.state(world).positions[1].since == since)
        #expect(world.group.metadata.resourceVersion == version, "nothing is written while nothing changes")

        Self.light(&world, ["orders-2"])
        world.run(20)
        #expect(world.condition(.writable)?.isTrue == true, "a majority is enough")
        #expect(world.group.status.leader == "orders-1")
        #expect(Self.state(world).state == .running)
        Self.light(&world)
        world.run(20)
        #expect(Self.state(world).state == .succeeded)
        Self.expectWhole(world)
    }

    @Test func withoutAMajorityItFailsAndNamesTheWayThatLosesLeast() throws {
        var world = World.writable()
        world.power(world.node(of: "orders-1"), on: false)
        world.run(10)
        for node in world.nodes { world.power(node.name, on: false) }
        world.run(20)
        world.recover("recover", within: 60)
        Self.light(&world, ["orders-1"])
        world.run(100)
        #expect(Self.state(world).state == .running)
        world.run(40)
        let status = Self.state(world)
        #expect(status.state == .failed)
        let words = try #require(status.message)
        let position = { (name: String) in status.positions.first { $0.member == name }?.position ?? .zero }
        #expect(words.contains("no majority has come back within 60 s"), "\(words)")
        #expect(words.contains("orders-1 has \(position("orders-1"))"), "\(words)")
        #expect(words.contains("orders-0 does not count, and was seen last at \(position("orders-0"))"), "\(words)")
        #expect(words.contains("forceLeader: {member: orders-1, acceptDataLoss: true} loses least"), "\(words)")
        let lost = position("orders-0").sequence - position("orders-1").sequence
        #expect(lost > 0)
        #expect(words.contains("orders-0 was seen with \(lost) transactions more"), "\(words)")
        #expect(world.group.status.epoch == Epoch(rawValue: 1), "nobody guesses")
        #expect(!world.group.status.epochs.contains { $0.cause == .forced })
    }

    // MARK: Data that are lost

    @Test(arguments: ["orders-0", "orders-1", "orders-2"], [XDBGroup.FailoverMode.automatic, .manual])
    func aMemberWithoutItsDataIsRebuiltAtOnce(_ lost: String, _ mode: XDBGroup.FailoverMode) throws {
        var world = Self.dark {
            $0.group.spec.failover.mode = mode
            $0.group.spec.repair.mode = .manual
            $0.group.spec.repair.graceSeconds = 3600
        }
        Self.lose(lost, &world)
        world.recover("recover")
        Self.light(&world)
        world.run(160)
        let status = Self.state(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        Self.expectWhole(world)
        #expect(world.member(lost)?.incarnation == 2)
        let election = try #require(world.group.status.epochs.last { $0.cause == .failover })
        #expect(Set(election.answers.map(\.voter)) == Set(["orders-0", "orders-1", "orders-2"]).subtracting([lost]))
        let position = try #require(status.positions.first { $0.member == lost })
        #expect(!position.counts && position.position ?? .zero > .zero, "where it was is still known")
        #expect(
            status.positions.allSatisfy { $0.position?.epoch == Epoch(rawValue: 1) },
            "as it was before anybody led"
        )
        #expect(world.operation("\(lost)-repair-1")?.status.state == .succeeded)
        let step = status.steps.first { $0.name == lost }
        #expect(step?.message == "it plays its part; operation \(lost)-repair-1 has made it anew")
    }

    /// An empty directory is no answer, also while the node is not known to be back.
    @Test(arguments: [Condition.Status.true, .unknown])
    func emptyDirectoriesAreNoMajority(_ ready: Condition.Status) throws {
        var world = Self.dark()
        for member in ["orders-0", "orders-2"] { Self.lose(member, &world) }
        world.recover("recover", within: 60)
        Self.light(&world)
        world.run(10)
        for index in world.nodes.indices { world.nodes[index].ready = ready }
        var observation = world.observation
        observation.agents = world.heard
        for life in observation.agents.keys { observation.agents[life]?.age = .zero }
        let plan = Planning.plan(observation)
        #expect(!plan.actions.contains { if case .seal = $0 { true } else { false } })
        #expect(plan.status.epoch == Epoch(rawValue: 1))
        let operation =
            plan.actions.compactMap { action -> XDBOperation? in
                if case .recordOperation(let operation) = action { operation } else { nil }
            }.first ?? world.operation("recover")
        let positions = try #require(operation).status.positions
        #expect(positions.map(\.counts) == [false, true, false])
        #expect(positions[0].message?.contains("without its data") == true)
        for index in world.nodes.indices { world.nodes[index].ready = .true }
        world.run(140)
        #expect(Self.state(world).state == .failed)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(!world.operations.contains { $0.spec.rebuild != nil }, "what may be the only copy is not touched")
    }

    /// Nor is the answer of who has forgotten what it had or promised.
    @Test(arguments: ["StateUnreadable", "LogLost", "WrongIdentity"])
    func whoHasLostItsStateIsNoAnswer(_ problem: String) {
        var world = Self.dark()
        world.problems["orders-0"] = [.init(reason: problem, message: "its directory is damaged")]
        world.recover("recover")
        Self.light(&world, ["orders-0", "orders-1"])
        world.run(20)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(Self.state(world).positions.map(\.counts) == [false, true, false])
        Self.light(&world)
        world.run(10)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(world.group.status.epochs.first?.answers.map(\.voter) == ["orders-1", "orders-2"])
    }

    // MARK: Nodes that are gone

    @Test(arguments: [true, false])
    func aNodeThatIsGoneForGood(_ isRoom: Bool) throws {
        var world = Self.dark { $0.group.spec.repair.graceSeconds = 3600 }
        let gone = world.node(of: "orders-2")
        if !isRoom {
            let used = Set(world.group.status.members.compactMap(\.node))
            world.nodes.removeAll { !used.contains($0.name) }
        }
        world.recover("recover")
        for node in world.nodes where node.name != gone { world.power(node.name, on: true) }
        world.run(20)
        #expect(world.condition(.writable)?.isTrue == true)
        #expect(!world.operations.contains { $0.spec.rebuild != nil }, "it may be back in a moment")
        world.run(120)
        let status = Self.state(world)
        #expect(status.state == .succeeded, "\(status.message ?? "")")
        if isRoom {
            Self.expectWhole(world)
            #expect(world.node(of: "orders-2") != gone)
        } else {
            #expect(status.message?.contains("Not back") == true, "\(status.message ?? "")")
            #expect(status.message?.contains("there is no other node for orders-2") == true)
        }
    }

    // MARK: Its life

    @Test func ofAGroupThatIsWholeNothingIsAsked() {
        var world = World.writable()
        let epoch = world.group.status.epoch
        world.recover("recover")
        world.run(2)
        #expect(Self.state(world).state == .succeeded)
        #expect(world.group.status.epoch == epoch)
    }

    @Test func aGroupThatNobodyHasLedIsRefused() {
        var world = World()
        world.recover("recover")
        world.run(1)
        #expect(Self.state(world).state == .failed)
        #expect(Self.state(world).message?.contains("no leader yet") == true)
    }

    @Test func aPausedGroupIsLeftAlone() {
        var world = Self.dark { $0.group.spec.failover.mode = .manual }
        world.group.spec.paused = true
        world.recover("recover")
        Self.light(&world)
        world.run(20)
        #expect(Self.state(world).state == .pending)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        world.group.spec.paused = false
        world.run(20)
        #expect(Self.state(world).state == .succeeded)
    }

    @Test func whatIsCancelledElectsNobody() {
        var world = Self.dark { $0.group.spec.failover.mode = .manual }
        world.recover("recover")
        world.run(4)
        world.operations[world.operations.count - 1].spec.cancel = true
        Self.light(&world)
        world.run(20)
        #expect(Self.state(world).state == .cancelled)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    /// It holds up nobody, and what a person forces goes before it.
    @Test func othersNeedNotWaitForIt() throws {
        var world = Self.dark()
        world.recover("recover")
        Self.light(&world, ["orders-1"])
        world.run(70)
        world.force("force", "orders-1")
        world.run(20)
        #expect(world.operation("force")?.status.state == .succeeded)
        #expect(world.condition(.writable)?.isTrue == true)
        // What is lost now may be found on the others, so they are waited for and not rebuilt.
        #expect(Self.state(world).state == .succeeded)
        #expect(Self.state(world).message?.contains("a leader was forced without it") == true)
        #expect(!world.operations.contains { $0.spec.rebuild != nil })
        Self.light(&world)
        world.run(80)
        Self.expectWhole(world)
    }

    @Test func ofTwoOneWaits() {
        var world = Self.dark()
        world.recover("recover")
        world.run(2)
        world.recover("second")
        world.run(2)
        #expect(world.operation("second")?.status.state == .pending)
        #expect(world.operation("second")?.status.message == "it waits for operation recover")
        Self.light(&world)
        world.run(30)
        #expect(Self.state(world).state == .succeeded)
        #expect(world.operation("second")?.status.state == .succeeded)
    }

    /// Whoever observes next goes on.
    @Test func operatorsAreReplacedOnTheWay() {
        var world = Self.dark { $0.group.spec.failover.mode = .manual }
        Self.lose("orders-0", &world)
        world.recover("recover")
        Self.light(&world)
        for round in 0..<300 {
            if round.isMultiple(of: 25) { world.restartOperator() }
            world.reconcile()
            world.tick()
        }
        #expect(Self.state(world).state == .succeeded, "\(Self.state(world).message ?? "")")
        Self.expectWhole(world)
    }
}
