import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// Members that do not come back by themselves are made anew without being asked, and those that do are left alone,
    /// under a writing client.
    ///
    /// One group for all of it; one with claims.
    @Suite(.serialized) struct Repair {
        static let group = LabGroup(name: "cure")

        @Test func begins() async throws {
            try await Lab.kubectl("delete", "xop", "--all", "-n", Self.group.namespace)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        /// Has members repaired in this way, under a client that writes.
        private func writing(repair: String) async throws -> Writer {
            try await Self.group.change("{\"repair\": \(repair)}")
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            return writer
        }

        /// Waits until a member is to be rebuilt, and until it is; returns the member as it is then.
        private func repaired(_ member: LabGroup.Member, of group: LabGroup) async throws -> LabGroup.Member {
            let prefix = "\(member.name)-repair-"
            let operation = try await eventually("the repair of \(member.name)") { () -> String? in
                for operation in try await operations(beginningWith: prefix) {
                    if try await !group.hasEnded(operation) { return operation }
                }
                return nil
            }
            try await group.succeeds(operation)
            return try #require(try await group.members().first { $0.name == member.name })
        }

        private func operations(beginningWith prefix: String) async throws -> [String] {
            try await Lab.kubectl("get", "xop", "-n", Self.group.namespace, "-o", "name").split(separator: "\n")
                .compactMap { $0.split(separator: "/").last.map(String.init) }.filter { $0.hasPrefix(prefix) }
        }

        /// A node that is back before its member is to be replaced has it back as it was.
        @Test func aFlapIsNoLoss() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Automatic", "graceSeconds": 600}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            let (node, before) = (try #require(follower.node), try await group.podUIDs())
            for _ in 1...2 {
                try await Lab.cut(node)
                try await eventually("the loss of \(node) is told") { () -> Bool? in
                    try await group.complaint(of: follower.name)?.reason == "NodeNotReady" ? true : nil
                }
                try await Lab.heal(node)
                try await group.wait(for: "FullyRedundant")
            }
            #expect(try await group.podUIDs() == before)
            #expect(try await operations(beginningWith: "cure-").isEmpty)
            try await group.settle(writer)
        }

        /// Garbage in the server's files: what `Manual` would do is told, and `Automatic` does it.
        @Test func aServerThatCannotStartIsRebuiltWhenThatIsAllowed() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Manual", "graceSeconds": 10}"#)
            let (epoch, follower) = (try await group.epoch(), try #require(try await group.member(in: "Follower")))
            let file = "\(group.folder(of: follower))/data/ibdata1"
            try await Lab.inside(
                try #require(follower.node),
                "sh",
                "-c",
                "test -s \(file) && dd if=/dev/urandom of=\(file) bs=64k count=64 conv=notrunc"
            )
            try await group.kill(.server, of: follower.life)
            try await eventually("what would be done is told") { () -> Bool? in
                guard let pending = try await group.condition("RepairPending"), pending.status == "True" else {
                    return nil
                }
                let words = ["CrashLoop", "spec.repair.mode is Manual", "{member: \(follower.name), mode: Local}"]
                return words.allSatisfy { pending.message.contains($0) } ? true : nil
            }
            #expect(try await operations(beginningWith: "\(follower.name)-repair-").isEmpty)
            try await group.change(#"{"repair": {"mode": "Automatic"}}"#)
            let heir = try await repaired(follower, of: group)
            #expect(heir.life != follower.life)
            #expect(heir.node == follower.node)
            try await group.expectElections([], since: epoch)
            try await group.settle(writer)
        }

        /// A row that the leader changes is not there: no repetition helps.
        @Test func aServerThatCannotApplyTheLogIsRebuilt() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Automatic", "graceSeconds": 10}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            let leader = try #require(try await group.leaderAddress())
            try await group.query(
                ["CREATE TABLE mark (id INT PRIMARY KEY, v INT)", "INSERT INTO mark VALUES (1, 1)"],
                on: leader
            )
            let host = try #require(follower.podIP)
            try await eventually("\(follower.name) has the row") { () -> Bool? in
                try await group.query(["SELECT v FROM mark"], on: host).isEmpty ? nil : true
            }
            try await group.run("SET sql_log_bin = 0; DELETE FROM app.mark", asAgentOf: follower.life)
            try await group.query(["UPDATE mark SET v = 2"], on: leader)
            let heir = try await repaired(follower, of: group)
            #expect(heir.life != follower.life)
            let rows = try await group.query(["SELECT v FROM mark"], on: try #require(heir.podIP))
            #expect(rows == [["2"]])
            try await group.settle(writer)
        }

        /// Somebody holds a lock on it, which is no error: nothing is applied, and nothing works.
        @Test(.enabled(if: Lab.isLong, "hack/test --long"))
        func aServerThatStopsWithoutAnErrorIsRebuilt() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Automatic", "graceSeconds": 10}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            let lock = Task {
                try await group.run("LOCK TABLES app.ledger WRITE; DO SLEEP(600)", asAgentOf: follower.life)
            }
            try await eventually("the stall is told") { () -> Bool? in
                try await group.complaint(of: follower.name)?.message.hasPrefix("ApplyStalled") == true ? true : nil
            }
            let heir = try await repaired(follower, of: group)
            #expect(heir.life != follower.life)
            // Its server is gone, and the lock with it.
            _ = try? await lock.value
            try await group.settle(writer)
        }

        /// A logger's directory is gone: it begins anew on the same node.
        @Test func aLoggerWhoseDirectoryIsLostIsRebuiltOnItsNode() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Automatic", "graceSeconds": 10}"#)
            let logger = try #require(try await group.member(in: "Logger"))
            let node = try #require(logger.node)
            try await Lab.remove(group.folder(of: logger), on: node)
            try await Lab.kubectl(
                "delete",
                "pod",
                logger.life,
                "-n",
                group.namespace,
                "--force",
                "--grace-period=0",
                "--wait=false"
            )
            let heir = try await repaired(logger, of: group)
            #expect(heir.life != logger.life)
            #expect(heir.node == node)
            try await group.settle(writer)
        }

        /// What would leave fewer than a majority has no side effect.
        @Test func aRebuildThatWouldBreakTheMajorityIsRefused() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Manual"}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            let logger = try #require(try await group.member(in: "Logger"))
            let before = try await group.podUIDs()
            try await group.freeze(logger.life)
            try await eventually("\(logger.name) is told to be away") { () -> Bool? in
                try await group.complaint(of: logger.name)?.reason == "AgentUnreachable" ? true : nil
            }
            for discardFirst in [false, true] {
                let operation = try await group.rebuild(
                    member: follower.name,
                    mode: "Local",
                    discardFirst: discardFirst
                )
                let refused = try await group.operation(operation, reaches: "Failed")
                #expect(refused.message.contains("a majority of 2 of 3 voters is needed"), "\(refused.message)")
                #expect(refused.message.contains(logger.name), "\(refused.message)")
            }
            try await writer.progress(by: 20)
            try await group.thaw(logger.life)
            try await group.wait(for: "FullyRedundant")
            #expect(try await group.podUIDs() == before)
            try await group.settle(writer)
        }

        /// A node that is taken out of the cluster is not waited for, and nothing is owed there.
        @Test func aNodeThatIsDeletedIsNotWaitedFor() async throws {
            let group = Self.group
            let writer = try await writing(repair: #"{"mode": "Automatic", "graceSeconds": 3600}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            let (node, zone) = (try #require(follower.node), try #require(follower.zone))
            try await Lab.power(off: node)
            try await Lab.kubectl("delete", "node", node)
            let heir = try await repaired(follower, of: group)
            #expect(heir.node != node)
            try await group.owesNothing()
            try await group.settle(writer)
            try await Lab.power(on: node, zone: zone)
            try await eventually("\(node) is back") { () -> Bool? in
                try await Lab.nodes().contains(node) ? true : nil
            }
            try await Lab.remove(group.folder(of: follower), on: node)
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }

        /// A volume that is bound to its node: a logger leaves it, a learner goes where it is told, and what was on a node
        /// that dies is made anew elsewhere, with other claims.
        @Test(.enabled(if: Lab.isLong, "hack/test --long"))
        func membersWithClaimsComeToOtherNodes() async throws {
            let group = LabGroup(name: "bound")
            try await Lab.cluster("volumes")
            try await group.apply(
                LabGroup.Shape(
                    learners: "[{name: reader, replicas: 1}]",
                    storage: "{volumeClaim: {storageClassName: local, size: 1Gi}}",
                    repair: "{graceSeconds: 10}"
                )
            )
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            for role in ["Logger", "Learner"] {
                let member = try #require(try await group.member(in: role))
                let taken = try await group.members().compactMap(\.node)
                let free = try #require(try await Lab.nodes().first { !taken.contains($0) })
                let node = role == "Learner" ? free : nil
                let operation = try await group.rebuild(member: member.name, mode: "CrossHost", node: node)
                try await group.succeeds(operation)
                let heir = try #require(try await group.members().first { $0.name == member.name })
                #expect(heir.life == "\(member.name)-i2")
                #expect(heir.node == free)
            }
            let follower = try #require(try await group.member(in: "Follower"))
            let (node, zone) = (try #require(follower.node), try #require(follower.zone))
            try await Lab.power(off: node)
            let heir = try await repaired(follower, of: group)
            #expect(heir.node != node)
            try await group.settle(writer)
            try await Lab.power(on: node, zone: zone)
            try await group.owesNothing()
            try await eventually("the claims are those of the members") { () -> Bool? in
                let claims = try await Lab.kubectl("get", "pvc", "-n", group.namespace, "-o", "name")
                let names = claims.split(separator: "\n").compactMap { $0.split(separator: "/").last.map(String.init) }
                let wanted = try await group.members().map { "data-\($0.life)" }
                return names.filter { $0.hasPrefix("data-bound-") }.sorted() == wanted.sorted() ? true : nil
            }
            try await group.letGo()
        }
    }
}
