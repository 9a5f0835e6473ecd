import APIServerFixture
import ArgumentParser
import Dispatch
import Foundation
import Glibc

/// `hack/bench client`: what it costs to keep ten thousand pods in a typed cache.
struct Client: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures list and watch of many large objects into a typed cache.",
        discussion: """
            Starts etcd and an API server (kube-apiserver in XDB_KUBERNETES_BIN) with pods of 8 KB, of which the server \
            makes the managed fields. Each round is a new process: an informer fills a cache, then all pods are changed \
            while its reader is held up, then the reader catches up. Measured is that process alone.
            """
    )

    @Option(help: "How many pods.")
    var objects = 10_000

    @Option(help: "How often it is measured.")
    var rounds = 5

    @OptionGroup var output: FiguresOption

    func run() async throws {
        guard objects > 0, rounds > 0 else { throw ValidationError("--objects and --rounds are positive numbers") }
        let server = try await APIServer.start()
        do {
            try await measure(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func measure(_ server: APIServer) async throws {
        let pods = ClientPods(server.configuration, count: objects)
        defer { pods.close() }
        try await pods.create()
        let size = try await pods.averageSize()
        print("\(objects) pods of \(size) bytes as the server sends them")
        var list = Phase()
        var watch = Phase()
        for round in 1...rounds {
            // The version of the server's answer is the round's word for "changed".
            let process = try RoundProcess(server, objects: objects, change: round)
            defer { process.end() }
            list.add(try await process.nextLine())
            try await pods.change(to: round)
            try process.go()
            watch.add(try await process.nextLine())
        }
        report(list, watch)
        try figures(list, watch).write(to: output.jsonFile)
    }

    /// What the rounds gave for one phase.
    private struct Phase {
        var seconds = Samples()
        var cpu = Samples()
        var resident = Samples()
        var peak = Samples()

        mutating func add(_ sample: ClientSample) {
            seconds.add(sample.seconds)
            cpu.add(sample.cpuSeconds)
            resident.add(Double(sample.residentBytes))
            peak.add(Double(sample.peakBytes))
        }
    }

    private var scale: Double { 10_000 / Double(objects) }

    private func report(_ list: Phase, _ watch: Phase) {
        var table = TextTable(["", "median", "least", "most", "unit"])
        func add(_ name: String, _ samples: Samples, _ digits: Int, _ unit: String, _ change: (Double) -> Double) {
            let values = [samples.median, samples.minimum, samples.maximum].map(change).sorted()
            let ordered = [values[1], values[0], values[2]]
            table.add([name] + ordered.map { String(format: "%.\(digits)f", $0) } + [unit])
        }
        let each = Double(objects)
        add("list: CPU per 10000", list.cpu, 3, "s") { $0 * scale }
        add("list: time", list.seconds, 3, "s") { $0 }
        add("list: kept per object", list.resident, 0, "B") { $0 / each }
        add("list: peak per object", list.peak, 0, "B") { $0 / each }
        add("watch: CPU per 10000", watch.cpu, 3, "s") { $0 * scale }
        add("watch: events", watch.seconds, 0, "1/s") { each / $0 }
        add("watch: kept per object", watch.resident, 0, "B") { $0 / each }
        print(table.render())
    }

    private func figures(_ list: Phase, _ watch: Phase) throws -> Figures {
        var figures = Figures()
        let each = Double(objects)
        try figures.add("client.list.cpu", list.cpu.median * scale, unit: "s")
        try figures.add("client.list.time", list.seconds.median, unit: "s")
        try figures.add("client.list.kept", list.resident.median / each, unit: "B")
        try figures.add("client.list.peak", list.peak.median / each, unit: "B")
        try figures.add("client.watch.cpu", watch.cpu.median * scale, unit: "s")
        try figures.add("client.watch.events", each / watch.seconds.median, unit: "1/s")
        try figures.add("client.watch.kept", watch.resident.median / each, unit: "B")
        return figures
    }
}

/// A process of `ClientRound`.
private final class RoundProcess {
    private let process = Process()
    private let input = Foundation.Pipe()
    private let output = Foundation.Pipe()

    init(_ server: APIServer, objects: Int, change: Int) throws {
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "client-round", "--server", server.url, "--authority", server.certificateAuthorityFile,
            "--objects", String(objects), "--change", String(change),
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    func nextLine() async throws -> ClientSample {
        let descriptor = output.fileHandleForReading.fileDescriptor
        let line = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Self.line(from: descriptor)) }
        }
        guard let sample = ClientSample(line) else {
            throw CommandFailure(command: "client-round", status: -1, output: "it ended early")
        }
        return sample
    }

    private static func line(from descriptor: Int32) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    func go() throws { try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8)) }

    func end() {
        process.terminate()
        process.waitUntilExit()
    }
}
