import Foundation

/// What `hack/bench rebuild` has found.
struct RebuildReport {
    /// The copies of one source.
    struct Copies {
        var rate = Samples()
        var longest = Samples()
        var p99 = Samples()
        var phases: [String: Samples] = [:]

        mutating func add(_ copy: RebuildRig.Copy) {
            rate.add(copy.rate)
            longest.add(copy.writes.longest)
            p99.add(copy.writes.p99)
            for (phase, milliseconds) in copy.phases { phases[phase, default: Samples()].add(milliseconds / 1000) }
        }
    }

    /// What the client noticed.
    struct Stalls {
        var longest = Samples()
        var p99 = Samples()

        mutating func add(_ writes: Writes) {
            longest.add(writes.longest)
            p99.add(writes.p99)
        }
    }

    var pipeline = Samples()
    var besidePipeline = Stalls()
    var quiet = Stalls()
    var copies: [RebuildRig.Source: Copies] = [:]
    var limited = RebuildRig.Limited()
    var logger = 0.0
    var powerCut = RebuildRig.PowerCut()

    private static let phases = ["Copy", "Prepare", "Refresh", "Join", "Verify", "Vote", "Clean"]

    func table(_ megabytes: Int) -> String {
        func text(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }
        var table = TextTable(
            ["\(megabytes) MiB", "MiB/s", "min..max", "of raw", "longest stall ms", "p99 ms"]
                + Self.phases.map { "\($0) s" }
        )
        func spread(_ samples: Samples) -> String { "\(text(samples.minimum))..\(text(samples.maximum))" }
        let blank = Self.phases.map { _ in "-" }
        func text(_ stalls: Stalls) -> [String] { [text(stalls.longest.median), text(stalls.p99.median, 1)] }
        table.add(["raw pipeline", text(pipeline.median), spread(pipeline), "1.00"] + text(besidePipeline) + blank)
        table.add(["no copy", "-", "-", "-"] + text(quiet) + blank)
        for source in RebuildRig.Source.allCases {
            guard let copy = copies[source] else { continue }
            table.add(
                [
                    "from the \(source.rawValue)", text(copy.rate.median), spread(copy.rate),
                    text(copy.rate.median / pipeline.median, 2), text(copy.longest.median), text(copy.p99.median, 1),
                ] + Self.phases.map { copy.phases[$0].map { text($0.median, 1) } ?? "-" }
            )
        }
        table.add(
            [
                "with a limit", text(limited.share * Double(limited.limit)), "-", "-", text(limited.writes.longest),
                text(limited.writes.p99, 1),
            ] + blank
        )
        let parts = Self.phases.compactMap { phase in
            powerCut.phases[phase].map { "\(phase) \(text($0 / 1000, 1)) s" }
        }
        return table.render() + """


            The rate of a copy is until everything is on the disk; medians of \(pipeline.values.count) rounds.
            A limited copy: \(text(limited.share * 100, 1)) % of its limit; a new limit holds after \
            \(text(limited.secondsToChange, 1)) s.
            A logger votes \(text(logger, 1)) s after the request.
            From the power cut to whole on another node: \(text(powerCut.seconds, 1)) s, of which \
            \(text(powerCut.waited, 1)) s pass until the repair begins (graceSeconds: 10), then \
            \(parts.joined(separator: ", ")).
            """
    }

    func figures() throws -> Figures {
        var figures = Figures()
        try figures.add("rebuild.pipeline.rate", pipeline.median, unit: "MiB/s")
        try figures.add("rebuild.pipeline.stall", besidePipeline.longest.median, unit: "ms")
        try figures.add("rebuild.pipeline.p99", besidePipeline.p99.median, unit: "ms")
        try figures.add("rebuild.quiet.stall", quiet.longest.median, unit: "ms")
        try figures.add("rebuild.quiet.p99", quiet.p99.median, unit: "ms")
        for source in RebuildRig.Source.allCases {
            guard let copy = copies[source] else { continue }
            try figures.add("rebuild.\(source.rawValue).rate", copy.rate.median, unit: "MiB/s")
            try figures.add(
                "rebuild.\(source.rawValue).rate.of-pipeline",
                copy.rate.median / pipeline.median,
                unit: "1"
            )
            try figures.add("rebuild.\(source.rawValue).stall", copy.longest.median, unit: "ms")
            try figures.add("rebuild.\(source.rawValue).p99", copy.p99.median, unit: "ms")
        }
        try figures.add("rebuild.limit.share", limited.share, unit: "1")
        try figures.add("rebuild.limit.stall", limited.writes.longest, unit: "ms")
        try figures.add("rebuild.limit.p99", limited.writes.p99, unit: "ms")
        try figures.add("rebuild.limit.change", limited.secondsToChange, unit: "s")
        try figures.add("rebuild.logger", logger, unit: "s")
        try figures.add("rebuild.power-cut", powerCut.seconds, unit: "s")
        return figures
    }
}
