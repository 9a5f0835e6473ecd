import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Members that people work on.
struct MaintenanceTests {
    @Test func itIsNotRepairedAndAlarmsNobody() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.run(2)
        world.events = []
        world.power(world.node(of: "orders-1"), on: false)
        world.run(300)
        let member = try #require(world.member("orders-1"))
        #expect(member.reason == Reason.maintenance.rawValue)
        #expect(member.health == .unhealthy)
        #expect(member.message?.contains("it is under maintenance") == true)
        #expect(member.message?.contains("is not ready") == true, "what is wrong is said, too")
        #expect(world.operations.isEmpty)
        #expect(world.condition(.repairPending) == nil)
        #expect(!world.events.contains { $0.reason.isWarning }, "\(world.events)")
        let redundant = try #require(world.condition(.fullyRedundant))
        #expect(!redundant.isTrue, "it is counted as what it is")
        #expect(redundant.reason == Reason.maintenance.rawValue)
        #expect(world.condition(.progressing)?.reason == Reason.asWanted.rawValue)
        #expect(world.condition(.writable)?.isTrue == true)

        world.group.spec.maintenance = []
        world.run(150)
        #expect(world.operations.contains { $0.metadata.name == "orders-1-repair-1" })
    }

    /// Who looks later sees when somebody worked on it.
    @Test func itsBeginAndItsEndAreEvents() {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.run(4)
        #expect(world.member("orders-1")?.maintenance == true)
        world.group.spec.maintenance = []
        world.run(4)
        #expect(world.member("orders-1")?.maintenance == false)
        let told = world.events.filter { $0.reason == .maintenance }.map { $0.message.prefix(22) }
        #expect(told == ["orders-1 is taken out (", "orders-1 is put back: "].map { $0.prefix(22) })
    }

    @Test func aRepairThatGoesOnIsGivenUp() {
        var world = World.writable()
        world.heldJobs = true
        world.power(world.node(of: "orders-1"), on: false)
        world.run(130)
        #expect(world.group.status.rebuild != nil)
        world.group.spec.maintenance = ["orders-1"]
        world.run(30)
        #expect(world.operation("orders-1-repair-1")?.status.state == .cancelled)
        #expect(world.operation("orders-1-repair-1")?.status.message?.contains("under maintenance") == true)
        #expect(world.group.status.rebuild == nil)
    }

    @Test func aLeaderUnderMaintenanceHandsOver() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-0"]
        world.run(20)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.group.status.epochs.first?.cause == .maintenance)
        #expect(world.member("orders-0")?.promotable == false)
        #expect(world.member("orders-0")?.message?.contains("under maintenance") == true)
        #expect(world.condition(.fullyRedundant)?.isTrue == true)
        // It is not asked back.
        world.askForLeader("back", "orders-0")
        world.run(5)
        #expect(world.operation("back")?.status.state == .failed)
        #expect(world.operation("back")?.status.message?.contains("spec.maintenance") == true)
        world.group.spec.maintenance = []
        world.run(10)
        #expect(world.group.status.leader == "orders-1")
    }

    @Test func aLeaderThatNobodyCanFollowStays() {
        var world = World.writable(candidates: 1, loggers: 2)
        world.group.spec.maintenance = ["orders-0"]
        world.run(20)
        #expect(world.group.status.epoch == Epoch(rawValue: 1))
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func itIsElectedWhenNobodyElseCanLead() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.run(2)
        world.power(world.node(of: "orders-0"), on: false)
        world.run(30)
        #expect(world.group.status.leader == "orders-1")
        #expect(world.condition(.writable)?.isTrue == true)
        let record = try #require(world.group.status.epochs.first)
        #expect(record.reason.contains("it is under maintenance (spec.maintenance), and no other candidate could lead"))
    }

    /// The one that people work on has all that was acknowledged; the other gets it and leads.
    @Test func anotherIsPreferredWhateverItLacks() throws {
        let voters = [
            Voter(name: "orders-0", ordinal: 0, kind: .candidate, isSetAside: true),
            Voter(name: "orders-1", ordinal: 1, kind: .candidate, isRunning: false),
            Voter(name: "orders-2", ordinal: 2, kind: .logger),
        ]
        let epoch = Epoch(rawValue: 2)
        func at(_ sequence: UInt64) -> Position { Position(epoch: Epoch(rawValue: 1), sequence: sequence) }
        func answer(_ name: String, _ sequence: UInt64, first: UInt64 = 1) -> SealAnswer {
            SealAnswer(member: name, epoch: epoch, position: at(sequence), committed: at(5), first: at(first))
        }
        let outcome = Election(epoch: epoch, voters: voters, answers: [answer("orders-0", 9), answer("orders-1", 5)])
            .decide()
        guard case .elected(let elected) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(elected.leader == "orders-1")
        #expect(elected.source == "orders-0")
        #expect(elected.rule == .unoccupied)
        // What it lacks is in no log that answers any more: it cannot lead, whoever works on the other.
        let last = Election(
            epoch: epoch,
            voters: voters,
            answers: [answer("orders-0", 9, first: 8), answer("orders-1", 5)]
        ).decide()
        guard case .elected(let only) = last else { return #expect(Bool(false), "\(last)") }
        #expect(only.leader == "orders-0")
    }

    @Test func aNameThatIsNoMembersIsTold() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1", "orders-9"]
        world.run(2)
        let condition = try #require(world.condition(.progressing))
        #expect(condition.reason == Reason.unknownMember.rawValue)
        #expect(condition.message.contains("orders-9"))
        #expect(condition.message.contains("orders-0, orders-1, orders-2"))
        #expect(world.events.contains { $0.reason == .unknownMember })
        #expect(world.condition(.writable)?.isTrue == true)
    }

    @Test func aRollingChangeLeavesItOut() throws {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.group.spec.image = "engine:2"
        world.run(40)
        #expect(world.pods.first { $0.name == "orders-2" }?.image == "engine:2")
        #expect(world.member("orders-1")?.outdated == "image")
        // The leader has nobody to hand over to.
        #expect(world.member("orders-0")?.outdated == "image")
        #expect(try #require(world.condition(.progressing)?.message).contains("under maintenance"))
        world.group.spec.maintenance = []
        world.run(80)
        #expect(world.pods.allSatisfy { $0.image == "engine:2" })
    }

    @Test func whatIsWrongWithItsDataStillCounts() {
        var world = World.writable()
        world.group.spec.maintenance = ["orders-1"]
        world.disks = world.disks.filter { !$0.key.contains("orders-1") }
        world.run(2)
        let draft = { () -> Draft in
            var draft = Draft(world.observation)
            for policy in GroupPolicy.chain { policy.apply(&draft) }
            return draft
        }()
        #expect(!ElectionPolicy.counts("orders-1", draft), "an empty log is no answer, whoever works on it")
    }
}
