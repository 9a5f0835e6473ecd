import Foundation

/// What `hack/bench migrate` has found.
struct MigrateReport {
    /// How long all interruptions of the writes together may be, in milliseconds.
    let aim: Double
    /// From here on a time without an acknowledgement counts as an interruption, in milliseconds.
    static let interruption = 100.0
    var journeys: [MigrateRig.Journey] = []

    private static let phases = ["Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"]

    init(aim: Double) { self.aim = aim }

    /// The change of leader has this name among the steps of an operation.
    private static let handover = "ChangeLeader"

    func table(of journey: MigrateRig.Journey, _ title: String) -> String {
        func text(_ value: Double?, _ digits: Int = 1) -> String {
            value.map { String(format: "%.\(digits)f", $0) } ?? "-"
        }
        var table = TextTable(
            ["", "from s", "s", "MiB", "MiB/s", "longest gap ms"] + Self.phases.map { "\($0) s" }
        )
        let blank = Self.phases.map { _ in "-" }
        table.add(["the client alone", "-", "10.0", "-", "-", text(journey.quiet.longest, 0)] + blank)
        for part in journey.parts {
            let size = part.bytes > 0 ? text(Double(part.bytes) / 1_048_576, 0) : "-"
            table.add(
                [part.name, text(part.begin), text(part.seconds), size, text(part.rate, 0), text(part.gap, 0)]
                    + Self.phases.map { text(part.phases[$0]) }
            )
        }
        let bytes = Double(journey.parts.map(\.bytes).reduce(0, +)) / 1_048_576
        table.add(
            [
                "altogether", "0.0", text(journey.seconds), text(bytes, 0), text(bytes / journey.seconds, 0),
                text(journey.gaps.first?.length, 0),
            ] + blank
        )
        let interruptions = Self.interruptions(of: journey)
        let longest = journey.gaps.prefix(10).map { "\(text($0.length, 0)) ms at \(text($0.begin)) s" }
            .joined(separator: ", ")
        return title + "\n" + table.render() + """


            \(journey.changesOfLeader) change of leader; the client's connection broke \(journey.errors.count) times\
            \(journey.errors.isEmpty ? "" : " (\(journey.errors.joined(separator: "; ")))"); \
            \(interruptions.count) gaps of more than \(text(Self.interruption, 0)) ms, \(text(interruptions.reduce(0, +), 0)) ms \
            together (aim \(text(aim, 0))); the longest: \(longest); p99 \(text(journey.writes.p99)) ms, alone \
            \(text(journey.quiet.p99)) ms.
            All \(journey.rows.filled) rows of the data and all \(journey.rows.acknowledged) rows that were acknowledged are on \
            all members with data, with equal checksums. Load of the machine when it ended: \(text(journey.load)).
            """
    }

    func summary() -> String {
        let gaps = journeys.map { String(format: "%.0f", $0.gaps.first?.length ?? .nan) }.joined(separator: ", ")
        let changes = journeys.map { String(format: "%.0f", handover(of: $0)) }.joined(separator: ", ")
        return "The longest gap of each round: \(gaps) ms; that of the change of leader: \(changes) ms."
    }

    private static func interruptions(of journey: MigrateRig.Journey) -> [Double] {
        journey.gaps.map(\.length).filter { $0 > interruption }
    }

    private func handover(of journey: MigrateRig.Journey) -> Double {
        journey.parts.filter { $0.name == Self.handover }.map(\.gap).max() ?? .nan
    }

    func figures() throws -> Figures {
        var figures = Figures()
        func add(_ name: String, unit: String, _ value: (MigrateRig.Journey) -> Double) throws {
            var samples = Samples()
            for journey in journeys { samples.add(value(journey)) }
            try figures.add("migrate.\(name).median", samples.median, unit: unit)
            try figures.add("migrate.\(name).max", samples.maximum, unit: unit)
        }
        try add("time", unit: "s") { $0.seconds }
        try add("gap.longest", unit: "ms") { $0.gaps.first?.length ?? .nan }
        try add("gap.change-of-leader", unit: "ms") { handover(of: $0) }
        try add("gap.others", unit: "ms") { journey in
            journey.parts.filter { $0.name != Self.handover }.map(\.gap).max() ?? .nan
        }
        try add("gap.sum", unit: "ms") { Self.interruptions(of: $0).reduce(0, +) }
        try add("gap.count", unit: "1") { Double(Self.interruptions(of: $0).count) }
        try add("connections.broken", unit: "1") { Double($0.errors.count) }
        try add("p99", unit: "ms") { $0.writes.p99 }
        try add("rate", unit: "MiB/s") { journey in
            var rates = Samples()
            for rate in journey.parts.compactMap(\.rate) { rates.add(rate) }
            return rates.median
        }
        return figures
    }
}
