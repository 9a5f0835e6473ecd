import Controllers
import Kubernetes
import Logging
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(2))) struct ProbeServerTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Asks a server that serves on a port of the system's choice; it has ended in order when this returns.
    private func asking(
        liveness: [HealthCheck] = [],
        readiness: [HealthCheck] = [],
        metrics: MetricsRegistry = MetricsRegistry(),
        _ body: (_ ask: (_ method: String, _ path: String) async throws -> HTTPResponse) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = ProbeServer(
            host: "127.0.0.1",
            port: 0,
            liveness: liveness,
            readiness: readiness,
            metrics: metrics,
            logger: logger,
            onListening: { port.yield($0) }
        )
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        let running = Task { try await group.run() }
        defer { running.cancel() }
        let listening = try #require(await ports.first { _ in true })
        let transport = Transport()
        try await body { method, path in
            try await transport.send(HTTPRequest(method: method, url: "http://127.0.0.1:\(listening)\(path)"))
        }
        transport.close()
        await group.triggerGracefulShutdown()
        try await running.value
    }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    @Test func `without checks it is alive and ready`() async throws {
        try await asking { ask in
            for path in ["/livez", "/readyz"] {
                let answer = try await ask("GET", path)
                #expect(answer.head.status == 200)
                #expect(text(answer) == "ok\n")
            }
        }
    }

    @Test func `a check that finds a problem makes 503 of its own question only, and is named`() async throws {
        let problem = Shared<String?>("the first list is not in yet")
        let ready = [HealthCheck("always") { nil }, HealthCheck("groups") { problem.value }]
        try await asking(liveness: [HealthCheck("queue") { nil }], readiness: ready) { ask in
            let unready = try await ask("GET", "/readyz")
            #expect(unready.head.status == 503)
            #expect(text(unready) == "[+] always ok\n[-] groups: the first list is not in yet\nnot ok\n")
            let alive = try await ask("GET", "/livez")
            #expect(alive.head.status == 200)
            #expect(text(alive) == "[+] queue ok\nok\n")
            problem.change { $0 = nil }
            let ready = try await ask("GET", "/readyz")
            #expect(ready.head.status == 200)
        }
    }

    @Test func `metrics stand in the text format of Prometheus`() async throws {
        let metrics = MetricsRegistry()
        metrics.counter("xdb_tests_total", help: "Tests.").increment()
        try await asking(metrics: metrics) { ask in
            let answer = try await ask("GET", "/metrics")
            #expect(answer.head.status == 200)
            #expect(answer.head["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(text(answer).contains("\nxdb_tests_total 1\n"))
        }
    }

    @Test(arguments: [("GET", "/"), ("GET", "/livez/x"), ("POST", "/livez"), ("DELETE", "/metrics")])
    func `nothing else is found`(method: String, path: String) async throws {
        try await asking { ask in
            let answer = try await ask(method, path)
            #expect(answer.head.status == 404)
        }
    }
}
