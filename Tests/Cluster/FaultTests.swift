import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Processes die under a writing client, and nothing that was acknowledged is lost.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Faults {
        static let group = LabGroup(name: "orders")

        @Test func begins() async throws {
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: LabGroup.Process.allCases, [0, 1, 2])
        func kill(process: LabGroup.Process, ordinal: Int) async throws {
            let member = "\(Self.group.name)-\(ordinal)"
            // A logger has no server.
            let isLogger = try await Self.group.members().first { $0.name == member }?.kind == "Logger"
            if process == .server, isLogger { return }
            let writer = try await Writer.start(Self.group)
            try await writer.progress(by: 20)
            try await Self.group.kill(process, of: member)
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }

        @Test func aFollowerAloneIsEnoughAndSoIsTheLogger() async throws {
            let writer = try await Writer.start(Self.group)
            for role in ["Logger", "Follower"] {
                try await eventually("a \(role)") { try await Self.group.member(in: role) }
                let absent = try #require(try await Self.group.member(in: role))
                try await Self.group.freeze(absent.name)
                try await writer.progress(by: 40)
                try await Self.group.thaw(absent.name)
                try await Self.group.wait(for: "FullyRedundant")
            }
            try await Self.group.expectSame(as: writer)
        }

        @Test func commitsBlockWithoutAMajorityAndGoOnWithIt() async throws {
            let writer = try await Writer.start(Self.group)
            try await writer.progress(by: 20)
            let others = try await Self.group.members().filter { $0.role != "Leader" }.map(\.name)
            for member in others { try await Self.group.freeze(member) }
            try await Task.sleep(for: .seconds(1))
            #expect(try await writer.isBlocked(for: .seconds(4)))
            for member in others { try await Self.group.thaw(member) }
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }

        @Test func theOperatorsAreKilledAndDoubled() async throws {
            let writer = try await Writer.start(Self.group)
            try await Lab.kubectl("-n", "xdb-system", "scale", "deployment/xdb-operator", "--replicas=4")
            try await Lab.replaceOperator()
            // In the middle of it a member needs the operator.
            try await Self.group.kill(.pod, of: "\(Self.group.name)-0")
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Lab.kubectl("-n", "xdb-system", "scale", "deployment/xdb-operator", "--replicas=2")
            try await Self.group.expectSame(as: writer)
        }

        @Test func theAPIServerIsRestarted() async throws {
            let writer = try await Writer.start(Self.group)
            try await Lab.cluster("apiserver", "stop")
            // Writes do not need it.
            try await writer.progress(by: 40)
            try await Task.sleep(for: .seconds(3))
            try await Lab.cluster("apiserver", "start")
            try await writer.progress(by: 40)
            try await Self.group.kill(.pod, of: "\(Self.group.name)-1")
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }

        @Test func aSecretThatAUserRemovesIsReported() async throws {
            let secret = try await Lab.kubectl("get", "secret", "orders-app", "-o", "json")
            try await Lab.kubectl("delete", "secret", "orders-app")
            try await Self.group.expectComplaint("SecretMissing", naming: "orders-app")
            var kept = try JSONValue(json: secret)
            for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
                kept["metadata"]?[field] = nil
            }
            try await Lab.kubectl("create", "-f", "-", input: kept.description)
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }
    }
}
