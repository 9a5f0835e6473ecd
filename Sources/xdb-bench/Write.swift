import ArgumentParser
import Foundation

/// `hack/bench write`: transactions per second and their latency, of a group and of what one would use instead.
struct Write: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares the writes of a group with a lone server and with MariaDB's own semi-synchronous replica.",
        discussion: """
            Runs sysbench in a pod of the cluster that KUBECONFIG names, against a group of two candidates and a logger \
            through its leader Service, against one server without replication, and against a server with one \
            semi-synchronous replica that is equally durable (sync_relay_log=1). All have the same image and settings; \
            the three take turns in every round. Needs the images of hack/images and an installed operator.
            """
    )

    @Option(help: "How often each combination is measured.")
    var rounds = 3

    @Option(help: "How long each measurement takes, in seconds.")
    var seconds = 10

    @Option(help: "Numbers of clients, separated by commas.")
    var clients = "1,8,32"

    @Option(help: "The engine image.")
    var engineImage = "localhost/xdb-engine:dev"

    @Option(help: "The image with sysbench.")
    var clientImage = "localhost/xdb-bench:dev"

    @OptionGroup var output: FiguresOption

    @Flag(help: "Leaves the namespace of the bench in place.")
    var keep = false

    func run() throws {
        let counts = clients.split(separator: ",").compactMap { Int($0) }
        guard !counts.isEmpty, rounds > 0, seconds > 0 else {
            throw ValidationError("--clients, --rounds and --seconds are positive numbers")
        }
        let rig = WriteRig(engineImage: engineImage, clientImage: clientImage)
        try rig.build()
        defer { if !keep { rig.remove() } }

        var results: [Case: Result] = [:]
        for round in 1...rounds {
            for workload in WriteRig.workloads {
                for count in counts {
                    // Each round begins with another one, so that none always runs on a warm or a tired machine.
                    let order = WriteRig.Subject.allCases.indices.map {
                        WriteRig.Subject.allCases[($0 + round) % WriteRig.Subject.allCases.count]
                    }
                    for subject in order {
                        let measured = try rig.measure(subject, workload: workload, clients: count, seconds: seconds)
                        let key = Case(subject: subject, workload: workload, clients: count)
                        results[key, default: Result()].rate.add(measured.rate)
                        results[key, default: Result()].p99.add(measured.p99)
                    }
                }
            }
            print("round \(round) of \(rounds) done")
        }
        print("\n" + table(results, counts))
        try figures(results, counts).write(to: output.jsonFile)
    }

    struct Case: Hashable {
        var subject: WriteRig.Subject
        var workload: String
        var clients: Int
    }

    struct Result {
        var rate = Samples()
        var p99 = Samples()
    }

    /// One line per workload, number of clients and subject: medians, the spread, and the ratios to semi-sync.
    private func table(_ results: [Case: Result], _ counts: [Int]) -> String {
        var table = TextTable([
            "workload", "clients", "subject", "tps", "min..max", "p99 ms", "min..max", "tps of semi-sync's",
            "p99 of semi-sync's",
        ])
        for workload in WriteRig.workloads {
            for count in counts {
                let reference = results[Case(subject: .semisync, workload: workload, clients: count)]
                for subject in WriteRig.Subject.allCases {
                    guard let result = results[Case(subject: subject, workload: workload, clients: count)] else {
                        continue
                    }
                    table.add([
                        workload, String(count), subject.rawValue,
                        String(format: "%.0f", result.rate.median),
                        String(format: "%.0f..%.0f", result.rate.minimum, result.rate.maximum),
                        String(format: "%.1f", result.p99.median),
                        String(format: "%.1f..%.1f", result.p99.minimum, result.p99.maximum),
                        String(format: "%.2f", result.rate.median / (reference?.rate.median ?? .nan)),
                        String(format: "%.2f", result.p99.median / (reference?.p99.median ?? .nan)),
                    ])
                }
            }
        }
        return table.render()
            + "\n\nThe aim for the group: 1.00 or more of the transactions of semi-sync, and 1.00 or less of its p99."
    }

    private func figures(_ results: [Case: Result], _ counts: [Int]) throws -> Figures {
        var figures = Figures()
        for workload in WriteRig.workloads {
            for count in counts {
                for subject in WriteRig.Subject.allCases {
                    guard let result = results[Case(subject: subject, workload: workload, clients: count)] else {
                        continue
                    }
                    let prefix = "write.\(workload).c\(count).\(subject.rawValue)"
                    try figures.add("\(prefix).tps", result.rate.median, unit: "1/s")
                    try figures.add("\(prefix).p99", result.p99.median, unit: "ms")
                }
            }
        }
        return figures
    }
}
