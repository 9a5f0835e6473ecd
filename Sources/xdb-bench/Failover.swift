import ArgumentParser
import ClusterFixture
import Foundation

/// `hack/bench failover`: for how long nothing is acknowledged when the leader changes, and where the time goes.
struct Failover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the gap in a client's writes when a leader is lost or changed.",
        discussion: """
            A client writes through the leader Service of a group of two candidates and a logger, and reconnects at once \
            when its connection breaks or is silent for a second. In every round the leader's mariadbd is killed, the \
            leader is changed by an XDBOperation, and the power of the leader's node is cut, in turns. A gap is the longest \
            time between two acknowledgements from the fault on. The phases are those of the operation's record. Needs the \
            cluster of hack/demo, with the operator installed.
            """
    )

    @Option(help: "How often each is done.")
    var rounds = 20

    @Option(help: "What is done, separated by commas: server, change, power.")
    var faults = "server,change,power"

    @OptionGroup var output: FiguresOption

    /// What makes the leader change.
    enum Cause: String, CaseIterable {
        case server, change, power

        var title: String {
            switch self {
            case .server: "mariadbd killed"
            case .change: "changeLeader"
            case .power: "node's power cut"
            }
        }
    }

    struct Result {
        var gap = Samples()
        var phases: [String: Samples] = [:]
        var errors: [String: Int] = [:]
    }

    func run() async throws {
        let causes = faults.split(separator: ",").compactMap { Cause(rawValue: String($0)) }
        guard !causes.isEmpty, rounds > 0 else {
            throw ValidationError("--rounds is a positive number, --faults a list of server, change and power")
        }
        let group = LabGroup(name: "bench-failover")
        try await group.apply()
        try await group.wait(for: "FullyRedundant")
        var results: [Cause: Result] = [:]
        for round in 1...rounds {
            for cause in causes { try await measure(cause, group, &results[cause, default: Result()]) }
            let gaps = causes.map { "\($0.title) \(Int(results[$0]?.gap.values.last ?? 0)) ms" }
            print("round \(round) of \(rounds): \(gaps.joined(separator: ", "))")
        }
        try await group.delete()
        print("\n" + table(causes, results))
        try figures(causes, results).write(to: output.jsonFile)
    }

    private func measure(_ cause: Cause, _ group: LabGroup, _ result: inout Result) async throws {
        let writer = try await Writer.start(group, patience: 1, pause: .milliseconds(2))
        try await writer.progress(by: 100)
        let epoch = try await group.epoch()
        guard let leader = try await group.member(in: "Leader"), let node = leader.node, let zone = leader.zone else {
            throw NotInTime(what: "a leader", last: "nobody leads")
        }
        let name: String
        let begin = Moment.now
        switch cause {
        case .server:
            name = "\(group.name)-failover-\(epoch + 1)"
            try await Lab.signal("KILL", Lab.server, of: leader.name, on: node)
        case .change:
            // Also a run that was cut short leaves records behind.
            name = "bench-change-\(UInt32.random(in: 0 ... .max))"
            try await group.changeLeader(name, to: "auto")
        case .power:
            name = "\(group.name)-failover-\(epoch + 1)"
            try await Lab.power(off: node)
        }
        let record = try await group.operation(name, reaches: "Succeeded")
        try await writer.progress(by: 100)
        result.gap.add(writer.longestPause(since: begin) / .milliseconds(1))
        for (phase, milliseconds) in record.phases { result.phases[phase, default: Samples()].add(milliseconds) }
        for error in writer.errors {
            // "error MICROSECONDS CODE: TEXT"
            result.errors[error.split(separator: " ", maxSplits: 2).last.map(String.init) ?? error, default: 0] += 1
        }
        if cause == .power { try await Lab.power(on: node, zone: zone) }
        try await group.wait(for: "FullyRedundant")
        try await group.expectSame(as: writer)
        if cause == .change { try await Lab.kubectl("delete", "xop", name, "-n", group.namespace) }
    }

    private static let phases = ["Detect", "Seal", "CatchUp", "Promote", "Route"]

    /// One line per cause, in milliseconds; then what the clients were told.
    private func table(_ causes: [Cause], _ results: [Cause: Result]) -> String {
        var table = TextTable(["gap in ms", "rounds", "median", "p99", "min..max"] + Self.phases)
        var errors: [String] = []
        for cause in causes {
            guard let result = results[cause] else { continue }
            table.add(
                [
                    cause.title, String(result.gap.values.count), String(format: "%.0f", result.gap.median),
                    String(format: "%.0f", result.gap.percentile(99)),
                    String(format: "%.0f..%.0f", result.gap.minimum, result.gap.maximum),
                ] + Self.phases.map { result.phases[$0].map { String(format: "%.0f", $0.median) } ?? "-" }
            )
            errors += result.errors.sorted { $0.value > $1.value }.map { "\(cause.title): \($0.value) times \($0.key)" }
        }
        return table.render() + "\n\nphases: medians. What the clients were told meanwhile:\n"
            + errors.joined(separator: "\n")
    }

    private func figures(_ causes: [Cause], _ results: [Cause: Result]) throws -> Figures {
        var figures = Figures()
        for cause in causes {
            guard let result = results[cause] else { continue }
            try figures.add("failover.\(cause.rawValue).gap.median", result.gap.median, unit: "ms")
            try figures.add("failover.\(cause.rawValue).gap.p99", result.gap.percentile(99), unit: "ms")
            for (phase, samples) in result.phases.sorted(by: { $0.key < $1.key }) {
                try figures.add("failover.\(cause.rawValue).\(phase.lowercased()).median", samples.median, unit: "ms")
            }
        }
        return figures
    }
}
