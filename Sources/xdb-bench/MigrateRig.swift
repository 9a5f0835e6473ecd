import ArgumentParser
import ClusterFixture
import Foundation
import Kubernetes
import KubernetesModel
import XDB

/// The group that is filled and moved.
struct MigrateRig {
    let megabytes: Int
    let group = LabGroup(name: "bench-migrate")

    private var key: ObjectKey { ObjectKey(namespace: group.namespace, name: group.name) }
    private var filler: Filler { Filler(group: group, megabytes: megabytes) }

    /// Throws unless both zones have a node for each member.
    func check(_ zones: [String]) async throws {
        let all = try await Lab.client.list(Node.self).items.map { $0.metadata.labels["topology.kubernetes.io/zone"] }
        for zone in zones where all.count(where: { $0 == zone }) < 3 {
            throw ValidationError(
                "zone \(zone) needs three nodes, and the zones of the nodes are "
                    + "\(all.map { $0 ?? "-" }.joined(separator: " ")): hack/cluster up a a a b b b"
            )
        }
    }

    func build(in zone: String) async throws {
        try await group.apply(
            LabGroup.Shape(
                zones: "[\(zone)]",
                configuration: Filler.configuration,
                repair: "{}",
                resources: Filler.resources
            )
        )
        try await group.wait(for: "FullyRedundant")
        try await filler.fill()
    }

    func remove() async throws { try await group.delete() }

    // MARK: What is measured

    /// A time without an acknowledgement.
    struct Gap {
        /// When it began, in seconds after the migration did.
        var begin: Double
        /// In milliseconds.
        var length: Double
    }

    /// One member's move, or the change of leader.
    struct Part {
        var name: String
        /// When it began, in seconds after the migration did.
        var begin: Double
        var seconds: Double
        /// How much was copied; 0 where nothing is.
        var bytes = 0
        /// The steps of a move, in seconds.
        var phases: [String: Double] = [:]
        /// The longest time without an acknowledgement that has to do with it, in milliseconds.
        var gap: Double

        /// MiB per second of the step in which the data are copied, from the Job's creation to its end.
        var rate: Double? { phases["Copy"].flatMap { bytes > 0 ? Double(bytes) / $0 / 1_048_576 : nil } }
    }

    /// A whole migration.
    struct Journey {
        var seconds = 0.0
        var parts: [Part] = []
        /// The client before it began.
        var quiet = Writes()
        /// The client during all of it.
        var writes = Writes()
        /// All times without an acknowledgement, the longest first.
        var gaps: [Gap] = []
        /// What the client was told instead of an acknowledgement: each is a connection that broke.
        var errors: [String] = []
        var changesOfLeader = 0
        /// Rows of the data that all members have in the end, and of the client's.
        var rows = (filled: 0, acknowledged: 0)
        /// The mean load of the machine when it ended.
        var load = 0.0
    }

    func migrate(from: String, to: String) async throws -> Journey {
        var journey = Journey()
        let writer = try await Writer.start(group, patience: 5, pause: .milliseconds(2))
        try await writer.progress(by: 50)
        let alone = Moment.now
        try await Task.sleep(for: .seconds(10))
        journey.quiet = Writes(writer, since: alone)

        let (epoch, errors, begin) = (try await group.epoch(), writer.errors.count, Moment.now)
        let operation = try await group.migrate(from: from, to: to)
        let (status, phases) = try await follow(operation)
        guard status.state == .succeeded else {
            throw NotInTime(what: "\(operation) succeeds", last: status.message ?? "")
        }
        journey.seconds = Moment.now.since(begin) / .seconds(1)
        journey.load = try MachineLoad.average()
        try await writer.progress(by: 50)
        journey.changesOfLeader = try await group.epoch() - epoch
        journey.errors = Array(writer.errors.dropFirst(errors))
        journey.writes = Writes(writer, since: begin)
        let gaps = writer.gaps(since: begin)
        journey.gaps = gaps.map {
            Gap(begin: $0.begin.since(begin) / .seconds(1), length: $0.length / .milliseconds(1))
        }
        .sorted { $0.length > $1.length }
        let clock = WallClockOffset()
        for step in status.steps {
            guard let (start, end) = clock.moments(of: step) else { continue }
            let longest = gaps.filter { $0.begin < end && start < $0.end }.map(\.length).max() ?? .zero
            journey.parts.append(
                Part(
                    name: step.name,
                    begin: start.since(begin) / .seconds(1),
                    seconds: end.since(start) / .seconds(1),
                    bytes: status.plan?.moves.first { $0.member == step.name }?.bytes ?? 0,
                    phases: phases[step.name] ?? [:],
                    gap: longest / .milliseconds(1)
                )
            )
        }
        try await group.settle(writer)
        try await group.owesNothing()
        guard try await group.members().allSatisfy({ $0.zone == to }), try await group.wantedZones() == [to] else {
            throw NotInTime(what: "all members in zone \(to)", last: "\(try await group.members())")
        }
        journey.rows = (try await filler.expectSame(), writer.acknowledged.count)
        return journey
    }

    /// Waits until an operation has ended; returns its status, and how long the steps of each move took, in seconds.
    private func follow(
        _ operation: String
    ) async throws -> (status: XDBOperation.Status, phases: [String: [String: Double]]) {
        let name = ObjectKey(namespace: group.namespace, name: operation)
        var phases: [String: [String: Double]] = [:]
        let status = try await eventually("\(operation) has ended", every: .milliseconds(200), within: .seconds(3600)) {
            () -> XDBOperation.Status? in
            // What a move's steps took is in the group alone, as long as it goes on.
            let rebuild = try await Lab.client.get(XDBGroup.self, key).status.rebuild
            for step in rebuild.flatMap({ $0.operation == operation ? $0.steps : nil }) ?? [] {
                guard let rebuild, let time = step.milliseconds else { continue }
                phases[rebuild.member, default: [:]][step.name] = Double(time) / 1000
            }
            let status = try await Lab.client.get(XDBOperation.self, name).status
            return status.state?.isFinal ?? false ? status : nil
        }
        return (status, phases)
    }
}

/// Leads from the operator's clock to that of clients, on one machine.
struct WallClockOffset {
    private let seconds = Date().timeIntervalSince1970
    private let now = Moment.now

    /// When a step began and when it ended; nil while it goes on.
    func moments(of step: XDBOperation.Step) -> (begin: Moment, end: Moment)? {
        guard let start = step.start, let end = step.end else { return nil }
        return (moment(of: start), moment(of: end))
    }

    /// The moment at which a wall clock showed a time.
    func moment(of time: MicroTime) -> Moment {
        let ago = seconds - Double(time.time.seconds) - Double(time.time.nanoseconds) / 1e9
        return Moment(microseconds: now.microseconds - Int64(ago * 1e6))
    }
}
