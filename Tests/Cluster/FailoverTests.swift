import ClusterFixture
import Foundation
import KubernetesModel
import Testing

extension ClusterTests {
    /// Leaders change, as asked for or because they are lost, under a writing client; nothing that was acknowledged is
    /// lost, and each change leaves its record.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Failover {
        static let group = LabGroup(name: "pay")
        /// A client that gives a dead connection up soon, as those do that want to write on.
        static let patience = 3

        @Test func begins() async throws {
            try await Lab.kubectl("delete", "xop", "--all", "-n", Self.group.namespace)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test func theLeaderIsChangedAsAskedFor() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            try await Self.group.changeLeader("change", to: follower)
            let operation = try await Self.group.operation("change", reaches: "Succeeded")
            #expect(operation.steps == ["Seal", "CatchUp", "Promote", "Route"])
            #expect(try await Self.group.member(in: "Leader")?.name == follower)
            try await settle(writer)
        }

        @Test(arguments: [("pay-2", "logger"), ("pay-9", "no member")])
        func aChangeThatCannotBeIsRefused(to member: String, because word: String) async throws {
            let epoch = try await Self.group.epoch()
            try await Self.group.changeLeader("to-\(member)", to: member)
            let operation = try await Self.group.operation("to-\(member)", reaches: "Failed")
            #expect(operation.message.contains(word), "\(operation.message)")
            #expect(try await Self.group.epoch() == epoch)
        }

        @Test func aLeaderWhosePodIsDeletedInOrderHandsOver() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            try await Lab.kubectl("delete", "pod", leader.name, "--wait=false")
            try await Self.group.reaches(epoch: epoch + 1)
            #expect(try await Self.group.newestEpoch()["cause"]?.stringValue == "HandOver")
            try await settle(writer)
        }

        @Test func aLeaderWhoseServerHangsIsReplaced() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            try await Lab.kubectl("exec", leader.name, "--", "pkill", "-STOP", "-x", "mariadbd")
            try await Self.group.reaches(epoch: epoch + 1)
            #expect(try await Self.group.member(in: "Leader")?.name != leader.name)
            // A hung server is fenced like any other: by SIGKILL, which asks for no consent.
            try await settle(writer)
        }

        @Test func aLeaderWhoseAgentHangsIsReplaced() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            try await Self.group.freeze(leader.name)
            try await Self.group.reaches(epoch: epoch + 1)
            try await writer.progress(by: 40)
            try await Self.group.thaw(leader.name)
            try await settle(writer)
        }

        @Test func theLeadersNodeLosesItsPower() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            let node = try #require(leader.node)
            try await Lab.power(off: node)
            try await writer.progress(by: 40)
            let record = try await Self.group.operation("pay-failover-\(epoch + 1)", reaches: "Succeeded")
            #expect(record.steps == ["Detect", "Seal", "CatchUp", "Promote", "Route"])
            #expect(record.certificate?["leader"]?.stringValue != leader.name)
            #expect((record.certificate?["answers"]?.arrayValue?.count ?? 0) >= 2)
            try await Lab.power(on: node, zone: leader.zone ?? "a")
            try await settle(writer)
        }

        /// Whoever reads from it must not be given yesterday's rows for long, and it joins again as a follower.
        @Test func theLeadersNodeLosesItsNetwork() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let node = try #require(leader.node)
            try await Lab.cut(node)
            try await writer.progress(by: 40)
            #expect(try await Self.group.member(in: "Leader")?.name != leader.name)
            try await eventually("\(leader.name) gives up leading") { () -> Bool? in
                let words = try await Lab.agentLog(of: leader.name, in: Self.group, on: node)
                return words.contains("no majority of the voters is connected any more") ? true : nil
            }
            try await Lab.heal(node)
            try await settle(writer)
        }

        /// The logger alone acknowledged; the follower that is elected has to get the rest of the log from it.
        @Test func theLoggerAloneHasWhatWasAcknowledged() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let follower = try #require(try await Self.group.member(in: "Follower")).name
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let node = try #require(leader.node)
            func silences() async throws -> Int {
                try await Lab.agentLog(of: leader.name, in: Self.group, on: node).components(
                    separatedBy: "a peer is silent"
                )
                .count
            }
            let before = try await silences()
            try await Self.group.freeze(follower)
            // Until then what is written would wait for the follower in the buffers of their connection.
            try await eventually("\(leader.name) gives \(follower) up") { () -> Bool? in
                try await silences() > before ? true : nil
            }
            // 10,000 rows in 100 transactions, on a connection of its own.
            let password = try await Self.group.password()
            let host = try #require(leader.podIP)
            try await onThread {
                let database = try Database(host: host, user: "app", password: password, database: "app", timeout: 30)
                for batch in 0..<100 {
                    let rows = (0..<100).map { "(\(10_000_000 + batch * 100 + $0), 'bulk')" }.joined(separator: ",")
                    try database.query("INSERT INTO ledger VALUES \(rows)")
                }
            }
            try await Lab.power(off: node)
            try await Self.group.thaw(follower)
            try await writer.progress(by: 20)
            #expect(try await Self.group.member(in: "Leader")?.name == follower)
            #expect(try await Self.group.newestEpoch()["source"]?.stringValue == "pay-2")
            try await Lab.power(on: node, zone: leader.zone ?? "a")
            try await settle(writer, and: Array(10_000_000..<10_010_000))
        }

        /// While the API server is away nobody can be elected; when it is back somebody is.
        @Test func theAPIServerIsAwayDuringAnElection() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            // Through the node, since kubectl needs the API server.
            try await Lab.cluster("apiserver", "stop")
            try await Lab.signal("KILL", Lab.server, of: leader.name, on: try #require(leader.node))
            #expect(try await writer.isBlocked(for: .seconds(15)))
            try await Lab.cluster("apiserver", "start")
            try await Self.group.reaches(epoch: epoch + 1)
            try await settle(writer)
        }

        @Test func twoLeadersAreLostWithinSeconds() async throws {
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let epoch = try await Self.group.epoch()
            for round in 1...2 {
                let leader = try #require(try await Self.group.member(in: "Leader"))
                try await Self.group.kill(.server, of: leader.name)
                try await Self.group.reaches(epoch: epoch + round)
            }
            try await settle(writer)
        }

        /// The switch for all groups, while the operator runs.
        @Test func failoversAreLeftToPeople() async throws {
            try await Lab.setFailover("Manual")
            let writer = try await Writer.start(Self.group, patience: Self.patience)
            try await writer.progress(by: 20)
            let (epoch, leader) = (
                try await Self.group.epoch(), try #require(try await Self.group.member(in: "Leader"))
            )
            try await Self.group.kill(.server, of: leader.name)
            try await Self.group.expectComplaint("FailoverPending", naming: "changeLeader")
            #expect(try await Self.group.epoch() == epoch)
            try await Self.group.changeLeader("by-hand", to: "auto")
            _ = try await Self.group.operation("by-hand", reaches: "Succeeded")
            try await Lab.setFailover("Automatic")
            try await settle(writer)
        }

        @Test func ends() async throws {
            try await Lab.setFailover("Automatic")
            try await Self.group.letGo()
            try await eventually("its operations are gone") { () -> Bool? in
                try await Lab.kubectl("get", "xop", "-o", "name").contains("pay-failover") ? nil : true
            }
        }

        /// Writes go on, the group becomes whole by itself, and everybody has everything.
        private func settle(_ writer: Writer, and more: [Int] = []) async throws {
            try await writer.progress(by: 40)
            try await Self.group.wait(for: "FullyRedundant")
            try await Self.group.expectSame(as: writer, and: more)
        }
    }
}
