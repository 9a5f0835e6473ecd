import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Members move under a writing client.
    ///
    /// One group of three candidates, two of them in one zone.
    @Suite(.serialized) struct Migration {
        static let group = LabGroup(name: "move")

        @Test func begins() async throws {
            try await Self.group.apply(.init(candidates: 3, loggers: 0, zones: "[a, b]"))
            try await Self.group.wait(for: "FullyRedundant")
        }

        /// The plan, and that nothing is done for it.
        @Test func aDryRunIsAPlan() async throws {
            let group = Self.group
            let before = try await group.podUIDs()
            let operation = try await group.migrate(from: "a", to: "b", dryRun: true)
            let ended = try await group.operation(operation, reaches: "Succeeded")
            #expect(ended.message.hasPrefix("a dry run, and nothing was done: "), "\(ended.message)")
            let plan = try await group.operation(operation)[path: "status", "plan"]
            let away = try await group.members().filter { $0.zone == "a" }
            let moves = plan?["moves"]?.arrayValue ?? []
            #expect(Set(moves.compactMap { $0["member"]?.stringValue }) == Set(away.map(\.name)))
            #expect(moves.allSatisfy { $0["bytes"]?.integerValue ?? 0 > 1 << 20 }, "\(moves)")
            #expect(try await group.wantedZones() == ["a", "b"])
            #expect(try await group.podUIDs() == before)
        }

        @Test func aGroupLeavesAZoneWithOneGapInItsWrites() async throws {
            let group = Self.group
            let heir = try #require(try await group.members().first { $0.zone == "a" })
            try await group.changeLeader("move-begin", to: heir.name)
            try await group.succeeds("move-begin")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            let epoch = try await group.epoch()
            let begin = Moment.now
            let operation = try await group.migrate(from: "a", to: "b")
            try await group.succeeds(operation)
            print("migration: the longest gap in writes was \(writer.longestPause(since: begin))")
            #expect(try await group.members().allSatisfy { $0.zone == "b" })
            #expect(try await group.wantedZones() == ["b"])
            let steps = try await group.operation(operation, reaches: "Succeeded").steps
            let changes = try await group.epoch() - epoch
            // The leadership may pass on by itself on a slow machine; it is handed over once.
            #expect(changes >= 1)
            #expect(steps.count { $0 == "ChangeLeader" } <= 1, "\(steps)")
            try await group.settle(writer)
            try await group.owesNothing()
        }

        @Test func aZoneThatTheSpecDoesNotWantIsRefused() async throws {
            let group = Self.group
            let member = try #require(try await group.members().first)
            let node = try #require(try await group.freeNode(in: "a"))
            let operation = try await group.migrate(member: member.name, to: node)
            let refused = try await group.operation(operation, reaches: "Failed")
            #expect(refused.message.contains("its zone is a, and the spec wants b"), "\(refused.message)")
        }

        /// Paused, it rests; another zone is allowed meanwhile, and cancelled it says who is where.
        @Test func oneMemberMovesToANode() async throws {
            let group = Self.group
            try await group.change("{\"placement\": {\"zones\": [\"a\", \"b\"]}}")
            try await group.isAsWanted()
            let leader = try #require(try await group.object()[path: "status", "leader"]?.stringValue)
            let member = try #require(try await group.members().first { $0.name != leader })
            let node = try #require(try await group.freeNode(in: "a"))
            let operation = try await group.migrate(member: member.name, to: node)
            try await group.succeeds(operation)
            let moved = try await group.members().first { $0.name == member.name }
            #expect(moved?.node == node)
            #expect(try await group.wantedZones() == ["a", "b"])
        }

        @Test func ends() async throws { try await Self.group.letGo() }
    }
}
