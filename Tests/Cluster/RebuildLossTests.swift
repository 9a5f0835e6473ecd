import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Whoever takes part in a rebuild is lost in each of its steps, or it is cancelled.
    ///
    /// One group of three candidates for all of it, so that leader, source and target are three.
    @Suite(.serialized, .enabled(if: Lab.isLong, "hack/test --long")) struct RebuildLosses {
        static let group = LabGroup(name: "loss")

        /// What is lost.
        enum Loss: String, CaseIterable {
            case jobPod, sourceAgent, leaderServer, targetNode
            /// The wish: it is cancelled.
            case wish

            func happens(in step: String) -> Bool {
                switch self {
                case .jobPod: ["Copy", "Prepare", "Refresh"].contains(step)
                case .sourceAgent: ["Copy", "Join", "Verify"].contains(step)
                case .leaderServer, .targetNode, .wish: true
                }
            }
        }

        static let steps = ["Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"]
        static let cases = Loss.allCases.flatMap { loss in
            steps.filter { loss.happens(in: $0) }.map { (loss, $0) }
        }

        @Test func begins() async throws {
            try await Self.group.apply(.init(candidates: 3, loggers: 0))
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: cases)
        func theRebuildEndsAndNothingIsLost(_ loss: Loss, in step: String) async throws {
            let group = Self.group
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            let follower = try #require(try await group.member(in: "Follower"))
            let operation = try await group.rebuild(
                member: follower.name,
                mode: loss == .targetNode ? "CrossHost" : "Local",
                bytesPerSecond: step == "Copy" ? "512Ki" : nil
            )
            if step == "Copy" {
                try await group.copies(operation)
            } else {
                // A step may be over before it is seen; then the loss comes in the next.
                try await eventually("the step \(step)", every: .milliseconds(20)) { () -> Bool? in
                    if try await group.hasEnded(operation) { return true }
                    let status = try await group.object()[path: "status", "rebuild"]
                    let now = status?["step"]?.stringValue.flatMap { Self.steps.firstIndex(of: $0) }
                    guard let now, let wanted = Self.steps.firstIndex(of: step) else { return nil }
                    return now >= wanted ? true : nil
                }
            }
            let end = try await cause(loss, operation)
            if step == "Copy" { try await group.limit(operation, to: "0") }
            let state = try await group.ends(operation)
            let message = try await group.message(of: operation)
            // The member may be elected itself: then it is not to be rebuilt any more.
            let mayFail = loss == .targetNode || loss == .leaderServer && message.contains("leads")
            let isAsWanted =
                state == "Succeeded" || state == "Failed" && mayFail || state == "Cancelled" && loss == .wish
            #expect(isAsWanted, "\(state): \(message)")
            try await end()
            try await group.owesNothing()
            try await group.settle(writer)
            try await expectOneLife(of: follower.name)
        }

        @Test func ends() async throws { try await Self.group.letGo() }

        /// Returns what ends it.
        private func cause(_ loss: Loss, _ operation: String) async throws -> Fault.End {
            let group = Self.group
            switch loss {
            case .jobPod:
                try await Lab.kubectl(
                    "delete",
                    "pod",
                    "-n",
                    group.namespace,
                    "--selector",
                    "job-name",
                    "--grace-period=0",
                    "--force"
                )
            case .sourceAgent:
                let name = try await group.object()[path: "status", "rebuild", "source"]?.stringValue
                let source = try #require(try await group.members().first { $0.name == name })
                try await Lab.signal("KILL", Lab.agent, of: source.life, on: try #require(source.node))
            case .leaderServer:
                let leader = try #require(try await group.member(in: "Leader"))
                try await Lab.signal("KILL", Lab.server, of: leader.life, on: try #require(leader.node))
            case .wish: try await group.cancel(operation)
            case .targetNode:
                let node = try await group.object()[path: "status", "rebuild", "node"]?.stringValue
                guard let node else { return {} }
                try await Lab.power(off: node)
                let zone = try await Lab.zone(of: node)
                return { try await Lab.power(on: node, zone: zone) }
            }
            return {}
        }

        /// Of all lives that a member has had, the data of one are left, on its node.
        private func expectOneLife(of name: String) async throws {
            let member = try #require(try await Self.group.members().first { $0.name == name })
            let life = member.life == name ? "i1" : String(member.life.split(separator: "-").last ?? "")
            for node in try await Lab.nodes() {
                let path = "/var/lib/xdb/\(Self.group.namespace)/\(Self.group.name)/\(name)"
                let lives = try await Lab.inside(node, "sh", "-c", "ls \(path) 2>/dev/null || true")
                    .split(separator: "\n").map(String.init)
                #expect(lives == (node == member.node ? [life] : []), "\(node) has \(lives)")
            }
        }
    }
}
