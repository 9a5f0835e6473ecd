import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// The operator ends after each step of an election, and another goes on from what was recorded.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Crashes {
        static let group = LabGroup(name: "crash")

        @Test func begins() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: [
            "electionRecorded", "sealed", "epochRecorded", "led", "followed", "labelled", "writableRecorded",
            "routedRecorded", "operationCreated", "operationRecorded",
        ])
        func theOperatorEnds(after point: String) async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            let before = try await restarts()
            try await Lab.setCrash(after: point)
            try await Lab.signal("KILL", Lab.server, of: leader.name, on: try #require(leader.node))
            try await eventually("the operator ends after \(point)") { () -> Bool? in
                try await restarts() > before ? true : nil
            }
            try await Lab.setCrash(after: nil)
            try await Self.group.reaches(epoch: epoch + 1)
            let record = try await Self.group.operation("crash-failover-\(epoch + 1)", reaches: "Succeeded")
            #expect(record.steps == ["Detect", "Seal", "CatchUp", "Promote", "Route"])
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            #expect(try await Self.group.writableMembers().count == 1)
            try await Self.group.expectSame(as: writer)
            // The kubelet waits longer before each restart of the same pod. A new one has to be there before the next
            // point is set: what a process finds at its start does not make it end.
            for pod in try await operators() where pod.restarts > 0 {
                try await Lab.kubectl("-n", "xdb-system", "delete", "pod", pod.name)
            }
            try await Lab.kubectl("-n", "xdb-system", "rollout", "status", "deployment/xdb-operator")
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.letGo()
        }

        private func restarts() async throws -> Int { try await operators().map(\.restarts).reduce(0, +) }

        private func operators() async throws -> [(name: String, restarts: Int)] {
            try await Lab.operators().filter { !$0.metadata.isBeingDeleted }.map { pod in
                (pod.metadata.name, pod.status.containerStatuses.map(\.restartCount).reduce(0, +))
            }
        }
    }
}
