import Logging
import NIOCore
import NIOPosix

/// Keeps the clients of a leader that has handed over, or has lost its server, until its successor takes writes, and
/// passes them on to it.
///
/// A Service needs a second or two until it leads to another pod. Meanwhile clients that connect again still come here,
/// where the server is gone: instead of an error they get their connection, and the server's first word when there is one
/// to speak it. What is passed on are bytes; nothing is read in them, so TLS goes from the client to the server.
///
/// It listens on the server's own port, so it is there while no server runs here. Connections that have been passed on
/// outlive it, for as long as their clients want.
final class ClientRelay: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let core: NIOLoopBound<RelayCore>

    /// Listens as soon as the port is free.
    init(address: String, port: Int, logger: Logger) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        self.group = group
        self.loop = loop
        core = try await loop.submit {
            let core = RelayCore(loop: loop, group: group, logger: logger)
            core.listen(address, port)
            return NIOLoopBound(core, eventLoop: loop)
        }.get()
    }

    /// Connects everybody who waits, and everybody who still comes, to the successor's server.
    func pass(to host: String, port: Int) {
        onLoop { $0.pass(to: host, port) }
    }

    /// Frees the port; who has not been passed on yet is let go.
    func close() async throws {
        try await loop.flatSubmit { [core] in core.value.close() }.get()
        // Not before: the loop must be there to say that the port is free.
        onLoop { $0.endWhenIdle() }
    }

    /// Ends everything, also what has been passed on; for one that has not been closed, or still has connections.
    func end() async {
        try? await loop.submit { [core] in core.value.prepareEnd() }.get()
        try? await group.shutdownGracefully()
    }

    /// How many connections wait here, and how many have been passed on and are open.
    var connections: (waiting: Int, passedOn: Int) {
        get async throws { try await loop.submit { [core] in (core.value.waiting.count, core.value.links) }.get() }
    }

    private func onLoop(_ body: @escaping @Sendable (RelayCore) -> Void) {
        loop.execute { [core] in body(core.value) }
    }
}

/// The state of a relay, which its event loop owns.
private final class RelayCore {
    private let loop: any EventLoop
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private var listener: (any Channel)?
    private var successor: (host: String, port: Int)?
    private var isClosed = false
    private var isEnding = false
    fileprivate private(set) var waiting: [any Channel] = []
    /// Connections that have been passed on.
    fileprivate private(set) var links = 0

    init(loop: any EventLoop, group: MultiThreadedEventLoopGroup, logger: Logger) {
        self.loop = loop
        self.group = group
        self.logger = logger
    }

    func listen(_ address: String, _ port: Int) {
        guard !isClosed else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { bound.value.accepted(channel) }
            }
            .bind(host: address, port: port)
            .assumeIsolated()
            .whenComplete { [self] result in
                switch result {
                case .success(let channel):
                    if isClosed { return channel.close(promise: nil) }
                    listener = channel
                    logger.info("keeps clients for the next leader")
                case .failure:
                    // The server's process has ended, or is about to; its port is free in a moment.
                    loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { [self] in listen(address, port) }
                }
            }
    }

    private func accepted(_ channel: any Channel) {
        if isClosed { return channel.close(promise: nil) }
        waiting.append(channel)
        if successor != nil { passOn() }
    }

    func pass(to host: String, _ port: Int) {
        guard !isClosed else { return }
        successor = (host, port)
        logger.info("passes clients on", metadata: ["to": "\(host)", "waiting": "\(waiting.count)"])
        passOn()
    }

    private func passOn() {
        guard let successor else { return }
        let clients = waiting
        waiting = []
        for client in clients { connect(client, successor.host, successor.port) }
    }

    private func connect(_ client: any Channel, _ host: String, _ port: Int) {
        links += 1
        client.closeFuture.assumeIsolated().whenComplete { [self] _ in
            links -= 1
            endWhenIdle()
        }
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(2))
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenComplete { result in
                guard case .success(let server) = result else { return client.close(promise: nil) }
                let (one, other) = LinkHandler.pair()
                do {
                    try client.pipeline.syncOperations.addHandler(one)
                    try server.pipeline.syncOperations.addHandler(other)
                } catch {
                    client.close(promise: nil)
                    server.close(promise: nil)
                    return
                }
                for channel in [client, server] {
                    channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
                }
            }
    }

    func close() -> EventLoopFuture<Void> {
        isClosed = true
        for client in waiting { client.close(promise: nil) }
        waiting = []
        let closed = listener?.close() ?? loop.makeSucceededVoidFuture()
        listener = nil
        return closed
    }

    /// The threads go when nothing is left to be passed on: once, and not while they are being ended already.
    func endWhenIdle() {
        guard isClosed, !isEnding, links == 0 else { return }
        isEnding = true
        group.shutdownGracefully { _ in }
    }

    func prepareEnd() {
        isClosed = true
        isEnding = true
    }
}

/// One end of a connection that is passed on: what comes in here goes out there, as fast as the other end takes it.
private final class LinkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: LinkHandler?
    private var context: ChannelHandlerContext?
    private var waitsToRead = false

    static func pair() -> (LinkHandler, LinkHandler) {
        let (one, other) = (LinkHandler(), LinkHandler())
        one.partner = other
        other.partner = one
        return (one, other)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.write(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        partner?.end(mode: .all)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed = event as? ChannelEvent else { return }
        partner?.end(mode: .output)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.readIfWanted() }
    }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable ?? false {
            context.read()
        } else {
            waitsToRead = true
        }
    }

    private func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Closes when everything that was written has gone out.
    private func end(mode: CloseMode) {
        guard let context else { return }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { [self] _ in self.context?.close(mode: mode, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    private func readIfWanted() {
        guard waitsToRead else { return }
        waitsToRead = false
        context?.read()
    }
}
