import Foundation
import Testing
import XDB

@testable import Agent

/// One voter takes the place of another while an epoch lasts.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplacedVoterTests {
    private static let one = Epoch(rawValue: 1)
    private static let before = ["orders-0", "orders-1", "orders-2"]
    private static let after = ["orders-0", "orders-3", "orders-2"]

    private func peer(_ name: String, _ snapshot: ReplicationSnapshot) -> AgentStatus.Peer? {
        snapshot.peers.first { $0.name == name }
    }

    /// What the newcomer has counts at once, and what the other one acknowledges counts no more.
    @Test func theNewcomerCountsAndItsPredecessorDoesNot() async throws {
        let group = try await LogGroup(4)
        let first = try await group.elect(0, epoch: 1, voters: Self.before, learners: ["orders-3"])
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(3, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        #expect(peer("orders-3", group[0].snapshot)?.since == nil)

        // The learner has more than any other voter than the leader: nothing of it is committed.
        await group[1].stop()
        let waiting = try await group[0].write(5)
        try await group[0].until("sees the learner's log") {
            peer("orders-3", $0)?.durable == waiting.position && $0.position == waiting.position
        }
        #expect(group[0].snapshot.committed == first.position)

        // It takes the place: at once it is.
        _ = try await group[0].lead(epoch: Self.one, start: .zero, voters: Self.after, learners: ["orders-1"])
        #expect(group[0].snapshot.committed == waiting.position)
        #expect(group[0].snapshot.voters == Self.after)
        #expect(peer("orders-3", group[0].snapshot)?.since == waiting.position)

        // The predecessor, a learner now, has everything, and that is not enough.
        try await group[1].start(epoch: 1)
        try await group.follow(1, 0, epoch: 1)
        await group[3].stop()
        let lonely = try await group[0].write()
        try await group[0].until("sees the predecessor's log") { peer("orders-1", $0)?.durable == lonely.position }
        #expect(group[0].snapshot.committed == waiting.position)

        // A repeated request changes nothing, and does not make the newcomer newer.
        _ = try await group[0].lead(epoch: Self.one, start: .zero, voters: Self.after, learners: ["orders-1"])
        #expect(peer("orders-3", group[0].snapshot)?.since == waiting.position)
        try await group[3].start(epoch: 1)
        try await group.follow(3, 0, epoch: 1)
        try await group[0].running.waitCommitted(lonely.position)
        await group.close()
    }

    /// A predecessor that is no member any more gets the log no longer.
    @Test func thePredecessorsSessionEnds() async throws {
        let group = try await LogGroup(4)
        let first = try await group.elect(0, epoch: 1, voters: Self.before, learners: ["orders-3"])
        try await group.follow(1, 0, epoch: 1)
        try await group.follow(2, 0, epoch: 1)
        try await group[0].running.waitCommitted(first.position)
        try await group[1].until("has the log") { $0.streaming && $0.position == first.position }
        _ = try await group[0].lead(epoch: Self.one, start: .zero, voters: Self.after)
        try await group[1].until("is cut off") { !$0.streaming }
        let last = try await group[0].write()
        try await group[0].running.waitCommitted(last.position)
        #expect(group[1].snapshot.position == first.position)
        #expect(peer("orders-1", group[0].snapshot) == nil)
        // One that has not come yet counts for nothing.
        #expect(peer("orders-3", group[0].snapshot)?.durable == nil)
        await group.close()
    }

    /// The agent of the leader is started again in the epoch: when the newcomer came is not known, but what its
    /// predecessor was counted for is in the log.
    @Test func aRestartedLeaderSaysSinceWhenAgain() async throws {
        let group = try await LogGroup(4)
        let first = try await group.elect(0, epoch: 1, voters: Self.before, learners: ["orders-3"])
        try await group.follow(3, 0, epoch: 1)
        _ = try await group[0].lead(epoch: Self.one, start: .zero, voters: Self.after)
        try await group[0].running.waitCommitted(first.position)
        let last = try await group[0].write(3)
        try await group[0].running.waitCommitted(last.position)
        await group[0].stop()
        try await group[0].start(epoch: 1)
        _ = try await group[0].lead(epoch: Self.one, start: .zero, voters: Self.after, newcomers: ["orders-3"])
        #expect(peer("orders-3", group[0].snapshot)?.since == last.position)
        #expect(peer("orders-2", group[0].snapshot)?.since == nil)
        try await group[0].until("commits with the newcomer") { $0.committed == last.position }
        await group.close()
    }

    /// What an agent is asked for is judged before; the log itself refuses what no request may ask for.
    @Test func theLeadersSeatAndTheNumberOfSeatsStay() async throws {
        let group = try await LogGroup(1)
        try await group.elect(0, epoch: 1, voters: Self.before)
        let wrong = [
            ["orders-0", "orders-1"], ["orders-1", "orders-0", "orders-2"], ["orders-3", "orders-1", "orders-2"],
        ]
        for voters in wrong {
            await #expect(throws: ReplicationError.self) {
                try await group[0].lead(epoch: Self.one, start: .zero, voters: voters)
            }
        }
        #expect(group[0].snapshot.voters == Self.before)
        await group.close()
    }
}
