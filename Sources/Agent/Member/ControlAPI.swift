import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import ServiceLifecycle
import XDB

/// The API for the operator: HTTP/1.1 over mutual TLS.
///
/// Only a client whose certificate carries the operator's name for this group gets an answer, and a member that asks for a
/// copy of the data, or for a sample, for itself.
struct ControlAPI: Service {
    let configuration: AgentConfiguration
    let tls: TLSMaterial
    let controller: MemberController
    let group: any EventLoopGroup
    let logger: Logger

    /// How often the watch stream says something even if nothing changes.
    static let heartbeat = Duration.seconds(1)
    /// A longer request body is none of ours.
    static let bodyLimit = 64 << 10

    func run() async throws {
        let channel = HTTPServerBuilder { [tls, configuration] responder in
            ControlChannel(tls: tls, names: configuration.certificateNames, base: HTTP1Channel(responder: responder))
        }
        let service = HTTPService(
            configuration: ServerConfiguration(
                address: .hostname(configuration.address, port: configuration.controlPort)
            ),
            group: group,
            logger: logger,
            respond: respond
        )
        try await service.run(channel)
    }

    @Sendable
    private func respond(_ request: Request, _ channel: any Channel) async -> Response {
        do {
            let client = try await Self.client(of: channel, configuration.certificateNames)
            if case .member(let name) = client {
                switch (request.method, request.uri.path) {
                case (.post, "/v1/copy"): return try await copy(to: name, request, channel)
                case (.post, "/v1/sample"): return try await sample(for: name, request, channel)
                default:
                    throw AgentError(
                        reason: "NotTheOperator",
                        message: "\(name) may ask for a copy or a sample of the data only"
                    )
                }
            }
            switch (request.method, request.uri.path) {
            case (.post, "/v1/copy-limit"):
                controller.copies.limit(try await Self.decode(CopyLimitRequest.self, request))
                return Response(status: .noContent)
            case (.post, "/v1/verify"):
                return try Self.json(await controller.verify(Self.decode(VerifyRequest.self, request)))
            case (.get, "/v1/status"):
                guard let status = controller.board.published else {
                    throw AgentError(reason: "Starting", message: "the agent reads its directory; ask again")
                }
                return try Self.json(status)
            case (.get, "/v1/watch"): return watch()
            case (.post, "/v1/initialize"):
                return try Self.json(await controller.initialize(Self.decode(InitializeRequest.self, request)))
            case (.post, "/v1/seal"):
                return try Self.json(await controller.seal(Self.decode(SealRequest.self, request)))
            case (.post, "/v1/lead"):
                return try Self.json(await controller.lead(Self.decode(LeadRequest.self, request)))
            case (.post, "/v1/follow"):
                return try Self.json(await controller.follow(Self.decode(FollowRequest.self, request)))
            default:
                throw AgentError(reason: "NotFound", message: "there is no \(request.method) \(request.uri.path)")
            }
        } catch {
            let error = error as? AgentError ?? AgentError(reason: "InternalError", message: "\(error)")
            return (try? Self.json(error, status: Self.status(error))) ?? Response(status: .internalServerError)
        }
    }

    /// Who is at the other end; the connection would not be there without a certificate of one who may.
    private static func client(of channel: any Channel, _ names: CertificateNames) async throws -> ControlClient {
        let found = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate
                .flatMap { names.client(TLSMaterial.dnsNames(of: $0)) }
        }.get()
        guard let found else { throw AgentError(reason: "NotTheOperator", message: "the certificate is a stranger's") }
        return found
    }

    /// Sends the data; the connection's end, whoever ends it, ends the backup.
    private func copy(to name: String, _ request: Request, _ channel: any Channel) async throws -> Response {
        let asked = try await Self.decode(CopyRequest.self, request)
        guard asked.to == name else {
            throw AgentError(
                reason: "NotTheOperator",
                message: "\(name) may ask for a copy for itself, and not for \(asked.to)"
            )
        }
        let (settings, log) = try await controller.backup()
        let copy = try await controller.copies.begin(asked) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in copy.cancel() }
        let body = ResponseBody { writer in try await copy.run(settings, log, to: &writer) }
        return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
    }

    /// Reads a sample of the data, unless the connection ends before.
    private func sample(for name: String, _ request: Request, _ channel: any Channel) async throws -> Response {
        let asked = try await Self.decode(SampleRequest.self, request)
        guard asked.to == name else {
            throw AgentError(
                reason: "NotTheOperator",
                message: "\(name) may ask for a sample for itself, and not for \(asked.to)"
            )
        }
        let work = Task { try await controller.sample(asked) }
        channel.closeFuture.whenComplete { _ in work.cancel() }
        return try Self.json(await work.value)
    }

    /// Statuses as they change, one JSON object per line.
    private func watch() -> Response {
        let board = controller.board
        let body = ResponseBody { writer in
            // Two sources of lines: what changed, and the heartbeat. Whichever comes, the newest status is sent.
            let (lines, line) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in board.watch() { line.yield() }
                }
                group.addTask {
                    while (try? await Task.sleep(for: Self.heartbeat)) != nil { line.yield() }
                }
                defer { group.cancelAll() }
                // A stream that went on would keep the agent from ending.
                for await _ in lines.cancelOnGracefulShutdown() {
                    guard let status = board.published else { continue }
                    var buffer = ByteBuffer(bytes: try Self.encode(status))
                    buffer.writeString("\n")
                    try await writer.write(buffer)
                }
                try await writer.finish(nil)
            }
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private static func status(_ error: AgentError) -> HTTPResponse.Status {
        switch error.reason {
        case "InvalidRequest", "InvalidEpoch": .badRequest
        case "NotFound": .notFound
        case "NotTheOperator": .forbidden
        case AgentStatus.Problem.resigned, "EpochTooOld", "EpochConflict", "NotACandidate", "NotAVoter",
            "FollowsItself", "WrongIdentity", "StateUnreadable", "Diverged", "LogPurged", "NotInitialized",
            "CopyInProgress", "VotersTooOld", "NoData":
            .conflict
        case "InternalError": .internalServerError
        default: .serviceUnavailable
        }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ request: Request) async throws -> Value {
        do {
            let buffer = try await request.body.collect(upTo: bodyLimit)
            return try JSONDecoder().decode(Value.self, from: Data(buffer.readableBytesView))
        } catch {
            throw AgentError(reason: "InvalidRequest", message: "the body is not a \(Value.self): \(error)")
        }
    }

    private static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    private static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encode(value)))
        )
    }
}

/// A connection of the control API: TLS with the certificates that are valid now, a look at whose certificate the client
/// has, then HTTP.
private struct ControlChannel: ServerChildChannel {
    let tls: TLSMaterial
    let names: CertificateNames
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            let context = try tls.serverContext()
            // A copy of the data fills it; everything else is small.
            try channel.syncOptions?.setOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
            )
            try channel.pipeline.syncOperations.addHandlers([
                NIOSSLServerHandler(context: context), ClientNameHandler(names: names, logger: logger),
            ])
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}

/// Closes a connection whose client has a certificate of the group's CA that is neither the operator's nor a member's.
private final class ClientNameHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let names: CertificateNames
    private let logger: Logger
    private var known = false

    init(names: CertificateNames, logger: Logger) {
        self.names = names
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What came in the same packet as the end of the handshake must not be read from a stranger.
        if known { context.fireChannelRead(data) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            let certificate = try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate()
            guard let certificate, names.client(TLSMaterial.dnsNames(of: certificate)) != nil else {
                logger.warning("a client without a certificate of the operator or a member was refused")
                context.close(promise: nil)
                return
            }
            known = true
        }
        context.fireUserInboundEventTriggered(event)
    }
}
