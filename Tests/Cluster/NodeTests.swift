import ClusterFixture
import Kubernetes
import KubernetesModel
import Testing
import XDB

extension ClusterTests {
    /// A node that carries members of three groups, leaders among them, is emptied, goes and comes back; and one is drained.
    ///
    /// Clients write to all three meanwhile, and nothing that was acknowledged is lost.
    @Suite(.serialized) struct Nodes {
        static let groups = ["north", "south", "west"].map { LabGroup(name: $0) }
        /// A node whose absence is repaired soon, unless it is offline.
        static let shape = LabGroup.Shape(repair: "{mode: Automatic, graceSeconds: 5}")

        @Test func begins() async throws {
            for group in Self.groups { try await group.apply(Self.shape) }
            for group in Self.groups { try await group.wait(for: "FullyRedundant") }
        }

        /// A node that has a member of each group, candidates among them; nil when there is none.
        private func commonNode() async throws -> String? {
            var residents: [String: [LabGroup.Member]] = [:]
            for group in Self.groups {
                for member in try await group.members() { residents[member.node ?? "", default: []].append(member) }
            }
            let candidates = residents.filter { $0.value.count == Self.groups.count }
                .mapValues { $0.count { $0.kind == "Candidate" } }
            return candidates.filter { $0.value > 0 }.max { $0.value < $1.value }?.key
        }

        /// A node with members of all three, two of them leaders; members and leaders are moved to where there is none.
        private func prepared() async throws -> String {
            var node = try await commonNode()
            if node == nil {
                let target = try #require(try await Self.groups[0].member(in: "Leader")?.node)
                for group in Self.groups {
                    let members = try await group.members()
                    guard !members.contains(where: { $0.node == target }) else { continue }
                    let follower = try #require(try await group.member(in: "Follower"))
                    let operation = try await group.rebuild(member: follower.name, node: target)
                    try await group.succeeds(operation)
                    try await group.owesNothing()
                }
                node = target
            }
            let place = try #require(node)
            for group in Self.groups {
                let there = try #require(try await group.members().first { $0.node == place })
                guard there.kind == "Candidate", there.role != "Leader" else { continue }
                let operation = "\(group.name)-to-\(place)"
                try await group.changeLeader(operation, to: there.name)
                try await group.succeeds(operation)
            }
            // A server that has led starts again, and until then its group can spare nobody.
            for group in Self.groups { try await group.isAsWanted() }
            return place
        }

        /// The names of the groups that are led on a node.
        private func led(on node: String) async throws -> [String] {
            var names: [String] = []
            for group in Self.groups where try await group.member(in: "Leader")?.node == node {
                names.append(group.name)
            }
            return names
        }

        /// The members that led there before.
        private func displaced(from node: String) async throws -> [String] {
            var names: [String] = []
            for group in Self.groups {
                let displaced = try await group.object()[path: "status", "displaced"]?.arrayValue ?? []
                names += displaced.filter { $0["node"]?.stringValue == node }.compactMap { $0["member"]?.stringValue }
            }
            return names
        }

        private func startWriters() async throws -> [Writer] {
            var writers: [Writer] = []
            for group in Self.groups {
                writers.append(try await Writer.start(group, patience: 3, pause: .milliseconds(20)))
            }
            for writer in writers { try await writer.progress(by: 20) }
            return writers
        }

        private func settle(_ writers: [Writer]) async throws {
            for (group, writer) in zip(Self.groups, writers) { try await group.settle(writer) }
        }

        private func succeeds(_ operation: String) async throws {
            let end = try await LabNode.ends(operation)
            #expect(end.state == "Succeeded", "\(end.message)")
        }

        @Test func aNodeIsTakenOfflineLosesItsPowerAndIsRecovered() async throws {
            let node = try await prepared()
            let writers = try await startWriters()

            // By the plugin, which makes the operation and follows it.
            let ended = try await LabNode.plugin("offline", node, "--wait")
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("Succeeded: \(node) is offline"))
            #expect(try await LabNode.plugin("nodes").output.contains("Ready, offline"))
            #expect(try await led(on: node).isEmpty)
            let displaced = try await displaced(from: node)
            #expect(!displaced.isEmpty)
            for writer in writers { try await writer.progress(by: 20) }

            let zone = try await Lab.zone(of: node)
            let before = try await lives(on: node)
            try await Lab.power(off: node)
            // The node is known to be away, and as a node that was not taken offline its members would be rebuilt by now.
            for group in Self.groups {
                try await eventually("\(group.name) says that \(node) is offline") { () -> Bool? in
                    let members = try await group.object()[path: "status", "members"]?.arrayValue ?? []
                    return members.contains {
                        $0["reason"]?.stringValue == "NodeOffline" && $0["health"]?.stringValue == "Unhealthy"
                    } ? true : nil
                }
            }
            try await LabNode.isAway(node, seconds: 8)
            for writer in writers { try await writer.progress(by: 20) }
            for group in Self.groups {
                #expect(try await group.object()[path: "status", "rebuild"] == nil)
            }
            // Asked for too early it waits for the node.
            let recovery = try await LabNode.work(
                "recoverNode: {node: \(node), restoreLeaders: true}, timeoutSeconds: 900"
            )
            try await eventually("\(recovery) waits for \(node)") { () -> Bool? in
                try await LabNode.operation(recovery)[path: "status", "state"]?.stringValue == "Pending" ? true : nil
            }
            try await Lab.power(on: node, zone: zone)
            try await succeeds(recovery)
            let steps = try await LabNode.operation(recovery)[path: "status", "steps"]?.arrayValue ?? []
            let names = steps.compactMap { $0["name"]?.stringValue }
            #expect(names.filter { $0.hasPrefix("Lead ") } == displaced.map { "Lead default/\($0)" })
            #expect(try await self.displaced(from: node).isEmpty)
            #expect(try await lives(on: node) == before, "nothing was rebuilt")
            let again = try await LabNode.plugin("recover", node, "--wait")
            #expect(again.code == 0, "\(again.output)\(again.errors)")
            try await settle(writers)
        }

        /// Everything on the node, by the names of the lives.
        private func lives(on node: String) async throws -> [String] {
            var lives: [String] = []
            for group in Self.groups {
                lives += try await group.members().filter { $0.node == node }.map(\.life)
            }
            return lives
        }

        /// `kubectl drain` evicts the leader's pod, which hands over; the pods that are made again wait for the node.
        @Test func aDrainedNodeHandsItsLeadersOver() async throws {
            let node = try #require(try await Self.groups[0].member(in: "Leader")?.node)
            let writers = try await startWriters()
            let epochs = try await Self.groups[0].epoch()
            try await Lab.kubectl(
                "drain",
                node,
                "--pod-selector=xdb-operator.github.io/member",
                "--ignore-daemonsets",
                "--delete-emptydir-data",
                "--timeout=200s"
            )
            #expect(try await led(on: node).isEmpty)
            #expect(try await Self.groups[0].epoch() > epochs)
            for writer in writers { try await writer.progress(by: 20) }
            try await Lab.kubectl("uncordon", node)
            try await settle(writers)
        }

        /// Leaders that are on one node are spread, and then members, by operations of the groups.
        @Test func leadersAndMembersAreBalanced() async throws {
            for group in Self.groups { try await group.isAsWanted() }
            try await pileUp()
            let writers = try await startWriters()
            let rehearsal = try await LabNode.plugin("balance", "--members", "--dry-run")
            #expect(rehearsal.code == 0, "\(rehearsal.output)\(rehearsal.errors)")
            #expect(rehearsal.output.contains("LEADERS"), "\(rehearsal.output)")
            print(rehearsal.output)
            let begin = Moment.now
            let ended = try await LabNode.plugin("balance", "--wait", "--timeout", "900")
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
            for writer in writers { print("balance: a gap in writes of \(writer.longestPause(since: begin))") }
            // On a slow machine the leadership may pass on by itself meanwhile, so that there is more to do.
            try await eventually("leaders are within 1 of each other") { () -> Bool? in
                if try await isEven("leaders") { return true }
                for group in Self.groups { try await group.isAsWanted() }
                _ = try await LabNode.ends(try await LabNode.work("balance: {}"))
                return nil
            }
            try await LabNode.crowd(Self.groups, with: "Logger")
            let moved = try await LabNode.plugin("balance", "--members", "--wait", "--timeout", "900")
            #expect(moved.code == 0, "\(moved.output)\(moved.errors)")
            print(moved.output)
            try await eventually("members are within 1 of each other") { () -> Bool? in
                if try await isEven("members") { return true }
                for group in Self.groups { try await group.isAsWanted() }
                _ = try await LabNode.ends(try await LabNode.work("balance: {what: All}, timeoutSeconds: 900"))
                return nil
            }
            for group in Self.groups {
                let nodes = try await group.members().compactMap(\.node)
                #expect(Set(nodes).count == nodes.count, "members share a node: \(nodes)")
            }
            try await settle(writers)
        }

        /// Has the node with the most candidates lead as many groups as it can.
        private func pileUp() async throws {
            var candidates: [String: [(group: LabGroup, member: String)]] = [:]
            for group in Self.groups {
                for member in try await group.members() where member.kind == "Candidate" {
                    candidates[member.node ?? "", default: []].append((group, member.name))
                }
            }
            let heirs = try #require(candidates.values.max { $0.count < $1.count })
            for (group, member) in heirs {
                try await group.changeLeader("\(group.name)-piles-up", to: member)
            }
            for (group, _) in heirs { try await group.succeeds("\(group.name)-piles-up") }
            for group in Self.groups { try await group.isAsWanted() }
        }

        /// Whether a new plan finds numbers as even as they can be: nothing to do.
        private func isEven(_ what: String) async throws -> Bool {
            let kind = what == "leaders" ? "Leaders" : "Members"
            let name = try await LabNode.work("balance: {what: \(kind)}, dryRun: true")
            guard try await LabNode.ends(name).state == "Succeeded" else { return false }
            let plan = try await LabNode.operation(name)[path: "status", "plan"]
            let changes = (plan?["moves"]?.arrayValue ?? []) + (plan?["handovers"]?.arrayValue ?? [])
            guard changes.isEmpty, (plan?["leftAlone"]?.arrayValue ?? []).isEmpty else { return false }
            return try await difference(of: what, in: plan) <= 1 || !(plan?["remarks"]?.arrayValue ?? []).isEmpty
        }

        /// How far the numbers of nodes are from each other, by the groups themselves: of all nodes with a candidate where
        /// leaders are counted, of the nodes of one zone where members are.
        private func difference(of what: String, in plan: JSONValue?) async throws -> Int {
            let countsLeaders = what == "leaders"
            var counts: [String: [String: Int]] = [:]
            for node in plan?["nodes"]?.arrayValue ?? [] where !countsLeaders && node["message"] == nil {
                counts[node["zone"]?.stringValue ?? "", default: [:]][node["node"]?.stringValue ?? ""] = 0
            }
            for group in Self.groups {
                for member in try await group.members() where !countsLeaders || member.kind == "Candidate" {
                    let zone = countsLeaders ? "" : member.zone ?? ""
                    let counted = !countsLeaders || member.role == "Leader" ? 1 : 0
                    counts[zone, default: [:]][member.node ?? "", default: 0] += counted
                }
            }
            return counts.values.map { ($0.values.max() ?? 0) - ($0.values.min() ?? 0) }.max() ?? 0
        }

        @Test func aCordonedNodeGetsNoMember() async throws {
            let group = Self.groups[0]
            let taken = try await group.members().compactMap(\.node)
            let node = try #require(try await Lab.nodes().first { !taken.contains($0) })
            let member = try #require(try await group.member(in: "Follower")).name
            try await Lab.kubectl("cordon", node)
            let refused = try await group.rebuild(member: member, node: node)
            #expect(try await group.ends(refused) == "Failed")
            #expect(try await group.message(of: refused).contains("it is cordoned"))
            try await Lab.kubectl("uncordon", node)
        }

        @Test func anOperationElsewhereIsRefused() async throws {
            let operation = try await LabNode.work("offlineNode: {node: node1}", in: "default")
            let end = try await LabNode.ends(operation, in: "default")
            #expect(end.state == "Failed")
            #expect(end.message.contains("in namespace xdb-system only"))
        }

        @Test func ends() async throws {
            for group in Self.groups { try await group.letGo() }
        }
    }
}
