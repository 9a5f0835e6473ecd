import Testing
import XDB

@testable import Agent

@Suite struct StatusBoardTests {
    static let first = AgentStatus(member: "orders-0", incarnation: 1, version: "1")

    @Test func positionsAreNoNews() {
        var moved = Self.first
        moved.position = Position(epoch: Epoch(rawValue: 1), sequence: 9)
        moved.committed = moved.position
        moved.logBytes = 1000
        #expect(!StatusBoard.isNews(Self.first, moved))
        moved.phase = .streaming
        #expect(StatusBoard.isNews(Self.first, moved))
    }

    @Test func watchersSeeTheNewestStatus() async {
        let board = StatusBoard(Self.first)
        var statuses = board.watch().makeAsyncIterator()
        #expect(await statuses.next() == Self.first)
        for epoch in UInt32(1)...5 {
            var status = Self.first
            status.epoch = Epoch(rawValue: epoch)
            board.publish(status)
        }
        #expect(await statuses.next()?.epoch == Epoch(rawValue: 5))
    }
}
