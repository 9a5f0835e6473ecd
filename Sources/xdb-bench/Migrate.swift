import ArgumentParser
import ClusterFixture

/// `hack/bench migrate`: how long a group takes from one zone to another, and what clients notice of it.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the migration of a group with data to another zone, under a writing client.",
        discussion: """
            A group of two candidates and a logger, all of them in one zone, is filled with data. A client writes through the \
            leader Service, alone at first; then all members move to the other zone. In the end every row that was \
            acknowledged is on all members, and all members have the same. Each of the two zones needs three nodes \
            (hack/cluster up a a a b b b), and the operator has to be installed (hack/deploy).
            """
    )

    @Option(help: "How often the group moves: from the first zone to the second, and back.")
    var rounds = 2

    @Option(help: "How much data there is, in MiB.")
    var megabytes = 2048

    @Option(help: "The two zones, separated by a comma.")
    var zones = "a,b"

    @Option(help: "How long a time without an acknowledgement may be, in milliseconds.")
    var aim = 500.0

    @OptionGroup var output: FiguresOption

    func run() async throws {
        let zones = zones.split(separator: ",").map(String.init)
        guard rounds > 0, megabytes > 0, zones.count == 2, zones[0] != zones[1] else {
            throw ValidationError("--rounds and --megabytes are positive numbers, --zones two different names")
        }
        let rig = MigrateRig(megabytes: megabytes)
        try await rig.check(zones)
        try await rig.build(in: zones[0])
        var report = MigrateReport(aim: aim)
        for round in 1...rounds {
            let (from, to) = round.isMultiple(of: 2) ? (zones[1], zones[0]) : (zones[0], zones[1])
            let journey = try await rig.migrate(from: from, to: to)
            report.journeys.append(journey)
            print("\n" + report.table(of: journey, "round \(round) of \(rounds), \(megabytes) MiB, \(from) to \(to)"))
        }
        try await rig.remove()
        print("\n" + report.summary())
        try report.figures().write(to: output.jsonFile)
    }
}
