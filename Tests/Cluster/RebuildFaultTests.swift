import ClusterFixture
import KubernetesModel
import Testing

extension ClusterTests {
    /// What goes wrong, or is otherwise, around a rebuild: the source, the target, the old host, and other groups.
    ///
    /// Each has a group of its own shape.
    @Suite(.serialized) struct RebuildFaults {
        /// Of five voters one is rebuilt, and the member that it is copied from loses its power in the middle.
        @Test(.enabled(if: Lab.isLong, "hack/test --long"))
        func theSourceDiesAndAnotherIsCopied() async throws {
            let group = LabGroup(name: "quint")
            try await Lab.ensureNodes(5)
            try await group.apply(LabGroup.Shape(candidates: 3, loggers: 2))
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            let follower = try #require(try await group.member(in: "Follower"))
            let operation = try await group.rebuild(member: follower.name, bytesPerSecond: "256Ki")
            try await group.copies(operation)
            let name = try await group.object()[path: "status", "rebuild", "source"]?.stringValue
            let source = try #require(try await group.members().first { $0.name == name })
            let (node, zone) = (try #require(source.node), try #require(source.zone))
            try await Lab.power(off: node)
            try await eventually("another source") { () -> Bool? in
                let now = try await group.object()[path: "status", "rebuild", "source"]?.stringValue
                return now != nil && now != name ? true : nil
            }
            try await group.limit(operation, to: "0")
            try await group.succeeds(operation)
            try await Lab.power(on: node, zone: zone)
            try await group.settle(writer)
            try await group.letGo()
        }

        /// Of the stream one bit is another, then it is cut at 99 %; each time the copy is made once more.
        @Test(.enabled(if: Lab.isLong, "hack/test --long"))
        func aCopyOutlivesAFlippedBitAndACut() async throws {
            let group = LabGroup(name: "wire")
            try await group.apply()
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            var bytes = 8 << 20
            for fault in [FaultyWire.Fault.flip, .cut] {
                let members = try await group.members()
                let leader = try #require(members.first { $0.role == "Leader" })
                let follower = try #require(members.first { $0.role == "Follower" })
                let free = try await Lab.nodes().first { node in !members.contains { $0.node == node } }
                let node = try #require(free)
                let wire = try await FaultyWire.lay(to: leader, from: node, fault, after: bytes)
                let operation = try await group.rebuild(member: follower.name, mode: "CrossHost", node: node)
                try await group.succeeds(operation)
                #expect(wire.hasFailed, "the \(fault) has not come")
                try await wire.remove()
                try await group.owesNothing()
                let status = try await group.operation(operation)["status"]
                let copied = try #require(status?[path: "progress", "bytesDone"]?.integerValue)
                print("a copy of \(copied) bytes, with a \(fault) after \(bytes)")
                bytes = Int(copied) * 99 / 100
            }
            try await group.settle(writer)
            try await group.letGo()
        }

        @Test func aVoterAndALearnerWithClaims() async throws {
            let group = LabGroup(name: "claims")
            try await Lab.cluster("volumes")
            try await group.apply(
                LabGroup.Shape(
                    learners: "[{name: reader, replicas: 1}]",
                    storage: "{volumeClaim: {storageClassName: local, size: 1Gi}}"
                )
            )
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            try await writer.progress(by: 20)
            for role in ["Learner", "Follower"] {
                let member = try #require(try await group.member(in: role))
                let operation = try await group.rebuild(member: member.name)
                try await group.succeeds(operation)
                let heir = try #require(try await group.members().first { $0.name == member.name })
                #expect(heir.life == "\(member.name)-i2")
            }
            // Somebody deletes the claim of a follower, and its pod: it is rebuilt with another, without being asked.
            try await group.change(#"{"repair": {"mode": "Automatic"}}"#)
            let follower = try #require(try await group.member(in: "Follower"))
            try await Lab.kubectl("delete", "pvc", "data-\(follower.life)", "--wait=false")
            try await Lab.kubectl("delete", "pod", follower.life, "--wait=false")
            try await group.expectComplaint("DataMissing", naming: "data-\(follower.life)")
            let repair = "\(follower.name)-repair-1"
            try await eventually("the repair is asked for") { () -> Bool? in
                try await group.operation(repair)["spec"] == nil ? nil : true
            }
            try await group.succeeds(repair)
            try await group.settle(writer)
            let claims = try await Lab.kubectl("get", "pvc", "-o", "name")
            #expect(claims.split(separator: "\n").count { $0.contains("data-claims-") } == 4, "\(claims)")
            try await group.letGo()
        }

        /// Before its successor has its vote, the member is there again.
        @Test func aMemberThatIsBackInTimeKeepsItsPlace() async throws {
            let group = LabGroup(name: "back")
            try await group.apply(.init(repair: "{graceSeconds: 10}"))
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            let follower = try #require(try await group.member(in: "Follower"))
            let (node, zone) = (try #require(follower.node), try #require(follower.zone))
            try await Lab.power(off: node)
            let operation = "\(follower.name)-repair-1"
            try await eventually("the repair begins") { () -> Bool? in
                try await group.operation(operation)["status"] == nil ? nil : true
            }
            try await group.limit(operation, to: "128Ki")
            try await group.copies(operation)
            try await Lab.power(on: node, zone: zone)
            #expect(try await group.ends(operation) == "Cancelled")
            let message = try await group.message(of: operation)
            #expect(message.contains("keeps its place"), "\(message)")
            let after = try #require(try await group.members().first { $0.name == follower.name })
            #expect(after.life == follower.life && after.node == node)
            try await group.settle(writer)
            try await group.letGo()
        }

        @Test func aDiskWithoutRoomFailsTheRebuildAlone() async throws {
            try await Lab.giveSmallDisks(megabytes: 700)
            let group = LabGroup(name: "room")
            try await group.apply(LabGroup.Shape(storage: "{hostPath: {path: /var/lib/xdb/small}}"))
            try await group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(group, patience: 3)
            let (members, nodes) = (try await group.members(), try await Lab.nodes())
            let free = try #require(nodes.first { node in !members.contains { $0.node == node } })
            try await Lab.fillSmallDisk(of: free, but: 16)
            let follower = try #require(members.first { $0.role == "Follower" })
            let operation = try await group.rebuild(member: follower.name, mode: "CrossHost", node: free)
            #expect(try await group.ends(operation) == "Failed")
            let message = try await group.message(of: operation)
            #expect(message.contains("the volume has"), "\(message)")
            #expect(try await group.operation(operation)[path: "status", "failure"]?.stringValue == "NoSpace")
            try await Lab.emptySmallDisk(of: free)
            let after = try #require(try await group.members().first { $0.name == follower.name })
            #expect(after.life == follower.life)
            // With room it is done, on the node that was asked for.
            let again = try await group.rebuild(member: follower.name, mode: "CrossHost", node: free)
            try await group.succeeds(again)
            let heir = try #require(try await group.members().first { $0.name == follower.name })
            #expect(heir.node == free)
            try await group.settle(writer)
            try await group.letGo()
        }

        @Test(arguments: [
            ("room-9", "CrossHost", nil as String?, "no member"),
            ("FOLLOWER", "CrossHost", "node99", "no such node"),
            ("FOLLOWER", "CrossHost", "LEADER", "never share a node"),
        ])
        func whatCannotBeIsRefused(_ member: String, mode: String, node: String?, because: String) async throws {
            let group = LabGroup(name: "never")
            try await group.apply()
            try await group.wait(for: "FullyRedundant")
            let follower = try #require(try await group.member(in: "Follower"))
            let leader = try #require(try await group.member(in: "Leader"))
            let operation = try await group.rebuild(
                member: member == "FOLLOWER" ? follower.name : member,
                mode: mode,
                node: node == "LEADER" ? leader.node : node
            )
            let refused = try await group.operation(operation, reaches: "Failed")
            #expect(refused.message.contains(because), "\(refused.message)")
            let members = try await group.members()
            #expect(members.allSatisfy { !$0.life.contains("-i2") }, "there was no side effect")
            if node == "LEADER" { try await group.letGo() }
        }

        /// From beginning to end without a hand: each group on the other nodes, as many at once as the limits allow.
        @Test func theGroupsOfADeadNodeBecomeWhole() async throws {
            let groups = ["alpha", "beta", "gamma"].map { LabGroup(name: $0) }
            for group in groups { try await group.apply(.init(repair: "{graceSeconds: 10}")) }
            for group in groups { try await group.wait(for: "FullyRedundant") }
            var writers: [Writer] = []
            for group in groups {
                let writer = try await Writer.start(group, patience: 3, pause: .milliseconds(20))
                try await writer.progress(by: 10)
                writers.append(writer)
            }
            var places: [String: [LabGroup]] = [:]
            var zones: [String: String] = [:]
            for group in groups {
                for member in try await group.members() {
                    let node = try #require(member.node)
                    places[node, default: []].append(group)
                    zones[node] = member.zone
                }
            }
            let (node, affected) = try #require(places.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) })
            let zone = try #require(zones[node])
            #expect(affected.count > 1, "\(places)")
            try await Lab.power(off: node)
            for group in affected {
                try await eventually("\(group.name) is whole on other nodes") { () -> Bool? in
                    guard try await group.condition("FullyRedundant")?.status == "True" else { return nil }
                    return try await group.members().contains { $0.node == node } ? nil : true
                }
            }
            for (group, writer) in zip(groups, writers) { try await group.settle(writer) }
            try await Lab.power(on: node, zone: zone)
            for group in affected { try await group.owesNothing() }
            for group in groups { try await group.letGo() }
        }
    }
}
