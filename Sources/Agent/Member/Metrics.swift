import XDB

/// What Prometheus reads of an agent: every figure with what it means, from one status.
enum Metrics {
    /// True when the member does what its part asks for.
    static func isReady(_ status: AgentStatus, kind: AgentConfiguration.Kind) -> Bool {
        switch kind {
        case .logger: status.phase == .streaming
        case .data:
            status.server.state == .running && (status.phase == .writable || status.phase == .streaming)
        }
    }

    /// The text format of Prometheus.
    static func text(_ status: AgentStatus, kind: AgentConfiguration.Kind) -> String {
        var text = ""
        func figure(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        func gauge(_ name: String, _ help: String, _ value: String?) {
            figure("xdb_agent_\(name)", "gauge", help, value.map { [("", $0)] } ?? [])
        }
        func counter(_ name: String, _ help: String, _ value: String?) {
            figure("xdb_agent_\(name)", "counter", help, value.map { [("", $0)] } ?? [])
        }
        figure(
            "xdb_agent_info",
            "gauge",
            "The member and the build of its agent; always 1.",
            [("{member=\"\(status.member)\",version=\"\(status.version)\"}", "1")]
        )
        figure(
            "xdb_agent_role",
            "gauge",
            "1 for the part that the member plays now.",
            [AgentStatus.Role.sealed, .leader, .follower].map { role in
                ("{role=\"\(role.rawValue)\"}", role == status.role ? "1" : "0")
            }
        )
        gauge("ready", "1 when the member does what its part asks for.", isReady(status, kind: kind) ? "1" : "0")
        gauge("epoch", "The newest epoch that the member has promised to.", "\(status.epoch)")
        gauge("log_sequence", "The sequence number at the durable end of the log.", "\(status.position.sequence)")
        gauge(
            "committed_sequence",
            "The newest sequence number known to be durable on a majority.",
            "\(status.committed.sequence)"
        )
        gauge(
            "applied_sequence",
            "The newest sequence number that the server has committed.",
            status.server.applied.map { "\($0.sequence)" }
        )
        gauge("log_bytes", "Bytes of the log on the disk.", "\(status.logBytes)")
        gauge("hears_leader", "1 while a follower hears its leader.", status.hearsLeader ? "1" : "0")
        gauge("server_up", "1 while the server runs and answers.", status.server.state == .running ? "1" : "0")
        gauge(
            "lag_seconds",
            "Seconds since the commit on the leader of the newest row that the server has applied.",
            status.server.lagSeconds.map { "\($0)" }
        )
        counter(
            "server_crashes_total",
            "How often the server ended by itself since the agent started.",
            "\(status.server.crashes)"
        )
        counter(
            "unacknowledged_commits_total",
            "Commits that went through without an acknowledgement; any rise is an alarm.",
            status.server.unacknowledged.map { "\($0)" }
        )
        figure(
            "xdb_agent_peer_connected",
            "gauge",
            "1 for each member that is connected to this leader.",
            status.peers.map { ("{peer=\"\($0.name)\"}", $0.connected ? "1" : "0") }
        )
        figure(
            "xdb_agent_peer_durable_sequence",
            "gauge",
            "The sequence number at the durable end of each member's log, as this leader knows it.",
            status.peers.compactMap { peer in
                peer.durable.map { ("{peer=\"\(peer.name)\"}", "\($0.sequence)") }
            }
        )
        figure(
            "xdb_agent_problem",
            "gauge",
            "1 for each thing that is wrong, by its reason.",
            Set(status.problems.map(\.reason)).sorted().map { ("{reason=\"\($0)\"}", "1") }
        )
        return text
    }
}
