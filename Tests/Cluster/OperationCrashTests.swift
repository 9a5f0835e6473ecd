import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// The operator ends after each step of what is done with groups and nodes, and another goes on from what was recorded.
    ///
    /// Two groups for all of it, under writing clients.
    @Suite(.serialized, .enabled(if: Lab.isLong, "hack/test --long")) struct OperationCrashes {
        static let groups = ["tick", "tock"].map { LabGroup(name: $0) }
        static var group: LabGroup { groups[0] }

        private static func shape(_ candidates: Int, _ loggers: Int, learners: Int = 0) -> LabGroup.Shape {
            LabGroup.Shape(
                candidates: candidates,
                loggers: loggers,
                learners: learners == 0 ? "[]" : "[{name: near, replicas: \(learners)}]"
            )
        }

        @Test func begins() async throws {
            try await Lab.setCrash(after: nil)
            for group in Self.groups { try await group.apply(Self.shape(2, 1)) }
            for group in Self.groups { try await group.wait(for: "FullyRedundant") }
        }

        /// Has the operator end once while something is done with the groups under writing clients, and looks at everything
        /// when that is done.
        private func crash(
            after point: String,
            _ body: () async throws -> Void,
            end: () async throws -> Void
        ) async throws {
            for group in Self.groups { try await group.isAsWanted() }
            var writers: [Writer] = []
            for group in Self.groups { writers.append(try await Writer.start(group, patience: 3)) }
            for writer in writers { try await writer.progress(by: 20) }
            try await Lab.crashOperator(after: point, body)
            try await end()
            for (group, writer) in zip(Self.groups, writers) {
                try await group.settle(writer)
                #expect(try await group.writableMembers().count == 1)
                try await group.isAsWanted()
            }
            try await Lab.replaceCrashedOperators()
        }

        // MARK: Members

        @Test(arguments: ["membersRecorded", "podCreated", "electionRecorded", "epochRecorded", "led", "followed"])
        func membersCome(after point: String) async throws {
            try await Self.group.apply(Self.shape(2, 1))
            try await crash(after: point) {
                try await Self.group.apply(Self.shape(3, 2))
            } end: {
                try await Self.group.isAsWanted()
            }
            #expect(try await Self.group.voters().count == 5)
        }

        @Test(arguments: [
            "membersRecorded", "electionRecorded", "epochRecorded", "debtRecorded", "podDeleted", "certificateDeleted",
            "cleanupCreated", "debtPaid", "cleanupDeleted",
        ])
        func membersGo(after point: String) async throws {
            try await Self.group.apply(Self.shape(3, 2))
            try await crash(after: point) {
                try await Self.group.apply(Self.shape(2, 1))
            } end: {
                try await Self.group.isAsWanted()
            }
            #expect(try await Self.group.voters().count == 3)
        }

        /// A learner is a candidate from then on, with the data that it has.
        @Test func aLearnerIsPromoted() async throws {
            try await Self.group.apply(Self.shape(1, 0, learners: 2))
            try await crash(after: "relabelled") {
                try await Self.group.apply(Self.shape(3, 0))
            } end: {
                try await Self.group.isAsWanted()
            }
            #expect(try await Self.group.voters().count == 3)
        }

        // MARK: Rolling changes

        @Test(arguments: [
            "operationRecorded", "podDeleted", "podCreated", "electionRecorded", "sealed", "epochRecorded", "labelled",
            "writableRecorded",
        ])
        func allMembersAreRestarted(after point: String) async throws {
            try await Self.group.apply(Self.shape(2, 1))
            let before = try await Self.group.podUIDs()
            var operation = ""
            try await crash(after: point) {
                operation = try await Self.group.restart()
            } end: {
                try await Self.group.succeeds(operation)
            }
            let after = try await Self.group.podUIDs()
            #expect(after.allSatisfy { before[$0.key] != $0.value })
        }

        @Test func aVariableIsSet() async throws {
            let before = try await Self.group.podUIDs()
            try await crash(after: "configurationBrought") {
                try await Self.group.change("{\"configuration\": {\"max_connections\": 78}}")
            } end: {
                try await Self.group.isAsWanted()
            }
            #expect(try await Self.group.podUIDs() == before)
            for member in try await Self.group.members() where member.hasData {
                let rows = try await Self.group.query(
                    ["SELECT @@global.max_connections"],
                    on: try #require(member.podIP)
                )
                #expect(rows.first?.first == "78")
            }
        }

        // MARK: Nodes

        @Test(arguments: [
            "nodeWorkRecorded", "nodeMarked", "electionRecorded", "sealed", "epochRecorded", "routedRecorded",
        ])
        func aNodeIsTakenOffline(after point: String) async throws {
            for group in Self.groups { try await group.isAsWanted() }
            let node = try #require(try await Self.group.member(in: "Leader")?.node)
            var operation = ""
            try await crash(after: point) {
                operation = try await LabNode.work("offlineNode: {node: \(node)}")
            } end: {
                try await Self.succeeds(operation)
                for group in Self.groups { #expect(try await group.member(in: "Leader")?.node != node) }
                try await Self.succeeds(try await LabNode.work("recoverNode: {node: \(node)}"))
            }
        }

        @Test(arguments: [
            "nodeWorkRecorded", "nodeMarked", "nodeOperationCreated", "operationRecorded", "epochRecorded",
        ])
        func aNodeIsBackWithItsLeaders(after point: String) async throws {
            for group in Self.groups { try await group.isAsWanted() }
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let node = try #require(leader.node)
            try await Self.succeeds(try await LabNode.work("offlineNode: {node: \(node)}"))
            var operation = ""
            try await crash(after: point) {
                operation = try await LabNode.work("recoverNode: {node: \(node), restoreLeaders: true}")
            } end: {
                try await Self.succeeds(operation)
            }
            #expect(try await Self.group.member(in: "Leader")?.name == leader.name)
        }

        /// Members with data, of which one is where there are too many.
        @Test(arguments: ["nodeWorkRecorded", "nodeOperationCreated", "rebuildCopy", "rebuildVote", "rebuildCleared"])
        func membersAreBalanced(after point: String) async throws {
            try await Self.crowd()
            var operation = ""
            try await crash(after: point) {
                operation = try await LabNode.work("balance: {what: Members}, timeoutSeconds: 900")
            } end: {
                try await Self.succeeds(operation)
            }
            #expect(try await Self.moves(of: operation).contains { $0 == "Succeeded" })
        }

        @Test func aBalanceIsPausedAndGoesOn() async throws {
            try await Self.crowd()
            let operation = try await LabNode.work(
                "balance: {what: Members, bytesPerSecond: 4Mi}, timeoutSeconds: 900"
            )
            try await eventually("a member moves") { () -> Bool? in
                try await Self.moves(of: operation).contains("Running") ? true : nil
            }
            try await LabNode.change(operation, "{\"paused\": true}")
            try await eventually("\(operation) is paused") { () -> Bool? in
                try await LabNode.operation(operation)[path: "status", "task"]?.stringValue == "Paused" ? true : nil
            }
            try await LabNode.change(operation, "{\"paused\": false, \"balance\": {\"bytesPerSecond\": \"0\"}}")
            try await Self.succeeds(operation)
            #expect(try await Self.moves(of: operation).allSatisfy { $0 == "Succeeded" })
            for group in Self.groups { try await group.isAsWanted() }
        }

        /// What has begun is finished, and nothing else is begun.
        @Test func aBalanceIsCancelled() async throws {
            try await Self.crowd()
            let operation = try await LabNode.work(
                "balance: {what: Members, bytesPerSecond: 4Mi}, timeoutSeconds: 900"
            )
            try await eventually("a member moves") { () -> Bool? in
                try await Self.moves(of: operation).contains("Running") ? true : nil
            }
            try await LabNode.change(operation, "{\"cancel\": true}")
            let end = try await LabNode.ends(operation)
            let moves = try await Self.moves(of: operation)
            #expect(moves.contains("Succeeded"))
            #expect(moves.allSatisfy { $0 == "Succeeded" || $0 == "Cancelled" }, "\(moves)")
            #expect((end.state == "Cancelled") == moves.contains("Cancelled"), "\(end.message)")
            for group in Self.groups { try await group.isAsWanted() }
        }

        /// The states of the moves of a balance.
        private static func moves(of operation: String) async throws -> [String] {
            let moves = try await LabNode.operation(operation)[path: "status", "plan", "moves"]?.arrayValue ?? []
            return moves.compactMap { $0["state"]?.stringValue }
        }

        /// Has a follower where there are too many: of groups without loggers, so that only members with data can move.
        private static func crowd() async throws {
            for group in groups { try await group.apply(shape(3, 0)) }
            for group in groups { try await group.isAsWanted() }
            try await LabNode.crowd(groups, with: "Candidate")
        }

        // MARK: Recovery

        /// The leader's node is away, and failovers are left to people, who ask for the whole.
        @Test(arguments: [
            "operationRecorded", "electionRecorded", "sealed", "epochRecorded", "led", "operationCreated",
        ])
        func aGroupIsRecovered(after point: String) async throws {
            try await Self.group.apply(Self.shape(2, 1))
            try await Self.group.change("{\"failover\": {\"mode\": \"Manual\"}}")
            try await Self.group.isAsWanted()
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let node = try #require(leader.node)
            var operation = ""
            try await crash(after: point) {
                try await Lab.power(off: node)
                try await eventually("the failover is left to people") { () -> Bool? in
                    try await Self.group.condition("Writable")?.reason == "FailoverPending" ? true : nil
                }
                operation = try await Self.group.recover()
            } end: {
                try await Self.group.succeeds(operation)
                try await Lab.power(on: node, zone: leader.zone ?? "a")
                try await Self.group.change("{\"failover\": {\"mode\": \"Automatic\"}}")
            }
            #expect(try await Self.group.member(in: "Leader")?.name != leader.name)
        }

        private static func succeeds(_ operation: String) async throws {
            let end = try await LabNode.ends(operation)
            #expect(end.state == "Succeeded", "\(end.message)")
        }

        @Test func ends() async throws {
            try await Lab.setCrash(after: nil)
            for group in Self.groups { try await group.letGo() }
        }
    }
}
