import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What is new in the spec of a group that runs: who gets it when, what stops it, and how it goes back.
struct RolloutTests {
    /// Runs until nothing changes any more, and returns the pods that were deleted and the leaders that followed, in order.
    private func follow(_ world: inout World, rounds: Int = 120) -> [String] {
        var story: [String] = []
        for _ in 0..<rounds {
            let before = world.group.status.leader
            let plan = world.reconcile()
            if let leader = world.group.status.leader, leader != before { story.append("\(leader) leads") }
            story += plan.actions.compactMap { if case .deletePod(let name, _, _) = $0 { name } else { nil } }
            let ailing = world.group.status.members.filter { $0.health == .unhealthy }
            #expect(ailing.count < 2, "\(ailing.map(\.name))")
            world.tick()
        }
        return story
    }

    struct Order: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var candidates = 2
        var loggers = 1
        var learners: [(String, Int)] = []
        var leader = "orders-0"
        var expected: [String]
        var change: @Sendable (inout XDBGroup.Spec) -> Void = { $0.image = "engine:2" }
    }

    private static let staticOption: @Sendable (inout XDBGroup.Spec) -> Void = {
        $0.configuration["innodb_log_file_size"] = .string("200M")
    }

    static let orders = [
        Order(testDescription: "an image", expected: ["orders-2", "orders-1", "orders-1 leads", "orders-0"]),
        Order(
            testDescription: "an image, with the other leader",
            leader: "orders-1",
            expected: ["orders-2", "orders-0", "orders-0 leads", "orders-1"]
        ),
        Order(
            testDescription: "an image, with learners and more loggers",
            candidates: 3,
            loggers: 2,
            learners: [("west", 1)],
            expected: ["orders-3", "orders-4", "orders-5", "orders-1", "orders-2", "orders-1 leads", "orders-0"]
        ),
        Order(testDescription: "one voter", candidates: 1, loggers: 0, expected: ["orders-0"]),
        Order(
            testDescription: "one candidate",
            candidates: 1,
            loggers: 2,
            expected: ["orders-1", "orders-2", "orders-0"]
        ),
        Order(testDescription: "resources of members with data", expected: ["orders-1", "orders-1 leads", "orders-0"]) {
            $0.resources.data.requests["cpu"] = Quantity(1)
        },
        Order(testDescription: "resources of loggers", expected: ["orders-2"]) {
            $0.resources.logger.requests["cpu"] = Quantity(1)
        },
        Order(
            testDescription: "an option that needs a restart",
            expected: ["orders-1", "orders-1 leads", "orders-0"],
            change: staticOption
        ),
        Order(testDescription: "an option that needs none", expected: []) {
            $0.configuration["max_connections"] = .int(50)
        },
        Order(testDescription: "placement", expected: []) {
            $0.placement.zones = ["a", "b"]
            $0.placement.nodeSelector = ["disk": "fast"]
            $0.placement.tolerations = [XDBGroup.Toleration()]
        },
    ]

    @Test(arguments: orders)
    func membersAreMadeAgainOneAfterTheOtherAndTheLeaderLast(_ line: Order) throws {
        var world = World.writable(candidates: line.candidates, loggers: line.loggers, learners: line.learners)
        world.staticOptions = ["innodb_log_file_size"]
        if line.leader != world.group.status.leader {
            world.askForLeader("move", line.leader)
            world.run(20)
        }
        let epoch = world.group.status.epoch
        line.change(&world.group.spec)
        #expect(follow(&world) == line.expected)
        #expect(world.group.status.members.allSatisfy { $0.outdated == nil })
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.condition(.progressing)?.reason == Reason.asWanted.rawValue)
        #expect(world.pods.allSatisfy { $0.configuration == nil || $0.configuration == world.revision })
        if line.expected.contains(where: { $0.hasSuffix("leads") }) {
            let record = try #require(world.group.status.epochs.first)
            #expect(record.cause == .restart)
            #expect(record.epoch == epoch.next)
            #expect(record.rule == ElectionRule.wished.rawValue)
        } else if line.candidates > 1 {
            #expect(world.group.status.epoch == epoch)
        }
    }

    @Test func progressIsTold() throws {
        var world = World.writable()
        world.group.spec.image = "engine:2"
        var told: [String] = []
        for _ in 0..<80 {
            world.run(1)
            let condition = try #require(world.condition(.progressing))
            if condition.reason == Reason.rollingChange.rawValue { told.append(condition.message) }
        }
        #expect(told.first == "0 of 3 members have the new image; orders-2 is made again")
        #expect(told.contains { $0.hasPrefix("1 of 3 members have the new image") })
        #expect(told.contains { $0.hasPrefix("2 of 3 members have the new image") })
        let events = world.events.filter { $0.reason == .podReplaced }.map(\.message)
        #expect(events.map { String($0.prefix(8)) } == ["orders-2", "orders-1", "orders-0"])
        #expect(events.first?.hasSuffix("it lacks the new image (0 of 3 members have the new image)") == true)
        let ends = world.events.filter { $0.message.contains("has what the spec wants: image") }
        #expect(ends.count == 3)
    }

    @Test func whatAMemberLacksIsInItsStatus() throws {
        var world = World.writable()
        world.staticOptions = ["innodb_log_file_size", "performance_schema"]
        world.group.spec.paused = true
        world.run(1)
        world.group.spec.image = "engine:2"
        world.group.spec.resources.data.limits["memory"] = Quantity(1 << 30)
        world.group.spec.configuration = ["innodb_log_file_size": .int(1), "performance_schema": .int(1)]
        world.run(1)
        #expect(
            world.group.status.members.map(\.outdated) == [
                "image, resources, configuration", "image, resources, configuration", "image",
            ]
        )
        // The file comes at once, and says which options wait.
        world.group.spec.paused = false
        world.reconcile()
        world.tick()
        let plan = Planning.plan(world.observation)
        let options = "configuration (innodb_log_file_size, performance_schema)"
        #expect(plan.status.members.first?.outdated == "image, resources, \(options)")
    }

    /// A pod from before it was noted what pods are made with: an upgrade of the operator alone restarts nothing.
    @Test func aNewerOperatorRestartsNothingByItself() {
        var world = World.writable()
        for index in world.pods.indices {
            world.pods[index].image = nil
            world.pods[index].resources = nil
        }
        #expect(follow(&world, rounds: 10) == [])
        world.group.spec.image = "engine:2"
        #expect(follow(&world) == ["orders-2", "orders-1", "orders-1 leads", "orders-0"])
    }

    /// A file comes to one node before it comes to another; the leader is last nevertheless.
    @Test func theLeaderIsNotTakenBecauseItWasTheFirstToHaveTheFile() throws {
        var world = World.writable()
        world.staticOptions = ["innodb_log_file_size"]
        world.lateFiles["orders-1"] = world.revision
        Self.staticOption(&world.group.spec)
        #expect(follow(&world, rounds: 20) == [])
        let message = try #require(world.condition(.progressing)?.message)
        #expect(message == "0 of 2 members have the new configuration; the new configuration is on its way to orders-1")
        world.lateFiles = [:]
        #expect(follow(&world) == ["orders-1", "orders-1 leads", "orders-0"])
    }

    // MARK: What keeps the next one from being taken

    struct Obstacle: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var arrange: @Sendable (inout World) -> Void
    }

    static let obstacles = [
        Obstacle(testDescription: "a member that is cut off", words: "orders-1: its agent does not answer") {
            $0.cut.insert($0.node(of: "orders-1"))
            $0.run(10)
        },
        Obstacle(testDescription: "a follower that is behind", words: "orders-1: its server is 30 s behind") {
            $0.lags["orders-1"] = 30
            $0.run(1)
        },
        Obstacle(testDescription: "a rebuild", words: "operation mend comes first") {
            $0.heldJobs = true
            $0.rebuild("mend", "orders-1")
            $0.run(4)
        },
        Obstacle(testDescription: "an operation that waits", words: "operation mend comes first") {
            $0.otherRebuilds = [OtherRebuild(group: "shop/a"), OtherRebuild(group: "shop/b")]
            $0.rebuild("mend", "orders-1")
            $0.run(2)
        },
    ]

    @Test(arguments: obstacles)
    func nobodyIsTakenAwayWhile(_ line: Obstacle) throws {
        var world = World.writable()
        line.arrange(&world)
        world.group.spec.image = "engine:2"
        #expect(follow(&world, rounds: 20) == [])
        let message = try #require(world.condition(.progressing)?.message)
        #expect(
            message.contains(line.words) || !world.group.status.members.allSatisfy { $0.health == .healthy },
            "\(message)"
        )
        var draft = Draft(world.observation)
        for policy in GroupPolicy.chain { policy.apply(&draft) }
        #expect(draft.rollout?.next?.contains(line.words) == true, "\(draft.rollout?.next ?? "")")
    }

    /// The server of a leader that has handed over is away for some seconds.
    @Test func aTroubleThatPassesIsWaitedFor() {
        var world = World.writable()
        world.problems["orders-1"] = [.init(reason: "ServerUnresponsive", message: "it is starting")]
        world.run(1)
        world.group.spec.image = "engine:2"
        #expect(follow(&world, rounds: 12) == [])
        #expect(follow(&world, rounds: 12) == ["orders-1"], "it lasts, and the spec has changed")
    }

    @Test func anElectionComesFirst() {
        var world = World.writable()
        world.group.spec.image = "engine:2"
        world.stopServer(of: "orders-0")
        var deletions = 0
        while world.condition(.writable)?.isTrue != true || world.group.status.epoch == Epoch(rawValue: 1) {
            let plan = world.reconcile()
            guard plan.status.conditions[ConditionType.writable.rawValue]?.isTrue != true else { break }
            deletions += plan.actions.count { if case .deletePod = $0 { true } else { false } }
            world.tick()
        }
        #expect(deletions == 0)
        #expect(world.group.status.epoch == Epoch(rawValue: 2))
        _ = follow(&world)
        #expect(world.pods.allSatisfy { $0.image == "engine:2" })
    }

    @Test func theOnlyCandidateOfAGroupWhoseFailoversAreLeftToPeopleIsLeftToThem() throws {
        var world = World.writable(candidates: 1, loggers: 2)
        world.group.spec.failover.mode = .manual
        world.group.spec.image = "engine:2"
        #expect(follow(&world) == ["orders-1", "orders-2"])
        #expect(try #require(world.condition(.progressing)?.message).contains("restart: {member: orders-0}"))
    }

    // MARK: A change that is wrong

    @Test func aWrongImageStopsAtTheFirstMemberAndGoesBackThere() throws {
        var world = World.writable()
        world.brokenImages = ["engine:wrong"]
        world.group.spec.image = "engine:wrong"
        #expect(follow(&world) == ["orders-2"])
        let stopped = try #require(world.condition(.progressing))
        #expect(!stopped.isTrue)
        #expect(stopped.reason == Reason.rollingChangeStopped.rawValue)
        for words in [
            "orders-2 does not play its part with the new image (ImagePull: ", "1 of 3 members", "set it back",
        ] {
            #expect(stopped.message.contains(words), "\(stopped.message)")
        }
        #expect(world.events.count { $0.reason == .rollingChangeStopped } == 1)
        #expect(world.condition(.writable)?.isTrue == true)

        world.group.spec.image = "engine:1"
        #expect(follow(&world) == ["orders-2"])
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
    }

    @Test func aWrongImageThatIsPutRightGoesOnWithTheMemberThatIsDown() {
        var world = World.writable()
        world.brokenImages = ["engine:wrong"]
        world.group.spec.image = "engine:wrong"
        world.run(60)
        world.group.spec.image = "engine:2"
        #expect(follow(&world) == ["orders-2", "orders-1", "orders-1 leads", "orders-0"])
    }

    @Test func anOptionThatServersRefuseStopsAtTheFirstMember() throws {
        var world = World.writable()
        world.wrongOptions = ["no_such_option"]
        world.group.spec.configuration["no_such_option"] = .int(1)
        #expect(follow(&world) == ["orders-1"])
        let stopped = try #require(world.condition(.progressing))
        #expect(stopped.reason == Reason.rollingChangeStopped.rawValue)
        #expect(stopped.message.contains("orders-1 does not play its part with the new configuration"))
        #expect(stopped.message.contains("no_such_option"))
        #expect(world.member("orders-1")?.reason == Reason.invalidConfiguration.rawValue)
        #expect(world.condition(.writable)?.isTrue == true)
        world.group.spec.configuration = [:]
        #expect(follow(&world) == [], "the server is started again with the file that is right")
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    /// Its agent runs, and its server does not, with the image that was taken back.
    @Test func aMemberWhoseServerDoesNotRunIsMadeAgainFirst() {
        var world = World.writable()
        world.group.spec.image = "engine:2"
        while world.pods.first(where: { $0.name == "orders-1" })?.image != "engine:2" { world.run(1) }
        world.problems["orders-1"] = [.init(reason: "ServerCrashed", message: "it crashes")]
        world.listen()
        #expect(follow(&world) == [])
        #expect(world.condition(.progressing)?.reason == Reason.rollingChangeStopped.rawValue)
        #expect(world.operations.isEmpty, "its next life would have the same image")
        world.group.spec.image = "engine:3"
        world.reconcile()
        #expect(world.pods.first { $0.name == "orders-1" } == nil)
        world.problems = [:]
        world.tick()
        #expect(follow(&world) == ["orders-2", "orders-1 leads", "orders-0"])
    }

    /// A member that nobody hears is left to its network, unless it alone was made with something else.
    @Test func aMemberThatIsNotHeardWithTheNewImageIsMadeAgainWithTheOldOne() {
        var world = World.writable()
        world.group.spec.image = "engine:2"
        world.reconcile()
        #expect(!world.pods.contains { $0.name == "orders-2" })
        world.cut.insert(world.node(of: "orders-2"))
        #expect(follow(&world) == [])
        #expect(world.member("orders-2")?.reason == Reason.agentUnreachable.rawValue)
        #expect(world.condition(.progressing)?.reason == Reason.rollingChangeStopped.rawValue)
        world.group.spec.image = "engine:1"
        #expect(follow(&world, rounds: 1) == ["orders-2"])
        world.cut = []
        #expect(follow(&world) == [])
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
    }

    @Test func anOptionThatARunningServerRefusesIsToldAndStopsTheRest() throws {
        var world = World.writable()
        world.staticOptions = ["innodb_log_file_size"]
        let problem = AgentStatus.Problem(reason: AgentStatus.Problem.optionRefused, message: "max_connections = 'x'")
        world.problems["orders-0"] = [problem]
        world.group.spec.configuration["innodb_log_file_size"] = .int(1)
        #expect(follow(&world, rounds: 20) == [])
        let condition = try #require(world.condition(.progressing))
        #expect(condition.reason == Reason.invalidConfiguration.rawValue)
        #expect(condition.message == "orders-0: max_connections = 'x'")
        #expect(world.condition(.fullyRedundant)?.isTrue == true, "it goes on with what it had")
        #expect(world.events.contains { $0.reason == .invalidConfiguration })
    }

    // MARK: Pauses and crashes

    @Test func aPausedGroupIsLeftAloneAndSaysWhatWouldBeDone() throws {
        var world = World.writable()
        world.group.spec.paused = true
        world.group.spec.image = "engine:2"
        #expect(follow(&world, rounds: 20) == [])
        #expect(world.group.status.members.map(\.outdated) == ["image", "image", "image"])
        let image = try #require(world.condition(.progressing)?.message)
        #expect(image.contains("delete the pod orders-2 (it lacks the new image"), "\(image)")
        world.group.spec.configuration["max_connections"] = .int(50)
        #expect(follow(&world, rounds: 20) == [])
        #expect(
            world.group.status.members.map(\.outdated) == ["image, configuration", "image, configuration", "image"]
        )
        let file = try #require(world.condition(.progressing)?.message)
        #expect(file.contains("give orders-0 the new configuration"), "\(file)")
        #expect(!world.pods.contains { $0.configuration == world.revision })
        world.group.spec.paused = false
        #expect(follow(&world) == ["orders-2", "orders-1", "orders-1 leads", "orders-0"])
    }

    @Test func aPausedGroupSaysThatItsLeaderWouldHandOver() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-0"]
        world.group.spec.paused = true
        world.run(3)
        #expect(world.group.status.leader == "orders-0")
        let message = try #require(world.condition(.progressing)?.message)
        #expect(message.contains("have orders-1 lead (orders-0 is under maintenance and hands over)"), "\(message)")
    }

    /// At every point another operator takes over, with a part of the plan lost.
    @Test(arguments: 0..<40)
    func aChangeGoesOnWhereverTheOperatorIsReplaced(_ round: Int) {
        var world = World.writable()
        world.group.spec.image = "engine:2"
        for step in 0..<140 {
            if step == round { world.restartOperator() }
            var plan = Planning.plan(world.observation)
            if step == round { plan.actions = Array(plan.actions.prefix(round % 3)) }
            world.carryOut(plan, version: world.group.metadata.resourceVersion)
            world.tick()
        }
        #expect(world.pods.allSatisfy { $0.image == "engine:2" })
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        #expect(world.group.status.epoch == Epoch(rawValue: 2), "one hand-over is enough")
    }
}
