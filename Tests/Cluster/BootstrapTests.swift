import ClusterFixture
import Kubernetes
import KubernetesModel
import Testing

/// All suites of this target change the one cluster, so they run one after the other, in the order of this list.
@Suite(.serialized, .enabled(if: Lab.isWanted, Comment(rawValue: Lab.reason)))
struct ClusterTests {}

extension ClusterTests {
    /// From applied YAML to acknowledged writes, in every shape; and away again.
    @Suite(.serialized) struct Bootstrap {
        @Test func threeVotersOnDirectoriesOfDistinctNodesAndTwoZones() async throws {
            let group = LabGroup(name: "three")
            try await group.apply(LabGroup.Shape(zones: "[a, b]"))
            try await group.wait(for: "Writable")
            try await group.wait(for: "FullyRedundant")
            let members = try await group.members()
            #expect(members.map(\.kind) == ["Candidate", "Candidate", "Logger"])
            #expect(Set(members.compactMap(\.node)).count == 3)
            #expect(Set(members.compactMap(\.zone)) == ["a", "b"])
            #expect(Set(members.compactMap(\.role)) == ["Leader", "Follower", "Logger"])

            let writer = try await Writer.start(group)
            try await writer.progress(by: 50)
            try await group.expectSame(as: writer)
            try await group.delete()
            for node in Set(members.compactMap(\.node)) {
                let left = try await Lab.files(on: node, under: "/var/lib/xdb/default/three")
                #expect(left.isEmpty, "\(node) still has \(left)")
            }
        }

        @Test func oneVoterWithALearnerOnClaims() async throws {
            let group = LabGroup(name: "one")
            try await group.apply(
                LabGroup.Shape(
                    candidates: 1,
                    loggers: 0,
                    learners: "[{name: reader, replicas: 1, zones: [b]}]",
                    storage: "{volumeClaim: {storageClassName: local, size: 1Gi}}"
                )
            )
            try await group.wait(for: "FullyRedundant")
            let learner = try #require(try await group.members().last)
            #expect(learner.role == "Learner")
            #expect(learner.zone == "b")
            let writer = try await Writer.start(group)
            try await writer.progress(by: 50)

            // Wanted in another zone it goes there, with what it has.
            try await group.change(
                """
                {"repair": {"mode": "Automatic"},
                 "members": {"learners": [{"name": "reader", "replicas": 1, "zones": ["a"]}]}}
                """
            )
            try await eventually("\(learner.name) is in zone a") { () -> Bool? in
                try await group.members().contains { $0.name == learner.name && $0.zone == "a" } ? true : nil
            }
            try await group.isAsWanted()
            try await group.expectSame(as: writer)
            try await group.delete()
            let claims = try await Lab.kubectl("get", "pvc", "-o", "name")
            #expect(!claims.contains("data-one-"))
        }

        @Test func fiveVoters() async throws {
            try await Lab.ensureNodes(5)
            let group = LabGroup(name: "five")
            try await group.apply(LabGroup.Shape(candidates: 3, loggers: 2))
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group)
            try await writer.progress(by: 50)
            // Three of five are enough.
            let others = try await group.members().filter { $0.role != "Leader" }.suffix(2)
            for member in others { try await group.kill(.pod, of: member.name) }
            try await writer.progress(by: 50)
            try await group.wait(for: "FullyRedundant")
            try await group.expectSame(as: writer)
            try await group.letGo()
        }

        /// As a user applies them.
        @Test func theSamplesTakeWrites() async throws {
            try await Lab.cluster("volumes")
            let groups = ["orders", "orders-claim"].map { LabGroup(name: $0) }
            for group in groups {
                try await Lab.kubectl("apply", "-f", "\(Lab.root)/manifests/samples/\(group.name).yaml")
            }
            for group in groups { try await group.wait(for: "Writable") }
            for group in groups { try await group.delete() }
        }

        /// The operator ends on the way to the first leader, and a pod is killed: another goes on from what was recorded.
        @Test(
            arguments: Lab.isLong
                ? ["electionRecorded", "sealed", "epochRecorded", "led", "followed", "writableRecorded"]
                : ["epochRecorded"]
        )
        func theWayToTheFirstLeaderIsInterrupted(after point: String) async throws {
            let group = LabGroup(name: "begun")
            try await Lab.setCrash(after: nil)
            try await Lab.crashOperator(after: point) {
                try await group.apply()
                try await eventually("a pod of \(group.name)") { () -> Bool? in
                    try await group.podUIDs()["begun-1"] == nil ? nil : true
                }
                try await Lab.kubectl("delete", "pod", "begun-1", "--force", "--grace-period=0", "--wait=false")
            }
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 50)
            #expect(try await group.writableMembers().count == 1)
            try await group.expectSame(as: writer)
            try await group.delete()
            try await Lab.replaceCrashedOperators()
        }

        @Test func aNamespaceIsDeletedWithItsGroup() async throws {
            try await Lab.kubectl("create", "namespace", "shop")
            let group = LabGroup(name: "gone", namespace: "shop")
            try await group.apply(LabGroup.Shape(candidates: 1, loggers: 0))
            try await group.wait(for: "Writable")
            let node = try #require(try await group.members().first?.node)
            try await Lab.kubectl("delete", "namespace", "shop", "--wait=false")
            try await eventually("the namespace is gone") { () -> Bool? in
                try await Lab.client.find(Namespace.self, ObjectKey(name: "shop")) == nil ? true : nil
            }
            let left = try await Lab.files(on: node, under: "/var/lib/xdb/shop")
            #expect(left.isEmpty, "\(node) still has \(left)")
            try await eventually("nothing is left of the clean-up") { () -> Bool? in
                try await Lab.client.list(Pod.self, in: "xdb-cleanup").items.isEmpty ? true : nil
            }
        }

        @Test func retainedDirectoriesStay() async throws {
            let group = LabGroup(name: "kept")
            try await group.apply(
                LabGroup.Shape(
                    candidates: 1,
                    loggers: 0,
                    storage: "{hostPath: {path: /var/lib/xdb}, onDelete: Retain}"
                )
            )
            try await group.wait(for: "Writable")
            let node = try #require(try await group.members().first?.node)
            try await group.delete()
            #expect(try await !Lab.files(on: node, under: "/var/lib/xdb/default/kept").isEmpty)
            try await Lab.remove("/var/lib/xdb/default/kept", on: node)
        }
    }
}
