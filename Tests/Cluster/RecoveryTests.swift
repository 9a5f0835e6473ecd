import ClusterFixture
import Foundation
import KubernetesModel
import Testing

extension ClusterTests {
    /// All nodes lose their power under a writing client, and the group comes back: by itself, or by the steps of
    /// docs/operations.md where failovers are left to people.
    ///
    /// One group for all of it. Its members are not repaired without being asked.
    @Suite(.serialized) struct Recovery {
        static let group = LabGroup(name: "dawn")

        /// Whose data are lost while there is no power.
        enum Lost: String, CaseIterable {
            case nobody, leader, follower, logger

            var role: String? { self == .nobody ? nil : rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
        }

        static let losses = Lab.isLong ? Lost.allCases : [.leader]

        /// Runs the plugin, and returns what it says when it succeeds.
        private func xdb(_ words: String...) async throws -> String {
            let ended = try await Lab.run(
                ["\(Lab.programs)/kubectl-xdb"] + words + ["--kubeconfig", "\(Lab.state)/kubeconfig"]
            )
            #expect(ended.code == 0, "\(words): \(ended.output) \(ended.errors)")
            return ended.output
        }

        @Test func begins() async throws {
            try await Lab.kubectl("delete", "xop", "--all", "-n", Self.group.namespace)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test(arguments: losses)
        func allNodesLoseTheirPower(_ lost: Lost) async throws {
            let group = Self.group
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 40)
            let members = try await group.members()
            let victim = members.first { $0.role == lost.role && lost != .nobody }
            #expect((victim == nil) == (lost == .nobody))
            let epoch = try await group.epoch()

            let zones = try await powerOffAll()
            let written = writer.count
            if let victim { try await Lab.removeFromDisk(group.folder(of: victim), of: try #require(victim.node)) }
            for (node, zone) in zones { try await Lab.power(on: node, zone: zone) }
            let lit = Date()
            // Nobody has asked for anything.
            try await writer.progress(by: 1)
            let written1 = Date()
            try await group.reaches(epoch: epoch + 1)
            let back = try await lastNeededAgent(of: members.filter { $0.name != victim?.name })
            print(
                "Recovery, \(lost.rawValue) without data: first write \(seconds(written1, since: back)) s after the last "
                    + "needed agent, \(seconds(written1, since: lit)) s after the nodes were switched on; \(written) before"
            )
            if let victim {
                let recovered = try await xdb("recover-group", group.name, "--wait")
                #expect(recovered.contains("every member plays its part"), "\(recovered)")
                #expect(try await group.members().first { $0.name == victim.name }?.life != victim.life)
            }
            try await writer.progress(by: 40)
            try await group.wait(for: "FullyRedundant")
            try await group.expectSame(as: writer)
        }

        /// Where failovers are left to people, nobody leads after that until somebody asks for it.
        @Test(.enabled(if: Lab.isLong, "hack/test --long"))
        func allNodesLoseTheirPowerAndPeopleBringItBack() async throws {
            let group = Self.group
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 40)
            _ = try await xdb("failover", "off", group.name)
            let epoch = try await group.epoch()
            for (node, zone) in try await powerOffAll() { try await Lab.power(on: node, zone: zone) }
            try await eventually("the failover is left to people") { () -> Bool? in
                try await group.condition("Writable")?.reason == "FailoverPending" ? true : nil
            }
            #expect(try await writer.isBlocked(for: .seconds(5)))
            #expect(try await group.epoch() == epoch)
            let recovered = try await xdb("recover-group", group.name, "--wait")
            #expect(recovered.contains("every member plays its part"), "\(recovered)")
            #expect(try await group.epoch() > epoch)
            _ = try await xdb("failover", "on", group.name)
            try await group.settle(writer)
        }

        /// Failovers are left to people, of this group or of all: what its members have is looked at, and asked for.
        @Test(arguments: Lab.isLong ? [false, true] : [false])
        func peopleBringItBack(_ ofAllGroups: Bool) async throws {
            let group = Self.group
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 40)
            let switched = ofAllGroups ? "--all" : group.name
            _ = try await xdb("failover", "off", switched)
            let epoch = try await group.epoch()
            let leader = try #require(try await group.member(in: "Leader"))
            let node = try #require(leader.node)

            // The leader's node is gone for good, as far as anybody knows.
            try await Lab.power(off: node)
            try await eventually("the failover is left to people") { () -> Bool? in
                try await group.condition("Writable")?.reason == "FailoverPending" ? true : nil
            }
            let positions = try await xdb("positions", group.name)
            #expect(positions.contains("2 of 3 voters can be read, and 2 are a majority"), "\(positions)")
            #expect(positions.contains("seen last"), "\(positions)")
            #expect(positions.contains("kubectl xdb recover-group \(group.name) --wait"), "\(positions)")
            #expect(try await group.epoch() == epoch)
            let changed = try await xdb("change-leader", group.name, "--wait")
            #expect(changed.contains("takes writes"), "\(changed)")
            try await writer.progress(by: 40)
            let recovered = try await xdb("recover-group", group.name, "--wait")
            #expect(recovered.contains("every member plays its part"), "\(recovered)")
            #expect(try await group.members().first { $0.name == leader.name }?.node != node)
            try await writer.progress(by: 40)
            try await group.wait(for: "FullyRedundant")
            _ = try await xdb("failover", "on", switched)
            try await Lab.power(on: node, zone: leader.zone ?? "a")
            try await group.owesNothing()
            try await group.expectSame(as: writer)
        }

        /// A member that somebody works on is left alone, and what the files of each have is read beside its agent.
        @Test func aMemberIsTakenOutAndPutBack() async throws {
            let group = Self.group
            try await group.wait(for: "FullyRedundant")
            let follower = try #require(try await group.member(in: "Follower"))
            _ = try await xdb("take-out", group.name, follower.name, "--wait")
            try await Lab.kubectl("delete", "pod", follower.life, "-n", group.namespace, "--wait=false")
            try await group.expectTold("Maintenance", naming: "\(follower.name) is taken out")
            _ = try await xdb("put-back", group.name, follower.name, "--wait")
            try await group.expectTold("Maintenance", naming: "\(follower.name) is put back")
            try await group.wait(for: "FullyRedundant")
            let json = try JSONValue(json: try await xdb("positions", group.name, "-o", "json"))
            let found = json.arrayValue ?? []
            #expect(found.count == 3)
            let epoch = try await group.epoch()
            for reading in found {
                #expect(reading[path: "inspection", "promised"]?.integerValue == Int64(epoch), "\(reading)")
                #expect(reading[path: "inspection", "problems"]?.arrayValue?.isEmpty == true, "\(reading)")
            }
            #expect(try await xdb("positions", group.name).contains("nothing: the group takes writes"))
        }

        @Test func ends() async throws {
            try await Lab.setFailover("Automatic")
            try await Self.group.letGo()
        }

        // MARK: -

        /// The nodes with their zones.
        private func powerOffAll() async throws -> [(String, String)] {
            var zones: [(String, String)] = []
            for node in try await Lab.nodes() { zones.append((node, try await Lab.zone(of: node))) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for (node, _) in zones { tasks.addTask { try await Lab.power(off: node) } }
                try await tasks.waitForAll()
            }
            return zones
        }

        /// When enough of these members for a majority of three had their agents started.
        private func lastNeededAgent(of members: [LabGroup.Member]) async throws -> Date {
            var starts: [Date] = []
            for member in members {
                guard let node = member.node else { continue }
                let log = try await Lab.agentLog(of: member.life, in: Self.group, on: node)
                let line = log.split(separator: "\n").last { $0.contains("the agent starts") }
                let stamp = line.flatMap { $0.split(separator: " ").first }.map { "\($0.prefix(19))Z" }
                if let date = stamp.flatMap({ ISO8601DateFormatter().date(from: $0) }) { starts.append(date) }
            }
            #expect(starts.count == members.count)
            return try #require(starts.sorted().dropFirst().first)
        }

        private func seconds(_ date: Date, since other: Date) -> String {
            "\((date.timeIntervalSince(other) * 10).rounded() / 10)"
        }
    }
}
