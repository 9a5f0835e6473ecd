import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// The operator ends after each step of an election, and another goes on from what was recorded.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Crashes {
        static let group = LabGroup(name: "crash")
        /// Every other one is played by default, and all with `hack/test --long`.
        ///
        /// The simulated world of Planning's tests plays all of them each time.
        static let points = [
            "electionRecorded", "sealed", "epochRecorded", "led", "followed", "labelled", "writableRecorded",
            "routedRecorded", "operationCreated", "operationRecorded",
        ]

        @Test func begins() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: points.enumerated().filter { Lab.isLong || $0.offset.isMultiple(of: 2) }.map(\.element))
        func theOperatorEnds(after point: String) async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            try await Lab.crashOperator(after: point) {
                try await Lab.signal("KILL", Lab.server, of: leader.name, on: try #require(leader.node))
            }
            try await Self.group.reaches(epoch: epoch + 1)
            let record = try await Self.group.operation("crash-failover-\(epoch + 1)", reaches: "Succeeded")
            #expect(record.steps == ["Detect", "Seal", "CatchUp", "Promote", "Route"])
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            #expect(try await Self.group.writableMembers().count == 1)
            try await Self.group.expectSame(as: writer)
            try await Lab.replaceCrashedOperators()
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.letGo()
        }
    }
}
