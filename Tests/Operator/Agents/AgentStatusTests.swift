import Testing
import XDB

@testable import Operator

/// What wakes a group, of all that its agents say every second.
@Suite struct AgentStatusTests {
    private static func leader() -> AgentStatus {
        var status = AgentStatus(member: "orders-0", incarnation: 1, version: "1")
        status.position = Position(epoch: Epoch(rawValue: 3), sequence: 10)
        var peer = AgentStatus.Peer(name: "orders-1-i2", durable: at(5), connected: true)
        peer.since = at(8)
        status.peers = [peer]
        status.copy = AgentStatus.Copy(to: "orders-1-i2", bytes: 1, total: 9, bytesPerSecond: 5, limit: 7)
        return status
    }

    private static func at(_ sequence: UInt64) -> Position {
        Position(epoch: Epoch(rawValue: 3), sequence: sequence)
    }

    private func wakes(_ change: (inout AgentStatus) -> Void) -> Bool {
        var changed = Self.leader()
        change(&changed)
        return changed.decisive != Self.leader().decisive
    }

    @Test func whatMovesAllTheTimeWakesNobody() {
        #expect(!wakes { $0.position = Self.at(11) })
        #expect(!wakes { $0.peers[0].durable = Self.at(7) })
        #expect(!wakes { $0.copy?.bytes = 5 })
        #expect(!wakes { $0.copy?.bytesPerSecond = 6 })
        #expect(!wakes { $0.copy?.total = 10 })
        #expect(!wakes { $0.copy?.limit = nil })
    }

    @Test func thatACopyIsSentDecidesSomething() {
        #expect(wakes { $0.copy = nil })
        #expect(wakes { $0.copy?.to = "orders-2-i2" })
    }

    @Test func theMomentAtWhichAVoteHasPassedDecidesSomething() {
        #expect(wakes { $0.peers[0].since = nil })
        #expect(wakes { $0.peers[0].durable = Self.at(8) })
        #expect(wakes { $0.peers[0].durable = Self.at(20) })
        #expect(wakes { $0.peers[0].connected = false })
    }
}
