import ClusterFixture
import Foundation
import KubernetesModel
import Testing

extension ClusterTests {
    /// Networks that are worse than cut: deaf, mute or slow ones, and old leaders that come back at a bad time.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Networks {
        static let group = LabGroup(name: "net")

        @Test func begins() async throws {
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: [Fault.hearsNothing, .saysNothing, .slowNetwork])
        func theLeadersNodeIsHalfReachable(_ fault: Fault) async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let end = try await fault.begin(on: leader, of: Self.group)
            // Through another leader, or slowly through this one.
            try await writer.progress(by: 10)
            if fault != .slowNetwork {
                #expect(try await Self.group.member(in: "Leader")?.name != leader.name)
            }
            try await end()
            try await settle(writer)
        }

        /// It is back as soon as an election has begun: before it has ended, or right after.
        @Test func theOldLeaderIsBackInTheMiddleOfTheElection() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            let end = try await Fault.networkCut.begin(on: leader, of: Self.group)
            try await eventually("an election", every: .milliseconds(10)) { () -> Bool? in
                let status = try await Self.group.object()["status"]
                return status?["election"] != nil || status?["epoch"]?.integerValue != Int64(epoch) ? true : nil
            }
            try await end()
            try await Self.group.reaches(epoch: epoch + 1)
            try await settle(writer)
        }

        /// What an old leader wrote last has a schema change in it, which its server cannot take back: that is reported, and
        /// a rebuild makes the member whole.
        @Test func aTailThatCannotBeTakenBackIsReportedAndRebuilt() async throws {
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            let end = try await Fault.networkCut.begin(on: leader, of: Self.group)
            // Nobody acknowledges it, not even to its own session. There is no client yet: while one commit waits, the server
            // writes one more to its binlog and no third, and the agent's row of every second is the first.
            try await Lab.begin(
                "CREATE VIEW app.divergent AS SELECT 1",
                with: "divergent",
                in: leader.life,
                on: try #require(leader.node)
            )
            try await Self.group.reaches(epoch: epoch + 1)
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            try await end()
            try await Self.group.expectComplaint("Diverged", naming: "0-")
            #expect(try await Self.group.condition("FullyRedundant")?.status == "False")
            try await Self.group.succeeds(try await Self.group.rebuild(member: leader.name))
            try await settle(writer)
            let views = "SELECT COUNT(*) FROM information_schema.views WHERE table_name = 'divergent'"
            for member in try await Self.group.members() where member.hasData {
                let count = try await Lab.kubectl(
                    "exec",
                    member.life,
                    "-n",
                    Self.group.namespace,
                    "--",
                    "mariadb",
                    "-S",
                    "/run/xdb/mysqld.sock",
                    "-sNe",
                    views
                )
                #expect(count.trimmingCharacters(in: .whitespacesAndNewlines) == "0")
            }
        }

        /// Both are gone at once; another operator takes over, and then elects.
        @Test func theLeaderAndTheOperatorLoseTheirPowerTogether() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            let (node, zone) = (try #require(leader.node), try #require(leader.zone))
            try await Lab.moveOperator(to: node)
            try await Lab.power(off: node)
            try await Self.group.reaches(epoch: epoch + 1)
            try await writer.progress(by: 40)
            try await Lab.power(on: node, zone: zone)
            try await settle(writer)
            try await Lab.restartOperator()
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }

        private func settle(_ writer: Writer) async throws {
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }
    }
}
