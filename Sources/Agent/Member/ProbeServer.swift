import HTTPTypes
import HummingbirdCore
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
        let service = HTTPService(
            configuration: ServerConfiguration(
                address: .hostname(configuration.address, port: configuration.probePort)
            ),
            group: group,
            logger: logger,
            respond: respond
        )
        try await service.run()
    }

    @Sendable
    private func respond(_ request: Request, _ channel: any Channel) -> Response {
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
