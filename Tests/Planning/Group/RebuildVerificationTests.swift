import KubernetesModel
import Testing
import XDB

@testable import Planning

/// No new life takes its place before its data were found to be another member's.
struct RebuildVerificationTests {
    /// A rebuild of `orders-1` whose comparison goes on; with three candidates when there is to be a choice.
    private static func comparing(candidates: Int = 2) -> World {
        var world: World
        if candidates == 2 {
            world = RebuildTests.world()
        } else {
            world = World.writable(candidates: candidates, loggers: 5 - candidates)
            world.nodes += [NodeObservation(name: "n8", zone: "a"), NodeObservation(name: "n9", zone: "b")]
            world.run(4)
        }
        world.heldVerifications = true
        world.rebuild("again", "orders-1")
        #expect(RebuildTests.run(&world, until: .verify))
        world.run(3)
        #expect(world.verifications["orders-1-i2"]?.state == .running)
        return world
    }

    private static func expectAsBefore(_ world: World, _ words: String, _ location: SourceLocation = #_sourceLocation) {
        let status = world.operation("again")?.status
        #expect(status?.state == .failed, sourceLocation: location)
        #expect(status?.message?.contains(words) == true, "\(status?.message ?? "")", sourceLocation: location)
        #expect(world.member("orders-1")?.incarnation == 1, sourceLocation: location)
        #expect(world.group.status.votersVersion == 0, "no vote has moved", sourceLocation: location)
        RebuildTests.expectWhole(world, location)
    }

    @Test func itWaitsForTheComparisonAndTellsWhatCameOfIt() throws {
        var world = Self.comparing()
        world.run(20)
        let rebuild = try #require(world.group.status.rebuild)
        #expect(rebuild.step == .verify)
        #expect(rebuild.comparedWith == "orders-0", "the leader is the only other member with data")
        #expect(rebuild.message == "the data are compared with those of orders-0")
        #expect(world.group.status.votersVersion == 0)
        world.heldVerifications = false
        world.run(20)
        let status = try #require(world.operation("again")?.status)
        #expect(status.state == .succeeded)
        #expect(status.steps.first { $0.name == "Verify" }?.message == "the data match those of orders-0")
        RebuildTests.expectWhole(world)
    }

    @Test func aDifferenceEndsItAndTheGroupIsAsBefore() {
        var world = Self.comparing()
        world.events = []
        world.differing = ["orders-1-i2"]
        world.heldVerifications = false
        world.run(30)
        Self.expectAsBefore(world, "table shop.t has 1 row here and 2 there")
        let told = world.events.filter { $0.reason == .dataDiffer }
        #expect(told.count == 1)
        #expect(told.first?.message.contains("orders-1-i2 does not take the place of orders-1") == true)
        #expect(told.first?.isWarning == true)
    }

    @Test func aLearnerIsComparedToo() throws {
        var world = RebuildTests.world(learners: [("west", 1)])
        world.differing = ["orders-3-i2"]
        world.rebuild("again", "orders-3")
        world.run(40)
        #expect(world.operation("again")?.status.state == .failed)
        #expect(world.member("orders-3")?.incarnation == 1)
        RebuildTests.expectWhole(world)
    }

    @Test func whatItWasCopiedFromIsComparedWithAndAnotherWhenThatIsGone() throws {
        var world = Self.comparing(candidates: 3)
        #expect(world.group.status.rebuild?.source == "orders-2")
        #expect(world.group.status.rebuild?.comparedWith == "orders-2")
        world.power(world.node(of: "orders-2"), on: false)
        // The agent waits for it; the operator does not for long.
        world.run(70)
        let rebuild = try #require(world.group.status.rebuild)
        #expect(rebuild.attempt == 2)
        #expect(rebuild.comparedWith == "orders-0")
        #expect(world.verifications["orders-1-i2"]?.source == "orders-0")
        world.heldVerifications = false
        world.run(20)
        #expect(world.operation("again")?.status.state == .succeeded)
        #expect(
            world.operation("again")?.status.steps.first { $0.name == "Verify" }?.message?.contains("orders-0") == true
        )
    }

    /// The words are those of what is wrong, and not of what the comparison waited for.
    @Test func aServerThatCannotApplyTheLogIsNotComparedAgain() {
        var world = Self.comparing(candidates: 3)
        world.problems["orders-1-i2"] = [
            .init(reason: "ApplyFailed", message: "the server cannot apply the log: Duplicate entry '152' (1062)")
        ]
        world.listen()
        world.reconcile()
        #expect(world.group.status.rebuild?.attempt == 1, "a deadlock passes by itself")
        world.verifications["orders-1-i2"]?.state = .failed
        world.verifications["orders-1-i2"]?.message = "the server has not applied 1/19481 within 60 s"
        world.run(20)
        let message = world.operation("again")?.status.message
        #expect(message?.contains("Duplicate entry '152'") == true, "\(message ?? "")")
        #expect(world.operation("again")?.status.state == .failed)
        #expect(world.member("orders-1")?.incarnation == 1)
    }

    @Test func anAttemptThatFailsIsFollowedByAnotherMember() throws {
        var world = Self.comparing(candidates: 3)
        world.verifications["orders-1-i2"]?.state = .failed
        world.verifications["orders-1-i2"]?.message = "the agent of orders-2 gives no samples of its data"
        world.listen()
        world.reconcile()
        let rebuild = try #require(world.group.status.rebuild)
        #expect(rebuild.attempt == 2)
        #expect(rebuild.comparedWith == "orders-0")
        #expect(
            rebuild.message == "the agent of orders-2 gives no samples of its data; it is tried again, with orders-0"
        )
        world.heldVerifications = false
        world.run(20)
        #expect(world.operation("again")?.status.state == .succeeded)
    }

    @Test func itIsTriedSoManyTimesAndNotMore() {
        var world = Self.comparing()
        for attempt in 1...RebuildVerification.attempts {
            #expect(world.group.status.rebuild?.attempt == attempt)
            world.verifications["orders-1-i2"]?.state = .failed
            world.verifications["orders-1-i2"]?.message = "the connection was lost"
            world.listen()
            world.run(2)
        }
        world.run(20)
        Self.expectAsBefore(world, "could not be compared: the connection was lost")
    }

    @Test func itDoesNotWaitForEver() {
        var world = Self.comparing()
        world.run(1900)
        Self.expectAsBefore(world, "could not be compared within 900 s: the data are compared with those of orders-0")
    }

    @Test func anAgentThatIsTooOldIsNamed() {
        var world = RebuildTests.world()
        world.isOldImage = true
        world.rebuild("again", "orders-1")
        world.run(40)
        Self.expectAsBefore(world, "older than the operator")
    }

    /// It has forgotten what it was asked for, and is asked again.
    @Test func theTargetsAgentIsStartedAgain() {
        var world = Self.comparing()
        let version = world.group.status.rebuild
        world.restartAgent(of: "orders-1-i2")
        world.run(2)
        #expect(world.verifications["orders-1-i2"]?.state == .running)
        #expect(world.group.status.rebuild?.attempt == version?.attempt)
        // A match that was not seen before it was forgotten is no match.
        world.verifications["orders-1-i2"]?.state = .matched
        world.restartAgent(of: "orders-1-i2")
        world.run(4)
        #expect(world.group.status.rebuild?.step == .verify)
        world.heldVerifications = false
        world.run(20)
        #expect(world.operation("again")?.status.state == .succeeded)
        RebuildTests.expectWhole(world)
    }

    /// What was compared with a life that is none any more is compared again.
    @Test func aMatchWithAnotherMemberOrOfAnotherAttemptDoesNotCount() {
        var world = Self.comparing()
        for (attempt, source) in [(7, "orders-0"), (1, "orders-0-i2"), (1, "orders-2")] {
            world.verifications["orders-1-i2"] = AgentStatus.Verification(
                attempt: attempt,
                source: source,
                state: .matched,
                message: "the data match"
            )
            world.listen()
            world.run(1)
            #expect(world.group.status.rebuild?.step == .verify)
            #expect(world.verifications["orders-1-i2"]?.source == "orders-0", "it is asked again")
        }
    }

    /// The leader was compared with and is lost: the comparison goes on with whoever leads then.
    @Test func theLeaderIsLostWhileItIsComparedWith() throws {
        var world = RebuildTests.world(learners: [("west", 1)])
        world.heldVerifications = true
        world.rebuild("again", "orders-3") { $0.source = "orders-0" }
        #expect(RebuildTests.run(&world, until: .verify))
        world.run(3)
        #expect(world.group.status.rebuild?.comparedWith == "orders-1", "a follower, although the leader was copied")
        let node = world.node(of: "orders-0")
        world.power(node, on: false)
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.group.status.rebuild?.step == .verify)
        world.heldVerifications = false
        world.run(20)
        #expect(world.operation("again")?.status.state == .succeeded)
        world.power(node, on: true)
        world.run(20)
        RebuildTests.expectWhole(world)
    }
}
