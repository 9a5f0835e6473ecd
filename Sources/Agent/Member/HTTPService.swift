import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// A server of HTTP/1.1 that answers each request with what a function returns.
struct HTTPService {
    let configuration: ServerConfiguration
    let group: any EventLoopGroup
    let logger: Logger
    let respond: @Sendable (Request, any Channel) async -> Response

    /// Answers on the channels that the builder makes, until the graceful shutdown.
    func run(_ builder: HTTPServerBuilder = .http1()) async throws {
        let server = try builder.buildServer(
            configuration: configuration,
            eventLoopGroup: group,
            logger: logger,
            responder: { [respond] request, writer, channel in
                let response = await respond(request, channel)
                try await writer.write(response: response.head, body: response.body)
            }
        )
        try await server.run()
    }
}
