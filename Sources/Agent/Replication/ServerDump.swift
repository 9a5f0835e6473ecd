import BinaryLog
import Glibc
import Logging
import NIOCore
import NIOPosix
import XDB

/// The leader's agent as the only semi-synchronous replica of its local server: what the server writes goes into the
/// log, and what is committed is acknowledged.
///
/// The connection is made again when it breaks.
final class ServerDump {
    private unowned let leadership: Leadership
    private let core: ReplicationCore
    private let socket: String
    private var acknowledgements = Acknowledgements()
    private var handler: DumpHandler?
    private var attached: EventLoopPromise<Void>?
    private var retry: Scheduled<Void>?
    private var attempts = 0
    private var ended = false

    /// Whether the server's events come.
    private(set) var isStreaming = false

    init(leadership: Leadership, socket: String) {
        self.leadership = leadership
        self.core = leadership.core
        self.socket = socket
    }

    func start(_ promise: EventLoopPromise<Void>) {
        attached = promise
        connect()
    }

    func end() {
        ended = true
        isStreaming = false
        retry?.cancel()
        handler?.close()
        handler = nil
        acknowledgements.removeAll()
        attached?.fail(ReplicationError.roleChanged)
        attached = nil
    }

    /// Everything up to a sequence is committed: the server's waiting commits may go on.
    func acknowledge(committed: UInt64) {
        guard let coordinates = acknowledgements.release(committed: committed) else { return }
        handler?.send(coordinates.acknowledgement)
    }

    // MARK: The connection

    private func connect() {
        guard !ended else { return }
        let request = DumpRequest(
            after: core.log.end,
            serverID: UInt32.max - 2 * ServerID.ordinals + leadership.serverID.ordinal,
            heartbeatNanoseconds: 200_000_000
        )
        let (socket, user, serverID) = (socket, core.configuration.serverUser, leadership.serverID)
        NIOThreadPool.singleton.runIfActive(eventLoop: core.loop) {
            let connection = try ServerConnection.open(
                socket: socket,
                user: user,
                serverID: serverID,
                statements: request.statements
            )
            return (connection, try connection.duplicateSocket())
        }
        .assumeIsolated()
        .whenComplete { [weak self] result in
            switch result {
            case .success(let (connection, descriptor)):
                guard let self, !ended else {
                    _ = Glibc.close(descriptor)
                    return
                }
                adopt(connection, descriptor, request)
            case .failure(let error):
                self?.lost(nil, error)
            }
        }
    }

    private func adopt(_ connection: ServerConnection, _ descriptor: CInt, _ request: DumpRequest) {
        let handler = DumpHandler(dump: self, connection: connection, request: request)
        self.handler = handler
        let bound = NIOLoopBound(handler, eventLoop: core.loop)
        ClientBootstrap(group: core.loop)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 64 << 10)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .withConnectedSocket(descriptor)
            .assumeIsolated()
            .whenFailure { [weak self] error in self?.lost(handler, error) }
    }

    /// The connection is gone, or never was.
    fileprivate func lost(_ old: DumpHandler?, _ error: (any Error)?) {
        guard !ended, old === handler else { return }
        handler = nil
        isStreaming = false
        acknowledgements.removeAll()
        core.log.dropOpenGroup()
        let refusal: ReplicationError?
        switch error {
        case let error as ReplicationError: refusal = error
        case let error as BinaryLogError: refusal = .serverRefused(error.description)
        default: refusal = nil
        }
        core.logger.log(
            level: attempts == 0 ? .warning : .debug,
            "the local server's log cannot be read",
            metadata: ["error": "\(error.map { "\($0)" } ?? "closed")"]
        )
        attempts += 1
        if let refusal {
            core.set(failure: refusal)
            attached?.fail(refusal)
            attached = nil
        }
        core.markChanged()
        retry = core.loop.assumeIsolated().scheduleTask(in: .milliseconds(attempts < 10 ? 100 : 1000)) {
            [weak self] in self?.connect()
        }
    }

    // MARK: The stream

    fileprivate func received(_ event: DumpEvent) throws {
        if event.piece.header.type == .heartbeat {
            // The server is idle. Should it wait for an acknowledgement that was lost, this one releases it.
            acknowledgements.wait(at: event.coordinates, for: core.log.openSequence)
            acknowledge(committed: leadership.committedSequence)
            return
        }
        if event.piece.header.type == .gtid, event.piece.header.serverID != leadership.serverID.rawValue {
            // A session that is older than the server's id, or a write before the server led: not the group's.
            throw ReplicationError.serverRefused(
                "it has a transaction of server \(event.piece.header.serverID) after \(text(core.log.end)), not of"
                    + " \(leadership.serverID)"
            )
        }
        try core.log.append(event.piece)
        if event.wantsAcknowledgement, event.piece.isLast {
            acknowledgements.wait(at: event.coordinates, for: core.log.openSequence)
        }
    }

    fileprivate func receivedBurst() {
        if !isStreaming {
            isStreaming = true
            attempts = 0
            core.logger.info("reading the local server's log", metadata: ["after": "\(text(core.log.end))"])
            core.set(failure: nil)
            attached?.succeed()
            attached = nil
        }
        core.log.flush()
    }
}

/// The socket of a dump.
private final class DumpHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private weak var dump: ServerDump?
    private let connection: ServerConnection
    private let request: DumpRequest
    private var decoder: DumpStreamDecoder
    private var context: ChannelHandlerContext?
    private var lastHeard = NIODeadline.now()

    init(dump: ServerDump, connection: ServerConnection, request: DumpRequest) {
        self.dump = dump
        self.connection = connection
        self.request = request
        decoder = DumpStreamDecoder(semiSynchronous: request.semiSynchronous)
    }

    func send(_ bytes: [UInt8]) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    func close() {
        dump = nil
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        send(request.packet)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard let dump else { return }
        do {
            try buffer.withUnsafeReadableBytes { bytes in
                try decoder.decode(bytes) { try dump.received($0) }
            }
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        dump?.receivedBurst()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
    }

    private func fail(_ error: (any Error)?) {
        guard let dump else { return }
        self.dump = nil
        dump.lost(self, error)
        context?.close(promise: nil)
    }
}
