import ArgumentParser
import Controllers
import Foundation
import Glibc
import Kubernetes
import KubernetesModel
import Logging

/// `hack/bench client`: what it costs to keep ten thousand pods in a typed cache.
struct Client: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures list and watch of many large objects into a typed cache.",
        discussion: """
            A second process serves pods of 8 KB in pages, then an event for each of them. Measured is the first process: \
            the time until its cache is filled, the CPU that it took, and the memory that it keeps.
            """
    )

    @Option(help: "How many pods.")
    var objects = 10_000

    @Option(help: "How often it is measured.")
    var rounds = 5

    @Option(name: .customLong("json"), help: "Writes the figures to this file, an object per line.")
    var jsonFile: String?

    func run() async throws {
        guard objects > 0, rounds > 0 else { throw ValidationError("--objects and --rounds are positive numbers") }
        let server = Process()
        server.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        server.arguments = ["client-server", "--objects", String(objects)]
        let output = Foundation.Pipe()
        server.standardOutput = output
        // The server ends with the end of this pipe, so that it cannot outlive us.
        server.standardInput = Foundation.Pipe()
        try server.run()
        defer { server.terminate() }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw CommandFailure(command: "client-server", status: -1, output: line)
        }

        var list = Phase()
        var watch = Phase()
        var kept = Samples()
        for _ in 0..<rounds {
            try await measure(port, &list, &watch, &kept)
        }
        report(list, watch, kept)
        try figures(list, watch, kept).write(to: jsonFile)
    }

    private struct Phase {
        var seconds = Samples()
        var cpu = Samples()
    }

    private func measure(_ port: Int, _ list: inout Phase, _ watch: inout Phase, _ kept: inout Samples) async throws {
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let client = KubernetesClient(
            Configuration(server: "http://127.0.0.1:\(port)"),
            fieldManager: "bench",
            logger: logger
        )
        defer { client.close() }
        let memory = Self.residentBytes
        let cache = Cache<Pod>()
        let informer = Informer(client: client, cache: cache, logger: logger)

        let start = Meter()
        let following = Task { try await informer.run() }
        try await cache.waitForSync()
        start.add(to: &list)
        kept.add(Double(Self.residentBytes - memory) / Double(objects))

        // The server's events begin a second after the list, and the last one is about the last pod.
        let last = ObjectKey(namespace: "default", name: "pod-\(objects - 1)")
        try await Task.sleep(for: .milliseconds(500))
        let change = Meter()
        let deadline = ContinuousClock.now + .seconds(120)
        while try cache.get(last)?.metadata.generation != 2, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        change.add(to: &watch)
        following.cancel()
        try await following.value
    }

    /// Time and CPU since it was made.
    private struct Meter {
        private let start = ContinuousClock.now
        private let cpu = Meter.processSeconds

        func add(to phase: inout Phase) {
            phase.seconds.add(start.duration(to: .now) / .seconds(1))
            phase.cpu.add(Self.processSeconds - cpu)
        }

        private static var processSeconds: Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }

    private static var residentBytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func report(_ list: Phase, _ watch: Phase, _ kept: Samples) {
        func text(_ samples: Samples, _ digits: Int) -> [String] {
            [samples.median, samples.minimum, samples.maximum].map { String(format: "%.\(digits)f", $0) }
        }
        var table = TextTable(["\(objects) pods of 8 KB", "median", "least", "most", "unit"])
        table.add(["list: CPU"] + text(list.cpu, 3) + ["s"])
        table.add(["list: time"] + text(list.seconds, 3) + ["s"])
        table.add(["watch: CPU"] + text(watch.cpu, 3) + ["s"])
        table.add(["kept per object"] + text(kept, 0) + ["bytes"])
        print(table.render())
    }

    private func figures(_ list: Phase, _ watch: Phase, _ kept: Samples) throws -> Figures {
        var figures = Figures()
        let scale = 10_000 / Double(objects)
        try figures.add("client.list.cpu_per_10000", list.cpu.median * scale, unit: "s")
        try figures.add("client.list.time", list.seconds.median, unit: "s")
        try figures.add("client.watch.cpu_per_10000", watch.cpu.median * scale, unit: "s")
        // Later rounds use memory again that the first one left, so the most is what counts.
        try figures.add("client.kept_per_object", kept.maximum, unit: "B")
        return figures
    }
}
