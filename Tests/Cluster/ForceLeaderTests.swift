import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// A majority of the voters loses its power for good, as far as anybody knows; a person forces a leader, and later the
    /// others come back.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct ForceLeader {
        static let group = LabGroup(name: "keep")

        @Test func begins() async throws {
            try await Lab.kubectl("delete", "xop", "--all", "-n", Self.group.namespace)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        /// While a majority answers there is nothing to force.
        @Test func aGroupThatWritesIsNotForced() async throws {
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            let epoch = try await Self.group.epoch()
            try await Self.group.forceLeader("needless", follower, acceptDataLoss: true)
            let refused = try await Self.group.operation("needless", reaches: "Failed")
            #expect(refused.message.contains("use changeLeader"), "\(refused.message)")
            #expect(try await Self.group.epoch() == epoch)
        }

        @Test func aLeaderIsForcedAndTheVotersComeBack() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let logger = try #require(try await Self.group.member(in: "Logger"))
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            let (leaderNode, loggerNode) = (try #require(leader.node), try #require(logger.node))
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)

            // Without the logger every commit needs the follower, so that it has everything that was acknowledged.
            try await Lab.power(off: loggerNode)
            try await writer.progress(by: 40)
            try await Lab.power(off: leaderNode)
            try await eventually("the missing voters and the way out are named") { () -> Bool? in
                guard let writable = try await Self.group.condition("Writable"), writable.status != "True" else {
                    return nil
                }
                let words = [leader.name, logger.name, "forceLeader can make \(follower) lead"]
                return words.allSatisfy { writable.message.contains($0) } ? true : nil
            }
            let epoch = try await Self.group.epoch()

            try await Self.group.forceLeader("careless", follower, acceptDataLoss: false)
            let careless = try await Self.group.operation("careless", reaches: "Failed")
            #expect(careless.message.contains("acceptDataLoss"), "\(careless.message)")
            try await Self.group.forceLeader("dead", leader.name, acceptDataLoss: true)
            let dead = try await Self.group.operation("dead", reaches: "Failed")
            #expect(dead.message.contains("cannot lead"), "\(dead.message)")
            #expect(try await Self.group.epoch() == epoch)

            try await Self.group.forceLeader("force", follower, acceptDataLoss: true)
            let forced = try await Self.group.operation("force", reaches: "Succeeded")
            let certificate = try #require(forced.certificate)
            #expect(certificate["leader"]?.stringValue == follower)
            #expect(certificate["voters"]?.arrayValue?.compactMap(\.stringValue) == [follower])
            let missing = certificate["missing"]?.arrayValue?.compactMap { $0["voter"]?.stringValue } ?? []
            #expect(Set(missing) == [leader.name, logger.name])
            #expect(certificate["loss"]?.stringValue?.contains("Forced without") == true)
            #expect(try await Self.group.newestEpoch()["cause"]?.stringValue == "Forced")
            #expect(try await Self.group.condition("FullyRedundant")?.reason == "VotersMissing")
            try await eventually("an event tells it") { () -> Bool? in
                try await Self.group.eventReasons().contains("LeaderForced") ? true : nil
            }
            try await writer.progress(by: 40)

            try await Lab.power(on: leaderNode, zone: leader.zone ?? "a")
            try await Lab.power(on: loggerNode, zone: logger.zone ?? "a")
            try await Self.group.wait(for: "FullyRedundant")
            let newest = try await Self.group.newestEpoch()
            #expect(newest["voters"]?.arrayValue?.count == 3)
            #expect(newest["cause"]?.stringValue == "VoterAdded")
            try await writer.progress(by: 40)
            try await Self.group.expectSame(as: writer)
        }

        /// With their votes back, they elect as before.
        @Test func theGroupSurvivesTheNextLoss() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let epoch = try await Self.group.epoch()
            let leader = try #require(try await Self.group.member(in: "Leader"))
            try await Self.group.kill(.server, of: leader.name)
            try await Self.group.reaches(epoch: epoch + 1)
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer)
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }
    }
}
