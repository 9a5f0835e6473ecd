import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import XDB

/// Plain HTTP for the kubelet and for Prometheus: `/livez`, `/readyz` and `/metrics`.
///
/// Nothing can be changed here.
struct ProbeServer: Service {
    let configuration: AgentConfiguration
    let board: StatusBoard
    let group: any EventLoopGroup
    let logger: Logger

    func run() async throws {
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in respond(request) },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.address, port: configuration.probePort),
                serverName: nil
            ),
            eventLoopGroupProvider: .shared(group),
            logger: logger
        )
        try await application.run()
    }

    @Sendable
    private func respond(_ request: Request) -> Response {
        let status = board.status
        switch request.uri.path {
        case "/livez": return Self.text("ok\n")
        case "/readyz":
            if Metrics.isReady(status, kind: configuration.kind) { return Self.text("ok\n") }
            let explanation =
                "\(status.role.rawValue), \(status.phase.rawValue), server \(status.server.state.rawValue)\n"
            return Self.text(explanation, status: .serviceUnavailable)
        case "/metrics":
            return Self.text(
                Metrics.text(status, kind: configuration.kind),
                type: "text/plain; version=0.0.4; charset=utf-8"
            )
        default: return Self.text("not found\n", status: .notFound)
        }
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
