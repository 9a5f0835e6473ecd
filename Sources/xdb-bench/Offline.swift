import ArgumentParser
import ClusterFixture
import Foundation

/// `hack/bench offline`: how long it takes until the leaders of many groups have left a node, and what clients notice of it.
struct Offline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how long the leaders of many groups take to leave a node, and what an idle group costs.",
        discussion: """
            Groups of two candidates and a logger are made whose leaders are all on one node. In every round clients write to \
            some of them, the node is taken offline (offlineNode), and brought back with its leaders (recoverNode). Each \
            round begins when less than a share of the processors is in use. Needs a cluster (hack/cluster) with three \
            nodes or more, and the operator installed (hack/deploy).
            """
    )

    @Option(help: "How many groups there are.")
    var groups = 20

    @Option(help: "How often the node is taken offline.")
    var rounds = 3

    @Option(help: "To how many of the groups clients write.")
    var writers = 4

    @Option(help: "How many per cent of the processors may be in use before a round.")
    var busy = 60

    @OptionGroup var output: FiguresOption

    func run() async throws {
        guard groups > 0, rounds > 0, (0...groups).contains(writers), (1...100).contains(busy) else {
            throw ValidationError(
                "--groups and --rounds are positive numbers, --writers at most as many as --groups, --busy 1 to 100"
            )
        }
        let rig = try await OfflineRig(groups: groups, share: Double(busy) / 100)
        let idle = try await rig.build()
        var results: [OfflineRig.Round] = []
        for round in 1...rounds {
            let result = try await rig.round(writers: writers)
            results.append(result)
            print(
                "round \(round) of \(rounds): \(groups) leaders moved in \(Self.text(result.away.seconds, 1)) s, "
                    + "back in \(Self.text(result.back.seconds, 1)) s; busy before \(MachineLoad.percent(result.busy)); "
                    + "while they left, the processors did for \(Self.work(result.away))"
            )
        }
        try await rig.remove()
        print("\n" + table(results) + "\n\n" + idle.sentence)
        try figures(results, idle).write(to: output.jsonFile)
    }

    private static func work(_ move: OfflineRig.Move) -> String {
        move.work.filter { $0.seconds >= 0.05 }.map { "\($0.program) \(text($0.seconds, 1)) s" }.joined(separator: ", ")
    }

    private static func text(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }

    private func table(_ results: [OfflineRig.Round]) -> String {
        var table = TextTable([
            "\(groups) groups", "until the last s", "median..max s", "hand-over ms", "max ms", "gap of writes ms",
            "max ms",
        ])
        for (title, move) in [("offline", \OfflineRig.Round.away), ("back", \OfflineRig.Round.back)] {
            let moves = results.map { $0[keyPath: move] }
            var (times, handovers, gaps) = (Samples(), Samples(), Samples())
            for move in moves {
                times.add(move.seconds)
                for time in move.handovers { handovers.add(time) }
                for gap in move.gaps { gaps.add(gap) }
            }
            table.add([
                title, moves.map { Self.text($0.seconds, 1) }.joined(separator: " "),
                "\(Self.text(times.median, 1))..\(Self.text(times.maximum, 1))", Self.text(handovers.median),
                Self.text(handovers.maximum), Self.text(gaps.median), Self.text(gaps.maximum),
            ])
        }
        let busy = results.map { MachineLoad.percent($0.busy) }.joined(separator: ", ")
        return table.render() + """


            From the request until the last leader's Service leads to its successor. A hand-over is from its beginning until \
            the new leader is open for writes; a gap is what a client of \(writers) of the groups saw. Of the processors \
            \(busy) were in use before the rounds; the load when the leaders had moved was \
            \(results.map { Self.text($0.load, 1) }.joined(separator: ", ")).
            """
    }

    private func figures(_ results: [OfflineRig.Round], _ idle: OfflineRig.Idle) throws -> Figures {
        var figures = Figures()
        for (name, move) in [("offline", \OfflineRig.Round.away), ("offline.back", \OfflineRig.Round.back)] {
            var (times, handovers, gaps) = (Samples(), Samples(), Samples())
            for move in results.map({ $0[keyPath: move] }) {
                times.add(move.seconds)
                for time in move.handovers { handovers.add(time) }
                for gap in move.gaps { gaps.add(gap) }
            }
            try figures.add("\(name).time.median", times.median, unit: "s")
            try figures.add("\(name).time.max", times.maximum, unit: "s")
            try figures.add("\(name).hand-over.median", handovers.median, unit: "ms")
            try figures.add("\(name).hand-over.max", handovers.maximum, unit: "ms")
            guard !gaps.values.isEmpty else { continue }
            try figures.add("\(name).gap.median", gaps.median, unit: "ms")
            try figures.add("\(name).gap.max", gaps.maximum, unit: "ms")
        }
        for (program, share) in idle.shares {
            let name = program.lowercased().replacingOccurrences(of: " ", with: "-")
            try figures.add("offline.idle.\(name)", share * 100, unit: "%")
        }
        return figures
    }
}
