import APIServerFixture
import ArgumentParser
import Controllers
import Dispatch
import Foundation
import Glibc
import Kubernetes
import KubernetesModel
import Logging
import Synchronization

/// What one phase took.
struct ClientSample {
    var seconds: Double
    var cpuSeconds: Double
    /// More than before the first object came.
    var residentBytes: Int
    /// The most that there was, likewise.
    var peakBytes: Int

    init(seconds: Double, cpuSeconds: Double, residentBytes: Int, peakBytes: Int) {
        self.seconds = seconds
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.peakBytes = peakBytes
    }

    /// Reads what `line` has written.
    init?(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count == 4, let seconds = Double(words[0]), let cpu = Double(words[1]),
            let resident = Int(words[2]), let peak = Int(words[3])
        else { return nil }
        self.init(seconds: seconds, cpuSeconds: cpu, residentBytes: resident, peakBytes: peak)
    }

    var line: String { "\(seconds) \(cpuSeconds) \(residentBytes) \(peakBytes)" }
}

/// One round of `Client`, in a process of its own, since memory that another round has left would be used again.
///
/// It writes a line when its cache is filled, reads a line when all pods have been changed, and writes another when it
/// has seen all of the changes. Until it may go on, its reader is held up at the first change, so that the stream stands
/// still and the server gives the watch up: catching up includes the next watch, from the last version that was seen.
struct ClientRound: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client-round",
        abstract: "One round of the client bench.",
        shouldDisplay: false
    )

    @Option(help: "The URL of the API server.")
    var server: String

    @Option(help: "The file with its certificate authority.")
    var authority: String

    @Option(help: "How many pods there are.")
    var objects: Int

    @Option(help: "The value of the label that changed pods have.")
    var change: Int

    func run() async throws {
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let metrics = RuntimeMetrics()
        let client = KubernetesClient(
            Configuration(
                server: server,
                identity: .token(APIServer.adminToken),
                certificateAuthority: .file(authority)
            ),
            fieldManager: "bench",
            logger: logger,
            observe: metrics.observe
        )
        defer { client.close() }
        let gate = Gate()
        let changed = Counter()
        let wanted = String(change)
        let cache = Cache<Pod>()
        let informer = Informer(
            client: client,
            cache: cache,
            transform: { pod in
                gate.pass()
                if pod.metadata.labels[ClientPods.label] == wanted { changed.increment() }
            },
            logger: logger,
            metrics: metrics
        )

        // What the first request takes (the handshake, the libraries' tables) is not the list's.
        _ = try await client.discovery.version
        let resident = ProcessUsage.current().residentBytes
        func sample(_ start: Meter, _ seconds: Double) -> ClientSample {
            ClientSample(
                seconds: seconds,
                cpuSeconds: ProcessUsage.current().cpuSeconds - start.cpuSeconds,
                residentBytes: ProcessUsage.current().residentBytes - resident,
                peakBytes: max(Self.peakBytes, ProcessUsage.current().residentBytes) - resident
            )
        }

        var start = Meter()
        let following = Task { try await informer.run() }
        try await cache.waitForSync()
        var seconds = start.seconds
        // What is let go of after the list is let go of.
        try await Task.sleep(for: .milliseconds(500))
        guard cache.count == objects else { throw ValidationError("\(cache.count) pods are in the cache") }
        gate.close()
        say(sample(start, seconds).line)

        start = Meter()
        let went = await gate.openAtNextLine()
        guard went else { return }
        start.began = .now
        let deadline = ContinuousClock.now + .seconds(120)
        while changed.value < objects, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        guard changed.value >= objects else { throw ValidationError("only \(changed.value) changes came") }
        seconds = start.seconds
        let lists = metrics.registry.counter("reflector_lists_total", help: "", labels: ["name"]).value("pods")
        guard lists == 1 else { throw ValidationError("the server had forgotten changes, so that they came as a list") }
        say(sample(start, seconds).line)
        following.cancel()
        try await following.value
    }

    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private struct Meter {
        var began = ContinuousClock.now
        let cpuSeconds = ProcessUsage.current().cpuSeconds

        var seconds: Double { began.duration(to: .now) / .seconds(1) }
    }

    private static var peakBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .relaxed) }
        func increment() { count.add(1, ordering: .relaxed) }
    }

    /// Holds the reader of the watch up, on its thread: that is what a program does that has too much to do.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 1)

        func pass() {
            semaphore.wait()
            semaphore.signal()
        }

        func close() { semaphore.wait() }

        /// Opens when a line comes on standard input; false at the end of it.
        func openAtNextLine() async -> Bool {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [self] in
                    let line = readLine()
                    semaphore.signal()
                    continuation.resume(returning: line != nil)
                }
            }
        }
    }
}
