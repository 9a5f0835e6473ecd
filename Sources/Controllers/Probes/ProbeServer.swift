import Hummingbird
public import Logging
public import ServiceLifecycle

/// A question about the health of a part of the program.
public struct HealthCheck: Sendable {
    /// Names the part in the answer.
    public let name: String
    let problem: @Sendable () async -> String?

    /// A check that returns what is wrong, or nil when nothing is.
    public init(_ name: String, problem: @escaping @Sendable () async -> String?) {
        self.name = name
        self.problem = problem
    }

    /// A check that a cache has its first list.
    public static func synced(_ name: String, _ cache: any CacheSync) -> HealthCheck {
        HealthCheck(name) { cache.hasSynced ? nil : "the first list is not in yet" }
    }
}

/// Answers the kubelet and Prometheus over plain HTTP: `/livez`, `/readyz` and `/metrics`.
///
/// The health answers are for machines by their code (200 or 503) and for people by their lines, one for each check.
public struct ProbeServer: ServiceLifecycle.Service {
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// Listens on the address once it runs.
    ///
    /// `onListening` is told the port, which is chosen by the system for port 0.
    public init(
        host: String = "0.0.0.0",
        port: Int,
        liveness: [HealthCheck] = [],
        readiness: [HealthCheck] = [],
        metrics: MetricsRegistry,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        let router = Router()
        router.get("livez") { _, _ in await Self.answer(liveness) }
        router.get("readyz") { _, _ in await Self.answer(readiness) }
        router.get("metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.exposition()))
            )
        }
        var quiet = logger
        // It is asked every few seconds; what it answers is in the answer.
        quiet.logLevel = .warning
        application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            logger: quiet
        )
    }

    /// Answers until the graceful shutdown.
    public func run() async throws { try await application.run() }

    private static func answer(_ checks: [HealthCheck]) async -> Response {
        var lines: [String] = []
        var isHealthy = true
        for check in checks {
            if let problem = await check.problem() {
                isHealthy = false
                lines.append("[-] \(check.name): \(problem)")
            } else {
                lines.append("[+] \(check.name) ok")
            }
        }
        lines.append(isHealthy ? "ok" : "not ok")
        return Response(
            status: isHealthy ? .ok : .serviceUnavailable,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: lines.joined(separator: "\n") + "\n"))
        )
    }
}
