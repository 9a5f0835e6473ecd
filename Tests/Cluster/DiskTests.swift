import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Disks that are full.
    ///
    /// One group for all of it, whose members have small disks.
    @Suite(.serialized) struct Disks {
        static let group = LabGroup(name: "disk")

        @Test func begins() async throws {
            try await Lab.giveSmallDisks(megabytes: 700)
            try await Self.group.apply(LabGroup.Shape(storage: "{hostPath: {path: /var/lib/xdb/small}}"))
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: ["Leader", "Logger", "Follower"])
        func theDiskOfAMemberIsFull(_ role: String) async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let member = try #require(try await Self.group.member(in: role))
            let node = try #require(member.node)
            try await Lab.fillSmallDisk(of: node)
            // Through another leader, or with the acknowledgements of the others.
            try await writer.progress(by: 100)
            if role == "Leader" {
                #expect(try await Self.group.member(in: "Leader")?.name != member.name)
            }
            try await eventually("\(member.name) is reported") { () -> Bool? in
                let found = try await Self.group.object()[path: "status", "members"]?.arrayValue ?? []
                let reported = found.first { $0["name"]?.stringValue == member.name }
                return reported?["health"]?.stringValue != "Healthy" ? true : nil
            }
            try await Lab.emptySmallDisk(of: node)
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }
    }
}
