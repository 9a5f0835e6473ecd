import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Certificates are made anew under a writing client, and no pod is.
    @Suite(.serialized) struct Certificates {
        /// As when two thirds of their time are over: the Secrets of all members and of the operator are others.
        @Test func othersAreTakenUpWithoutARestart() async throws {
            let group = LabGroup(name: "seal")
            try await group.apply()
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            let (members, pods, epoch) = (
                try await group.members(), try await group.podUIDs(), try await group.epoch()
            )
            var old: [String: String] = [:]
            for member in members { old[member.name] = try await served(by: member) }
            #expect(Set(old.values).count == members.count)

            for secret in members.map({ "\($0.life)-tls" }) + ["\(group.name)-operator-tls"] {
                try await Lab.kubectl("delete", "secret", secret, "-n", group.namespace)
            }
            // The kubelet looks after the files of pods once a minute.
            for member in members {
                try await eventually("\(member.name) shows another certificate") { () -> Bool? in
                    let now = try await served(by: member)
                    return now.isEmpty || now == old[member.name] ? nil : true
                }
            }
            // Whoever connects now does so with the new ones.
            for member in members where member.role != "Leader" { try await group.kill(.agent, of: member.life) }
            try await writer.progress(by: 40)
            try await group.wait(for: "FullyRedundant")
            #expect(try await group.podUIDs() == pods)
            try await group.expectElections([], since: epoch)
            try await group.expectSame(as: writer)
            try await group.letGo()
        }

        /// The serial number of the certificate that a member's agent shows to whoever connects.
        private func served(by member: LabGroup.Member) async throws -> String {
            let address = try #require(member.podIP)
            let script =
                "openssl s_client -connect \(address):7700 </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null"
            return try await Lab.run(["sh", "-c", script]).output
        }
    }
}
