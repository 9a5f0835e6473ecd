import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
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
    private let host: String
    private let port: Int
    private let liveness: [HealthCheck]
    private let readiness: [HealthCheck]
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

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
        self.host = host
        self.port = port
        self.liveness = liveness
        self.readiness = readiness
        self.metrics = metrics
        self.onListening = onListening
        var quiet = logger
        // It is asked every few seconds; what it answers is in the answer.
        quiet.logLevel = max(quiet.logLevel, .warning)
        self.logger = quiet
    }

    /// Answers until the graceful shutdown.
    public func run() async throws {
        // One thread answers them all; the shared group would have one for each core.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(_ group: any EventLoopGroup) async throws {
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(address: .hostname(host, port: port)),
            eventLoopGroup: group,
            logger: logger,
            responder: { request, writer, _ in
                let response = await respond(request)
                try await writer.write(response: response.head, body: response.body)
            },
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }
        )
        try await server.run()
    }

    private func respond(_ request: Request) async -> Response {
        switch (request.method, request.uri.path) {
        case (.get, "/livez"): await Self.answer(liveness)
        case (.get, "/readyz"): await Self.answer(readiness)
        case (.get, "/metrics"):
            Self.text(metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
        default: Self.text("not found\n", status: .notFound)
        }
    }

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
        return Self.text(lines.joined(separator: "\n") + "\n", status: isHealthy ? .ok : .serviceUnavailable)
    }

    private static func text(
        _ text: String,
        status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
