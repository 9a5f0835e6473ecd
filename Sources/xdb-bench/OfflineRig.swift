import ArgumentParser
import ClusterFixture
import Foundation
import Kubernetes
import KubernetesModel
import XDB

/// Many small groups whose candidates are on the same two nodes, and what is done to the one that leads them.
struct OfflineRig {
    let groups: [LabGroup]
    /// Below this share of the processors in use the machine counts as idle.
    let share: Double
    /// Where the leaders are.
    let node: String
    /// Where the other candidates are.
    private let other: String
    private let nodes: [String]

    init(groups: Int, share: Double) async throws {
        self.groups = (1...groups).map { LabGroup(name: "bench-offline-\($0)") }
        self.share = share
        nodes = try await Lab.nodes()
        guard nodes.count > 2 else {
            throw ValidationError("it needs three nodes, and there are \(nodes.count): hack/cluster up a a b b b")
        }
        (node, other) = (nodes[0], nodes[1])
    }

    // MARK: The groups

    /// How many groups are made at the same time: each starts five programs.
    private static let batch = 4

    /// Makes the groups, and returns what they cost while nothing is done.
    func build() async throws -> Idle {
        let before = try await settled()
        for first in stride(from: 0, to: groups.count, by: Self.batch) {
            let batch = groups[first..<min(first + Self.batch, groups.count)]
            // A candidate comes to each of the two nodes when there is no other; then the logger has its choice.
            try await cordon { for group in batch { try await make(group) } }
            for group in batch { try await group.wait(for: "FullyRedundant") }
            print("\(first + batch.count) of \(groups.count) groups are there")
        }
        for group in groups { try await lead(group) }
        return Idle(before, try await settled(), groups: groups.count)
    }

    private func make(_ group: LabGroup) async throws {
        try await group.apply(
            LabGroup.Shape(
                configuration: "{innodb_buffer_pool_size: 16M, innodb_log_file_size: 16M}"
            )
        )
        try await eventually("the candidates of \(group.name) are on \(node) and \(other)") { () -> Bool? in
            let places = try await group.members().filter(\.hasData).compactMap(\.node)
            return Set(places) == [node, other] ? true : nil
        }
    }

    /// Keeps new pods away from all nodes but two meanwhile.
    private func cordon(_ body: () async throws -> Void) async throws {
        let others = nodes.filter { $0 != node && $0 != other }
        for other in others { try await Lab.kubectl("cordon", other) }
        do { try await body() } catch {
            for other in others { try await Lab.kubectl("uncordon", other) }
            throw error
        }
        for other in others { try await Lab.kubectl("uncordon", other) }
    }

    /// Has the member on the node lead.
    private func lead(_ group: LabGroup) async throws {
        guard let member = try await group.members().first(where: { $0.node == node && $0.hasData }) else {
            throw NotInTime(what: "a member of \(group.name) on \(node)", last: "\(try await group.members())")
        }
        guard try await group.member(in: "Leader")?.name != member.name else { return }
        let operation = "\(group.name)-begin-\(UInt32.random(in: 0 ... .max))"
        try await group.changeLeader(operation, to: member.name)
        _ = try await group.operation(operation, reaches: "Succeeded")
    }

    func remove() async throws {
        for group in groups { try await group.letGo() }
        for group in groups { try await group.delete() }
    }

    // MARK: What an idle group costs

    /// What the processors do while nothing is done.
    struct Idle {
        /// The programs, and their shares of one processor for each group.
        var shares: [(program: String, share: Double)] = []
        var busy: (without: Double, with: Double)

        init(_ before: Settled, _ after: Settled, groups: Int) {
            busy = (before.busy, after.busy)
            for (program, words) in Settled.programs {
                let more = after.shares[words, default: 0] - before.shares[words, default: 0]
                shares.append((program, more / Double(groups)))
            }
        }

        var sentence: String {
            let parts = shares.map { "\($0.program) \(String(format: "%.2f", $0.share * 100)) %" }
            return """
                An idle group takes of one processor: \(parts.joined(separator: ", ")). Of all processors \
                \(MachineLoad.percent(busy.without)) were in use without the groups, \(MachineLoad.percent(busy.with)) with them.
                """
        }
    }

    /// A machine that does little.
    struct Settled {
        static let programs = [
            ("agents", "xdb-agent run"), ("servers", "mariadbd --defaults-file"), ("operator", "xdb-operator run"),
            ("kubelets", "kubelet --kubeconfig"), ("API server", "kube-apiserver"), ("etcd", "etcd --data-dir"),
            ("kube-proxies", "kube-proxy --config"), ("controller manager", "kube-controller-manager"),
            ("containerd", "containerd"), ("clients", "xdb-ledger"),
        ]

        var busy: Double
        /// Of one processor, by parts of command lines.
        var shares: [String: Double]
    }

    /// Waits until the machine is idle, and looks at it for a while.
    private func settled() async throws -> Settled {
        _ = try await MachineLoad.settles(below: share)
        let words = Settled.programs.map(\.1)
        let (before, begin) = (try MachineLoad.processorTime(of: words), ContinuousClock.now)
        let busy = try await MachineLoad.busy(for: 20)
        let after = try MachineLoad.processorTime(of: words)
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        return Settled(
            busy: busy,
            shares: after.reduce(into: [:]) { shares, used in
                shares[used.key] = max(0, used.value - before[used.key, default: 0]) / seconds
            }
        )
    }

    // MARK: What is measured

    /// All leaders leave, or come back.
    struct Move {
        /// From the request until the last Service leads to the new leader.
        var seconds = 0.0
        /// From the beginning of each hand-over until the new leader is open for writes, in milliseconds.
        var handovers: [Double] = []
        /// The longest time without an acknowledgement of each client, in milliseconds.
        var gaps: [Double] = []
        /// What the programs had of the processors meanwhile, in seconds.
        var work: [(program: String, seconds: Double)] = []
    }

    struct Round {
        /// The share of the processors that was in use before.
        var busy: Double
        var away = Move()
        var back = Move()
        /// The mean load of the machine when the leaders had moved.
        var load = 0.0
    }

    func round(writers count: Int) async throws -> Round {
        for group in groups { try await group.wait(for: "FullyRedundant") }
        var round = Round(busy: try await MachineLoad.settles(below: share))
        var writers: [Writer] = []
        for group in groups.prefix(count) {
            writers.append(try await Writer.start(group, patience: 3, pause: .milliseconds(20)))
        }
        for writer in writers { try await writer.progress(by: 20) }
        round.away = try await move("offlineNode: {node: \(node)}", under: writers) { $0 != node }
        round.load = try MachineLoad.average()
        for writer in writers { try await writer.progress(by: 20) }
        _ = try await MachineLoad.settles(below: share)
        round.back = try await move("recoverNode: {node: \(node), restoreLeaders: true}", under: writers) { $0 == node }
        for (group, writer) in zip(groups, writers) { try await group.settle(writer) }
        return round
    }

    /// Asks for something that has all groups led elsewhere.
    private func move(
        _ work: String,
        under writers: [Writer],
        to isMeant: (String) -> Bool
    ) async throws -> Move {
        let (begin, began) = (Moment.now, Time.now)
        let words = Settled.programs.map(\.1)
        let before = try MachineLoad.processorTime(of: words)
        let end = try await LabNode.ends(try await LabNode.work("\(work), timeoutSeconds: 900"))
        guard end.state == "Succeeded" else { throw NotInTime(what: work, last: end.message) }
        let after = try MachineLoad.processorTime(of: words)
        for writer in writers { try await writer.progress(by: 20) }
        var move = Move()
        move.work = Settled.programs.map { ($0.0, after[$0.1, default: 0] - before[$0.1, default: 0]) }
        move.gaps = writers.map { $0.longestPause(since: begin) / .milliseconds(1) }
        for group in groups {
            let key = ObjectKey(namespace: group.namespace, name: group.name)
            let status = try await Lab.client.get(XDBGroup.self, key).status
            guard let record = status.epochs.first, let start = record.began, let open = record.writable,
                let routed = record.routed, start.time.since(began) > .zero,
                let place = status.members.first(where: { $0.name == status.leader })?.node, isMeant(place)
            else { throw NotInTime(what: "\(group.name) is led where it should be", last: "\(status.leader ?? "-")") }
            move.handovers.append(Double(open.milliseconds(since: start)))
            move.seconds = max(move.seconds, routed.time.since(began) / .seconds(1))
        }
        return move
    }
}
