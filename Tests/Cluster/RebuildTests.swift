import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Members are made anew under a writing client, by hand and by themselves; nothing that was acknowledged is lost, nobody
    /// waits, and nothing stays of the old lives.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Rebuild {
        static let group = LabGroup(name: "mend")

        @Test func begins() async throws {
            try await Self.group.apply(.init(repair: "{graceSeconds: 10}"))
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test func theFollowerIsRebuiltOnItsNode() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (epoch, follower) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Follower"))
            )
            let operation = try await Self.group.rebuild(member: follower.name, mode: "Local")
            try await Self.group.succeeds(operation)
            let heir = try #require(try await Self.group.members().first { $0.name == follower.name })
            #expect(heir.life == "\(follower.name)-i2")
            #expect(heir.node == follower.node)
            try await Self.group.expectElections([], since: epoch)
            let steps = try await Self.group.operation(operation, reaches: "Succeeded").steps
            #expect(steps == ["Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"])
            try await Self.group.settle(writer)
            try await expectNothing(of: follower.life, on: try #require(follower.node))
        }

        @Test func theLoggerMovesAndItsVoteCounts() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let logger = try #require(try await Self.group.member(in: "Logger"))
            try await Self.group.succeeds(try await Self.group.rebuild(member: logger.name, mode: "CrossHost"))
            let heir = try #require(try await Self.group.members().first { $0.name == logger.name })
            #expect(heir.node != logger.node)
            // With it alone the leader goes on.
            let follower = try #require(try await Self.group.member(in: "Follower"))
            try await Self.group.freeze(follower.life)
            try await writer.progress(by: 20)
            try await Self.group.thaw(follower.life)
            try await Self.group.settle(writer)
            try await expectNothing(of: logger.life, on: try #require(logger.node))
        }

        @Test func aHostWithoutRoomForTwoLivesHasOneAtATime() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let follower = try #require(try await Self.group.member(in: "Follower"))
            let operation = try await Self.group.rebuild(member: follower.name, mode: "Local", discardFirst: true)
            try await Self.group.succeeds(operation)
            let steps = try await Self.group.operation(operation, reaches: "Succeeded").steps
            #expect(steps == ["Discard", "Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"])
            try await Self.group.settle(writer)
            try await expectNothing(of: follower.life, on: try #require(follower.node))
        }

        @Test func theLeaderHandsOverAndIsRebuilt() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let operation = try await Self.group.rebuild(member: leader.name, changeLeaderFirst: true)
            try await Self.group.succeeds(operation)
            let steps = try await Self.group.operation(operation, reaches: "Succeeded").steps
            #expect(steps == ["ChangeLeader", "Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"])
            #expect(try await Self.group.member(in: "Leader")?.name != leader.name)
            try await Self.group.settle(writer)
        }

        @Test func thoseThatAreAskedForAtOnceComeOneAfterTheOther() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            var operations: [String] = []
            for role in ["Follower", "Logger", "Follower"] {
                let member = try #require(try await Self.group.member(in: role))
                operations.append(try await Self.group.rebuild(member: member.name))
            }
            var atOnce = 0
            try await eventually("the last of them has ended", within: .seconds(1200)) { () -> Bool? in
                var states: [String] = []
                for operation in operations { states.append(try await Self.group.state(of: operation)) }
                atOnce = max(atOnce, states.count { $0 == "Running" })
                return states.allSatisfy { ["Succeeded", "Failed", "Cancelled"].contains($0) } ? true : nil
            }
            #expect(atOnce == 1)
            for operation in operations { try await Self.group.succeeds(operation) }
            try await Self.group.settle(writer)
        }

        @Test func aRebuildOfTheLeaderIsRefused() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let operation = try await Self.group.rebuild(member: leader.name)
            let refused = try await Self.group.operation(operation, reaches: "Failed")
            #expect(refused.message.contains("changeLeaderFirst"), "\(refused.message)")
        }

        /// The limit keeps the copy going until it is cancelled.
        @Test func aRebuildThatIsCancelledLeavesTheGroupAsItWas() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            let follower = try #require(try await Self.group.member(in: "Follower"))
            let operation = try await Self.group.rebuild(member: follower.name, bytesPerSecond: "256Ki")
            try await Self.group.copies(operation)
            try await Self.group.cancel(operation)
            #expect(try await Self.group.ends(operation) == "Cancelled")
            let after = try #require(try await Self.group.members().first { $0.name == follower.name })
            #expect(after.life == follower.life)
            try await Self.group.settle(writer)
        }

        /// Nobody lifts a hand: the node stays dead, and what is owed there is paid when it is back.
        @Test func aMemberOfADeadNodeIsReplacedByItself() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let (node, zone) = (try #require(leader.node), try #require(leader.zone))
            try await Lab.power(off: node)
            try await eventually("the repair of \(leader.name)") { () -> Bool? in
                let operation = try await Self.group.operation("\(leader.name)-repair-1")["status"]
                return operation?["state"]?.stringValue == "Succeeded" ? true : nil
            }
            let heir = try #require(try await Self.group.members().first { $0.name == leader.name })
            #expect(heir.node != node)
            let debts = try await Self.group.object()[path: "status", "debts"]?.arrayValue ?? []
            #expect(debts.map { $0["node"]?.stringValue } == [node])
            try await Self.group.settle(writer)
            try await Lab.power(on: node, zone: zone)
            try await eventually("the debts are paid") { () -> Bool? in
                try await Self.group.object()[path: "status", "debts"]?.arrayValue?.isEmpty ?? true ? true : nil
            }
            try await expectNothing(of: leader.life, on: node)
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }

        /// No file of a former life of a member is left on its node, and no Job or Secret of it anywhere.
        private func expectNothing(of life: String, on node: String) async throws {
            let parts = life.split(separator: "-")
            let (member, incarnation) =
                parts.count > 2
                ? (parts.dropLast().joined(separator: "-"), String(parts[parts.count - 1])) : (life, "i1")
            let path = "/var/lib/xdb/\(Self.group.namespace)/\(Self.group.name)/\(member)/\(incarnation)"
            let left = try await Lab.files(on: node, under: path, folders: true)
            #expect(left.isEmpty, "\(node) still has \(left.prefix(5))")
            let objects = try await Lab.kubectl("get", "jobs,secrets", "-n", Self.group.namespace, "-o", "name")
            #expect(!objects.contains("/\(life)-tls\n"), "\(objects)")
            #expect(!objects.contains("job.batch/\(Self.group.name)-"), "\(objects)")
        }
    }
}
