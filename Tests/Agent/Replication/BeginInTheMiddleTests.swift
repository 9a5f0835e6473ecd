import Foundation
import Testing
import XDB

@testable import Agent

/// An empty log that need not begin at the group's first transaction.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BeginInTheMiddleTests {
    /// Two members whose leader no longer has what the log began with, and a third one that has nothing.
    private func purgedGroup() async throws -> (LogGroup, GTID) {
        let group = try await LogGroup(3, segmentBytes: 32 << 10)
        for member in group.members {
            await member.stop()
            member.configuration.retainedBytes = 64 << 10
            member.configuration.retainedBytesForPeers = 64 << 10
            member.configuration.purgeSeconds = 0.1
            try await member.start()
        }
        try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        let old = try await group[0].write(2000)
        try await group[0].running.waitCommitted(old.position)
        try await group.elect(0, epoch: 2)
        try await group.follow(1, 0, epoch: 2)
        let last = try await group[0].write(10)
        try await group[0].running.waitCommitted(last.position)
        try await group[0].until("has purged") { $0.first?.sequence ?? 0 > 100 }
        return (group, last)
    }

    @Test func anEmptyLogBeginsWhereTheGroupIsCommitted() async throws {
        let (group, last) = try await purgedGroup()
        try await group.follow(2, 0, epoch: 2)
        try await group[2].until("is refused") { $0.failure?.reason == "LogPurged" }
        // The same leader, and the wish besides.
        try await group.follow(2, 0, epoch: 2, beginsAnywhere: true)
        try await group[2].until("begins") { $0.streaming && $0.position == last.position }
        #expect(group[2].snapshot.failure == nil)
        #expect(group[2].snapshot.committed == last.position)
        #expect(group[2].snapshot.first == nil)

        // It acknowledges like any other.
        await group[1].stop()
        let next = try await group[0].write(3)
        try await group[0].running.waitCommitted(next.position)
        try await group[2].until("hears of the commit") { $0.committed == next.position }
        #expect(group[2].snapshot.first == Position(epoch: Epoch(rawValue: 2), sequence: last.sequence + 1))
        await group.close()
    }

    /// Nothing but the log's begin is on the disk: not even the commit position, which is written after it.
    @Test func aCrashRightAfterTheBeginDoesNoHarm() async throws {
        let (group, last) = try await purgedGroup()
        try await group.follow(2, 0, epoch: 2, beginsAnywhere: true)
        try await group[2].until("begins") { $0.streaming && $0.committed == last.position }
        await group[2].stop()
        try FileManager.default.removeItem(atPath: "\(group[2].configuration.directory)/committed")
        try await group[2].start(epoch: 2)
        #expect(group[2].snapshot.position == last.position)
        #expect(group[2].snapshot.committed == last.position)
        #expect(group[2].snapshot.first == nil)
        // What is there is gone on with, asked or not.
        await group[1].stop()
        try await group.follow(2, 0, epoch: 2, beginsAnywhere: true)
        let next = try await group[0].write()
        try await group[0].running.waitCommitted(next.position)
        try await group[2].until("has it") { $0.position == next.position }
        await group.close()
    }

    /// A member that is away may find nobody else one day who has what it lacks.
    @Test func aMemberThatLagsCanBeHelped() async throws {
        let group = try await LogGroup(4)
        let voters = ["orders-0", "orders-1", "orders-2"]
        let first = try await group.elect(0, epoch: 1, voters: voters, learners: ["orders-3"])
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group[1].stop()
        try await group.follow(2, 0, epoch: 1)
        let last = try await group[0].write(10)
        try await group[0].running.waitCommitted(last.position)
        try await group.follow(3, 0, epoch: 1, beginsAnywhere: true)
        try await group[3].until("has all") { $0.position == last.position }
        #expect(group[3].snapshot.first == Position(epoch: Epoch(rawValue: 1), sequence: first.sequence + 1))
        await group[3].stop()

        // In an epoch in which it has told nothing it may lack anything.
        try group[3].beginAnew()
        try await group[3].start()
        let next = try await group.elect(0, epoch: 2, voters: voters, learners: ["orders-3"])
        try await group.follow(2, 0, epoch: 2)
        try await group[0].running.waitCommitted(next.position)
        try await group.follow(3, 0, epoch: 2, beginsAnywhere: true)
        try await group[3].until("has all") { $0.position == next.position }
        #expect(group[3].snapshot.first?.sequence == 1)
        await group.close()
    }

    @Test(arguments: [
        ("orders-1", "orders-1"), ("orders-1-i2", "orders-1"), ("orders-1-i12", "orders-1"),
        ("orders-i2-0", "orders-i2-0"),
        ("orders-1-i", "orders-1-i"), ("orders-west-0-i3", "orders-west-0"), ("", ""), ("7", "7"),
    ])
    func livesAreOfOneMember(life: String, member: String) {
        #expect(MemberLife.name(of: life) == member)
    }

    /// The wish is of no effect on a log that has something, and the leader's whole log is of use to nobody twice.
    @Test func aLogThatHasSomethingGoesOnWithIt() async throws {
        let group = try await LogGroup(2)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        await group[1].stop()
        try await group[1].start(epoch: 1)
        try await group.follow(1, 0, epoch: 1, beginsAnywhere: true)
        let last = try await group[0].write(5)
        try await group[0].running.waitCommitted(last.position)
        try await group[1].until("has all") { $0.position == last.position }
        #expect(group[1].snapshot.first?.sequence == 1)
        await group.close()
    }

    /// In a group that has committed nothing yet there is nowhere to begin but at the begin.
    @Test func aGroupWithoutCommitsIsFollowedFromItsBegin() async throws {
        let group = try await LogGroup(3)
        let first = try await group.elect(0, epoch: 1)
        try await group.follow(2, 0, epoch: 1, beginsAnywhere: true)
        try await group[0].running.waitCommitted(first.position)
        try await group[2].until("has all") { $0.position == first.position }
        #expect(group[2].snapshot.first?.sequence == 1)
        await group.close()
    }
}
