import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Changes of a running group, restarts and maintenance under a writing client; nothing that was acknowledged is lost.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Rollouts {
        static let group = LabGroup(name: "roll")

        @Test func begins() async throws {
            try await Lab.tag("localhost/xdb-engine:dev", as: "localhost/xdb-engine:next")
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        /// A value of a variable on every member with data.
        private func expect(_ variable: String, _ value: String) async throws {
            try await eventually("\(variable) is \(value) on all members of \(Self.group.name)") { () -> Bool? in
                for member in try await Self.group.members() where member.hasData {
                    guard let host = member.podIP else { return nil }
                    let rows = try await Self.group.query(["SELECT @@global.\(variable)"], on: host)
                    guard rows.first?.first == value else { return nil }
                }
                return true
            }
        }

        @Test func aVariableThatCanBeSetIsSetEverywhereWithoutARestart() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (before, epoch) = (try await Self.group.podUIDs(), try await Self.group.epoch())
            try await Self.group.change("{\"configuration\": {\"max_connections\": 77, \"long_query_time\": \"2.5\"}}")
            try await expect("max_connections", "77")
            try await expect("long_query_time", "2.500000")
            try await Self.group.isAsWanted()
            #expect(try await Self.group.podUIDs() == before)
            try await Self.group.expectElections([], since: epoch)
            try await Self.group.settle(writer)
        }

        /// An option that no server starts with stops at the follower; put right, the change goes on from there.
        @Test func aVariableThatCannotComesWithNewPodsAndTheLeaderIsLast() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (before, epoch) = (try await Self.group.podUIDs(), try await Self.group.epoch())
            let logger = try #require(try await Self.group.member(in: "Logger")).name
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            try await Self.group.change("{\"configuration\": {\"no_such_option\": 1}}")
            try await Self.group.expectComplaint("InvalidConfiguration", naming: "no_such_option")
            try await Self.group.expectComplaint("RollingChangeStopped", naming: follower)
            try await writer.progress(by: 20)
            #expect(try await Self.group.outdated().contains("configuration (no_such_option)"))
            try await Self.group.expectElections([], since: epoch)

            try await Self.group.change(
                "{\"configuration\": {\"no_such_option\": null, \"performance_schema\": \"ON\"}}"
            )
            try await expect("performance_schema", "1")
            try await Self.group.isAsWanted()
            let after = try await Self.group.podUIDs()
            #expect(after.filter { before[$0.key] == $0.value }.map(\.key) == [logger])
            try await Self.group.expectElections(["Restart"], since: epoch)
            // What was set while servers ran is in their files, too.
            try await expect("max_connections", "77")
            try await Self.group.settle(writer)
        }

        /// One that no node has stops at the logger and goes back there; one that is there comes to all, with other resources.
        @Test func anotherImageComesToAllMembersAndAWrongOneGoesBack() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (before, epoch) = (try await Self.group.podUIDs(), try await Self.group.epoch())
            let logger = try #require(try await Self.group.member(in: "Logger")).name
            try await Self.group.change("{\"image\": \"localhost/xdb-engine:wrong\"}")
            try await Self.group.expectComplaint("RollingChangeStopped", naming: logger)
            try await writer.progress(by: 20)
            try await Self.group.change("{\"image\": \"localhost/xdb-engine:dev\"}")
            try await Self.group.isAsWanted()
            let back = try await Self.group.podUIDs()
            #expect(back.filter { before[$0.key] != $0.value }.map(\.key) == [logger])
            try await Self.group.expectElections([], since: epoch)

            // What comes with a new pod comes with the same one.
            let cpu = "23m"
            try await Self.group.change(
                """
                {"image": "localhost/xdb-engine:next", "resources": {"data": {"requests": {"cpu": "\(cpu)"}}}}
                """
            )
            try await eventually("the change begins") { () -> Bool? in
                let message = try await Self.group.condition("Progressing")?.message
                return message?.contains("of 3 members have the new image and resources") == true ? true : nil
            }
            try await Self.group.isAsWanted()
            let after = try await Self.group.podUIDs()
            #expect(after.allSatisfy { back[$0.key] != $0.value })
            for member in try await Self.group.members() {
                let requested = try await Lab.kubectl(
                    "get",
                    "pod",
                    member.life,
                    "-n",
                    Self.group.namespace,
                    "-o",
                    "jsonpath={.spec.containers[0].resources.requests.cpu}"
                )
                #expect((requested == cpu) == member.hasData, "\(member.life) requests '\(requested)'")
            }
            try await Self.group.expectElections(["Restart"], since: epoch)
            try await Self.group.settle(writer)
        }

        @Test func allMembersAreRestarted() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let (before, leader) = (
                try await Self.group.podUIDs(), try #require(try await Self.group.member(in: "Leader")).name
            )
            let logger = try #require(try await Self.group.member(in: "Logger")).name
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            let asked = try await LabNode.plugin("restart", Self.group.name)
            #expect(asked.code == 0, "\(asked.output)\(asked.errors)")
            // "operation NAME is made"
            let operation = try #require(asked.output.split(separator: " ").dropFirst().first.map(String.init))
            let refused = try await Self.group.restart(member: "roll-9")
            try await Self.group.succeeds(operation)
            let result = try await Self.group.operation(operation, reaches: "Succeeded")
            #expect(result.steps == [logger, follower, "ChangeLeader", leader])
            let after = try await Self.group.podUIDs()
            #expect(after.allSatisfy { before[$0.key] != $0.value })
            #expect(try await Self.group.ends(refused) == "Failed")
            try await Self.group.settle(writer)
        }

        @Test func aLeaderUnderMaintenanceHandsOverAndIsLeftToPeople() async throws {
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let leader = try #require(try await Self.group.member(in: "Leader")).name
            try await Self.group.change("{\"maintenance\": [\"\(leader)\"]}")
            try await eventually("\(leader) hands over") { () -> Bool? in
                try await Self.group.newestEpoch()["cause"]?.stringValue == "Maintenance" ? true : nil
            }
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.freeze(leader)
            try await eventually("\(leader) is told to be under maintenance") { () -> Bool? in
                try await Self.group.condition("FullyRedundant")?.reason == "Maintenance" ? true : nil
            }
            try await writer.progress(by: 20)
            try await Self.group.thaw(leader)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.change("{\"maintenance\": null}")
            try await Self.group.isAsWanted()
            try await Self.group.settle(writer)
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }
    }
}
