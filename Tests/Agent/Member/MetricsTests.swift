import Testing
import XDB

@testable import Agent

@Suite struct MetricsTests {
    @Test func readiness() {
        var status = AgentStatus(member: "orders-0", incarnation: 1, version: "1")
        #expect(!Metrics.isReady(status, kind: .data))
        status.phase = .streaming
        #expect(Metrics.isReady(status, kind: .logger))
        #expect(!Metrics.isReady(status, kind: .data))
        status.server = AgentStatus.Server(state: .running)
        #expect(Metrics.isReady(status, kind: .data))
        status.phase = .applying
        #expect(!Metrics.isReady(status, kind: .data))
        status.phase = .writable
        #expect(Metrics.isReady(status, kind: .data))
    }

    @Test func everyFigureIsExplained() {
        var status = AgentStatus(member: "orders-0", incarnation: 1, version: "1")
        status.server = AgentStatus.Server(state: .running)
        status.server.unacknowledged = 0
        status.server.lagSeconds = 0.5
        status.peers = [AgentStatus.Peer(name: "orders-1", durable: .zero, connected: true)]
        status.problems = [AgentStatus.Problem(reason: "DiskFull", message: "x")]
        let lines = Metrics.text(status, kind: .data).split(separator: "\n")
        for line in lines where !line.hasPrefix("#") {
            let name = line.prefix { $0 != " " && $0 != "{" }
            #expect(lines.contains { $0.hasPrefix("# HELP \(name) ") }, "\(name)")
            #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") }, "\(name)")
            #expect(name.hasPrefix("xdb_agent_"))
        }
        #expect(lines.contains("xdb_agent_problem{reason=\"DiskFull\"} 1"))
        #expect(lines.contains("xdb_agent_peer_connected{peer=\"orders-1\"} 1"))
    }
}
