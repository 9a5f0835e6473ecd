import NIOCore
import NIOPosix
import NIOSSL

/// The two ports of a member's replication.
enum Listener {
    /// Peers: mutual TLS, frames.
    static func peers(
        _ core: NIOLoopBound<ReplicationCore>,
        group: MultiThreadedEventLoopGroup,
        configuration: ReplicationConfiguration
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let core = core.value
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLServerHandler(context: try core.tls.serverContext()), LogSender(core: core),
                    ])
                }
            }
            .bind(host: configuration.peerHost, port: configuration.peerPort)
            .get()
    }

    /// The local server, on the loopback only.
    static func feed(
        _ core: NIOLoopBound<ReplicationCore>,
        group: MultiThreadedEventLoopGroup,
        port: Int,
        account: FeedAccount
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = FeedHandler(core: core.value, account: account)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
    }
}
