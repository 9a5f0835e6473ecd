import ArgumentParser

/// `hack/bench rebuild`: how fast a member is made anew, and what clients notice of it.
struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures rebuilds of a group with data, under a writing client.",
        discussion: """
            A group of two candidates, a logger and a learner is filled with data. In every round, the raw pipeline runs \
            (mariabackup through a plain TCP connection into mbstream, between the nodes of the learner and the \
            follower, to the follower's disk), and the follower is rebuilt from the learner and from the leader, without \
            a limit, all under a client that writes through the leader Service; in between the client writes alone. \
            Then a copy is limited, and its limit changed; the logger is rebuilt; and the power of the follower's node is \
            cut until the member is whole on another. Needs the cluster of hack/demo, with the operator installed.
            """
    )

    @Option(help: "How often the pipeline and the copies are measured.")
    var rounds = 3

    @Option(help: "How much data there is, in MiB.")
    var megabytes = 2048

    @Option(help: "The limit of the limited copy, in MiB per second; its double is what it is changed to.")
    var limit = 16

    @OptionGroup var output: FiguresOption

    func run() async throws {
        guard rounds > 0, megabytes > 0, limit > 0 else {
            throw ValidationError("--rounds, --megabytes and --limit are positive numbers")
        }
        let rig = RebuildRig(megabytes: megabytes)
        try await rig.build()
        var report = RebuildReport()
        for round in 1...rounds {
            let (rate, writes) = try await rig.pipeline()
            report.pipeline.add(rate)
            report.besidePipeline.add(writes)
            report.quiet.add(try await rig.writes(for: .seconds(10)))
            for source in RebuildRig.Source.allCases {
                let copy = try await rig.rebuild(from: source)
                report.copies[source, default: RebuildReport.Copies()].add(copy)
            }
            print("round \(round) of \(rounds) done")
        }
        report.limited = try await rig.limited(megabytesPerSecond: limit)
        report.logger = try await rig.logger()
        report.powerCut = try await rig.powerCut()
        try await rig.remove()
        print("\n" + report.table(megabytes))
        try report.figures().write(to: output.jsonFile)
    }
}
