import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// The operator ends after each step and each effect of a rebuild, and another goes on from what was recorded.
    ///
    /// One group for all of it.
    @Suite(.serialized, .enabled(if: Lab.isLong, "hack/test --long")) struct RebuildCrashes {
        static let group = LabGroup(name: "patch")

        @Test func begins() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: [
            "rebuildCopy", "jobCreated", "rebuildPrepare", "rebuildRefresh", "rebuildJoin", "podCreated", "followed",
            "rebuildVerify", "verificationAsked", "rebuildVote", "led", "rebuildClean", "debtRecorded", "podDeleted",
            "jobDeleted", "cleanupCreated", "debtPaid", "certificateDeleted", "cleanupDeleted", "rebuildEnded",
            "operationRecorded", "rebuildCleared", "rebuildDiscard",
        ])
        func theOperatorEnds(after point: String) async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let follower = try #require(try await Self.group.member(in: "Follower"))
            var operation = ""
            try await Lab.crashOperator(after: point) {
                let isDiscard = point == "rebuildDiscard"
                operation = try await Self.group.rebuild(
                    member: follower.name,
                    mode: isDiscard ? "Local" : "Auto",
                    discardFirst: isDiscard ? true : nil
                )
            }
            try await Self.group.succeeds(operation)
            try await Self.group.settle(writer)
            #expect(try await Self.group.writableMembers().count == 1)
            try await Self.group.owesNothing()
            let jobs = try await Lab.kubectl("get", "jobs", "-n", Self.group.namespace, "-o", "name")
            #expect(!jobs.contains("/\(Self.group.name)-"), "\(jobs)")
            try await Lab.replaceCrashedOperators()
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.letGo()
        }
    }
}
