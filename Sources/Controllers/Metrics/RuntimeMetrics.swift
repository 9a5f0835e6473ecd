import Glibc

/// The metrics of controllers and of the client, under the names that client-go and controller-runtime gave them, so
/// that dashboards and alerts that exist for other operators work with this one.
public final class RuntimeMetrics: Sendable {
    /// Where the metrics stand, and a program's own beside them.
    public let registry: MetricsRegistry

    let adds: Counter
    let depth: Gauge
    let queueSeconds: Histogram
    let workSeconds: Histogram
    let retries: Counter
    let unfinishedSeconds: Gauge
    let longestSeconds: Gauge

    let reconciles: Counter
    let reconcileErrors: Counter
    let reconcileSeconds: Histogram
    let activeWorkers: Gauge
    let maximumWorkers: Gauge

    let requests: Counter
    let requestSeconds: Histogram
    let masterStatus: Gauge

    let lists: Counter
    let watches: Counter
    let cachedObjects: Gauge

    /// Declares the metrics in the registry.
    public init(registry: MetricsRegistry = MetricsRegistry()) {
        self.registry = registry
        let queue = ["name", "controller"]
        let fine = Histogram.exponentialBuckets(start: 1e-8, factor: 10, count: 12)
        adds = registry.counter("workqueue_adds_total", help: "Keys added to the queue.", labels: queue)
        depth = registry.gauge(
            "workqueue_depth",
            help: "Keys that are ready and wait for a worker.",
            labels: queue + ["priority"]
        )
        queueSeconds = registry.histogram(
            "workqueue_queue_duration_seconds",
            help: "How long a key was ready before its work began.",
            labels: queue,
            buckets: fine
        )
        workSeconds = registry.histogram(
            "workqueue_work_duration_seconds",
            help: "How long the work on a key took.",
            labels: queue,
            buckets: fine
        )
        retries = registry.counter("workqueue_retries_total", help: "Keys added again after a failure.", labels: queue)
        unfinishedSeconds = registry.gauge(
            "workqueue_unfinished_work_seconds",
            help: "The sum of how long the keys that are being worked on have been so: rises when workers are stuck.",
            labels: queue
        )
        longestSeconds = registry.gauge(
            "workqueue_longest_running_processor_seconds",
            help: "How long the longest running worker has run.",
            labels: queue
        )

        reconciles = registry.counter(
            "controller_runtime_reconcile_total",
            help: "Reconciles by their result.",
            labels: ["controller", "result"]
        )
        reconcileErrors = registry.counter(
            "controller_runtime_reconcile_errors_total",
            help: "Reconciles that ended in an error.",
            labels: ["controller"]
        )
        reconcileSeconds = registry.histogram(
            "controller_runtime_reconcile_time_seconds",
            help: "How long a reconcile took.",
            labels: ["controller"],
            buckets: [
                0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
                1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
            ]
        )
        activeWorkers = registry.gauge(
            "controller_runtime_active_workers",
            help: "Workers that are reconciling.",
            labels: ["controller"]
        )
        maximumWorkers = registry.gauge(
            "controller_runtime_max_concurrent_reconciles",
            help: "The most workers of a controller.",
            labels: ["controller"]
        )

        requests = registry.counter(
            "rest_client_requests_total",
            help: "Requests to the API server by code, method and host.",
            labels: ["code", "method", "host"]
        )
        requestSeconds = registry.histogram(
            "rest_client_request_duration_seconds",
            help: "How long requests to the API server took.",
            labels: ["verb", "host"],
            buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60]
        )
        masterStatus = registry.gauge(
            "leader_election_master_status",
            help: "1 when this process holds the lease, else 0.",
            labels: ["name"]
        )

        lists = registry.counter(
            "reflector_lists_total",
            help: "Complete lists that caches took from the API server.",
            labels: ["name"]
        )
        watches = registry.counter(
            "reflector_watches_total",
            help: "Watches that caches opened, by how they ended.",
            labels: ["name", "end"]
        )
        cachedObjects = registry.gauge("informer_cached_objects", help: "Objects in a cache.", labels: ["name"])
        declareProcess(registry)
    }

    /// Counts one request to the API server.
    ///
    /// `code` is the status code, or `<error>` when there was no answer.
    public func request(code: String, method: String, host: String, seconds: Double) {
        requests.increment(code, method, host)
        requestSeconds.observe(seconds, method, host)
    }

    func workQueue(_ name: String) -> WorkQueueMetrics { WorkQueueMetrics(name: name, all: self) }

    private func declareProcess(_ registry: MetricsRegistry) {
        let cpu = registry.counter("process_cpu_seconds_total", help: "Processor time used, user and system.")
        let resident = registry.gauge("process_resident_memory_bytes", help: "Memory in use.")
        let start = registry.gauge("process_start_time_seconds", help: "When the process started, since 1970.")
        start.set(Double(time(nil)))
        registry.beforeExposition {
            let usage = ProcessUsage.current()
            cpu.reach(usage.cpuSeconds)
            resident.set(Double(usage.residentBytes))
        }
    }
}

/// The metrics of one queue.
struct WorkQueueMetrics: Sendable {
    /// What is read from the queue when the metrics are asked for.
    struct Reading: Sendable {
        var high = 0
        var low = 0
        var unfinished: [Double] = []
    }

    let name: String
    let all: RuntimeMetrics

    init(name: String, all: RuntimeMetrics) {
        self.name = name
        self.all = all
        all.adds.touch(name, name)
        all.retries.touch(name, name)
    }

    func added() { all.adds.increment(name, name) }

    func started(waited: Duration) { all.queueSeconds.observe(waited.inSeconds, name, name) }

    func finished(took: Duration, _ outcome: WorkOutcome) {
        all.workSeconds.observe(took.inSeconds, name, name)
        if outcome == .failed { all.retries.increment(name, name) }
    }

    func watch(_ read: @escaping @Sendable () -> Reading) {
        all.registry.beforeExposition {
            let reading = read()
            all.depth.set(Double(reading.high), name, name, "high")
            all.depth.set(Double(reading.low), name, name, "low")
            all.unfinishedSeconds.set(reading.unfinished.reduce(0, +), name, name)
            all.longestSeconds.set(reading.unfinished.max() ?? 0, name, name)
        }
    }
}

/// What this process has used so far.
public struct ProcessUsage: Sendable {
    /// User and system time of all threads.
    public var cpuSeconds: Double
    /// Memory that is in use now; 0 where it cannot be told.
    public var residentBytes: Int

    /// Asks the system.
    public static func current() -> ProcessUsage {
        var used = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
        return ProcessUsage(
            cpuSeconds: Double(used.tv_sec) + Double(used.tv_nsec) / 1e9,
            residentBytes: residentBytes()
        )
    }

    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        let length = fread(&buffer, 1, buffer.count - 1, file)
        let text = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
