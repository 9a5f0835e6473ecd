import ClusterFixture
import Kubernetes
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
            try await crash(Self.group, after: point) { follower in
                let isDiscard = point == "rebuildDiscard"
                return try await Self.group.rebuild(
                    member: follower.name,
                    mode: isDiscard ? "Local" : "Auto",
                    discardFirst: isDiscard ? true : nil
                )
            }
        }

        /// Has the operator end once while the follower is rebuilt under a writing client, and looks at everything when that
        /// is done.
        ///
        /// - Parameters:
        ///   - begin: Asks for the rebuild of the follower, and returns the name of the operation.
        ///   - end: Called when it has succeeded.
        private func crash(
            _ group: LabGroup,
            after point: String,
            _ begin: (LabGroup.Member) async throws -> String,
            end: () async throws -> Void = {}
        ) async throws {
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            let follower = try #require(try await group.member(in: "Follower"))
            var operation = ""
            try await Lab.crashOperator(after: point) { operation = try await begin(follower) }
            try await group.succeeds(operation)
            try await end()
            try await group.settle(writer)
            #expect(try await group.writableMembers().count == 1)
            try await group.owesNothing()
            let jobs = try await Lab.kubectl("get", "jobs", "-n", group.namespace, "-o", "name")
            #expect(!jobs.contains("/\(group.name)-"), "\(jobs)")
            let lives = try await group.members().map(\.life).sorted()
            let selection = Selection(labels: ["xdb-operator.github.io/group": group.name])
            let pods = try await Lab.client.list(Pod.self, in: group.namespace, ListOptions(selection)).items
            #expect(pods.map(\.metadata.name).sorted() == lives)
            try await Lab.replaceCrashedOperators()
        }

        @Test func theOperatorEndsAfterANewLimit() async throws {
            try await Self.group.fill(megabytes: 64)
            try await crash(Self.group, after: "copyLimited") { follower in
                let operation = try await Self.group.rebuild(member: follower.name, bytesPerSecond: "4Mi")
                try await Self.group.copies(operation)
                try await Self.group.limit(operation, to: "0")
                return operation
            }
        }

        @Test func theOperatorEndsWhereANodeIsDead() async throws {
            var lost: (node: String, zone: String)?
            try await crash(Self.group, after: "podForceDeleted") { follower in
                let node = try #require(follower.node)
                lost = (node, try await Lab.zone(of: node))
                try await Lab.power(off: node)
                return try await Self.group.rebuild(member: follower.name, mode: "CrossHost")
            } end: {
                let (node, zone) = try #require(lost)
                try await Lab.power(on: node, zone: zone)
            }
        }

        @Test func theOperatorEndsWhereDataAreOnClaims() async throws {
            let group = LabGroup(name: "patch-claims")
            try await group.apply(.init(storage: "{volumeClaim: {storageClassName: local, size: 1Gi}}"))
            try await group.wait(for: "FullyRedundant")
            try await crash(group, after: "claimDeleted") { try await group.rebuild(member: $0.name) }
            try await group.letGo()
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.letGo()
        }
    }
}
