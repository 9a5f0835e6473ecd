import ArgumentParser
import ClusterFixture
import Foundation
import KubernetesModel

/// `hack/bench start`: how long a group takes from `kubectl apply` until it takes writes, and what it keeps of the memory.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the start of a group, and the memory of agents and operator when idle.",
        discussion: """
            In every round a group of two candidates and a logger is applied, waited for with kubectl, and deleted. The last \
            one is left alone for a while; then the resident memory of its agents and of the operators is read, that of \
            their own (anonymous) apart from the pages of programs and libraries. Needs the cluster of hack/demo, with \
            the operator installed, and its images on all nodes.
            """
    )

    @Option(help: "How often a group is started.")
    var rounds = 5

    @Option(help: "For how long the last one is idle before the memory is read, in seconds.")
    var idle = 90

    @OptionGroup var output: FiguresOption

    /// What a process has resident, in KiB.
    private struct Memory {
        var all: Int
        var own: Int
    }

    func run() async throws {
        guard rounds > 0, idle >= 0 else { throw ValidationError("--rounds is 1 or more, --idle 0 or more") }
        let group = LabGroup(name: "bench-start")
        var times = Samples()
        for round in 1...rounds {
            let begin = ContinuousClock.now
            try await group.apply()
            try await Lab.kubectl(
                "-n",
                group.namespace,
                "wait",
                "xdb/\(group.name)",
                "--for=condition=Writable",
                "--timeout=600s"
            )
            times.add((ContinuousClock.now - begin) / .seconds(1))
            try await group.wait(for: "FullyRedundant")
            if round < rounds { try await group.delete() }
        }
        try await Task.sleep(for: .seconds(idle))

        var memory = TextTable(["resident, MiB", "all", "its own"])
        var figures = Figures()
        for member in try await group.members() {
            guard let node = member.node else { continue }
            for process in try await Self.memory(of: Lab.agent, on: node, host: member.life) {
                try add("agent of \(member.name)", "start.memory.agent.\(member.name)", process, &memory, &figures)
            }
        }
        for pod in try await Lab.operators() {
            for process in try await Self.memory(
                of: "-f 'xdb-operator run'",
                on: pod.spec.nodeName,
                host: pod.metadata.name
            ) {
                try add("operator on \(pod.spec.nodeName)", "start.memory.operator", process, &memory, &figures)
            }
        }
        try await group.delete()
        let seconds = [times.median, times.minimum, times.maximum].map { ($0 * 10).rounded() / 10 }
        print("apply to Writable: median \(seconds[0]) s, \(seconds[1])..\(seconds[2]) s in \(rounds) rounds\n")
        print(memory.render())
        try figures.add("start.writable.median", times.median, unit: "s")
        try figures.write(to: output.jsonFile)
    }

    private func add(
        _ title: String,
        _ figure: String,
        _ process: Memory,
        _ table: inout TextTable,
        _ figures: inout Figures
    ) throws {
        let (all, own) = (Double(process.all) / 1024, Double(process.own) / 1024)
        table.add([title, String(format: "%.1f", all), String(format: "%.1f", own)])
        try figures.add("\(figure.lowercased()).resident", all, unit: "MiB")
        try figures.add("\(figure.lowercased()).own", own, unit: "MiB")
    }

    /// The processes that `pgrep` finds so, of the pod with that host name.
    private static func memory(of process: String, on node: String, host: String) async throws -> [Memory] {
        let script =
            "for p in $(pgrep \(process)); do [ \"$(nsenter -t $p -u uname -n)\" != \(host) ] || "
            + "awk '/^(VmRSS|RssAnon)/ {printf \"%s \", $2} END {print \"\"}' /proc/$p/status; done"
        return try await Lab.inside(node, "sh", "-c", script).split(separator: "\n").compactMap { line in
            let values = line.split(separator: " ").compactMap { Int($0) }
            return values.count == 2 ? Memory(all: values[0], own: values[1]) : nil
        }
    }
}
