import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// A group of three moves between two zones of three nodes each, and whoever takes part is lost.
    ///
    /// One group for all of it, with some data.
    @Suite(.serialized, .enabled(if: Lab.isLong, "hack/test --long")) struct MigrationCrashes {
        static let group = LabGroup(name: "trek")

        @Test func begins() async throws {
            try await Lab.setCrash(after: nil)
            for zone in ["a", "b"] { _ = try await Lab.ensureNodes(3, in: zone) }
            try await Self.group.apply(.init(candidates: 2, loggers: 1, zones: "[a]", repair: "{}"))
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.fill(megabytes: 64)
        }

        /// From the zone where the group is to the other.
        private func way() async throws -> (from: String, to: String) {
            try await Self.group.wantedZones().contains("a") ? ("a", "b") : ("b", "a")
        }

        private func expectAll(in zone: String, _ writer: Writer) async throws {
            #expect(try await Self.group.members().allSatisfy { $0.zone == zone })
            #expect(try await Self.group.wantedZones() == [zone])
            try await Self.group.owesNothing()
            try await Self.group.settle(writer)
        }

        @Test(arguments: [
            "operationRecorded", "zonesSet", "rebuildCopy", "jobCreated", "rebuildPrepare", "rebuildRefresh",
            "rebuildJoin", "podCreated", "followed", "rebuildVerify", "verificationAsked", "rebuildVote",
            "rebuildClean", "rebuildEnded", "debtRecorded", "podDeleted", "jobDeleted", "certificateDeleted",
            "cleanupCreated", "cleanupDeleted", "debtPaid", "electionRecorded", "sealed", "epochRecorded", "led",
            "labelled", "writableRecorded", "routedRecorded", "rebuildCleared",
        ])
        func theOperatorEnds(after point: String) async throws {
            let (from, to) = try await way()
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let begin = Moment.now
            var operation = ""
            try await Lab.crashOperator(after: point) {
                operation = try await Self.group.migrate(from: from, to: to)
            }
            try await Self.group.succeeds(operation)
            print("migration, operator ended after \(point): the longest gap was \(writer.longestPause(since: begin))")
            try await expectAll(in: to, writer)
            try await Lab.replaceCrashedOperators()
        }

        @Test func aNodeOfTheTargetZoneLosesItsPower() async throws {
            let (from, to) = try await way()
            let spare = try await Lab.nodes().count + 1
            try await Lab.cluster("node", "\(spare)", to)
            try await Lab.ensureNodes(spare)
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let operation = try await Self.group.migrate(from: from, to: to, bytesPerSecond: "2Mi")
            try await Self.group.copies(operation)
            let node = try #require(
                try await eventually("a node is chosen") { () -> String? in
                    try await Self.group.object()[path: "status", "rebuild", "node"]?.stringValue
                }
            )
            try await Lab.power(off: node)
            try await Self.group.limit(migration: operation, to: "0")
            try await Self.group.succeeds(operation)
            try await Lab.power(on: node, zone: to)
            try await expectAll(in: to, writer)
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            try await Self.group.letGo()
        }
    }
}
