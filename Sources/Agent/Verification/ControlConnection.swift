import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import XDB

/// A connection of a member to another one's control API, for one request.
enum ControlConnection {
    typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// A peer whose host is gone says nothing: its kernel is asked every few seconds whether the connection is there.
    private static let probes: [(NIOBSDSocket.Option, Int)] = [
        (NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE), 10), (NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL), 5),
        (NIOBSDSocket.Option(rawValue: TCP_KEEPCNT), 4),
    ]

    /// A part is what one record of TLS holds, at most 16 KiB: with fewer of them under way a copy waits for its reader.
    private static let backPressure = NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
        lowWatermark: 16,
        highWatermark: 64
    )

    /// Connects to a member, whose certificate must carry its name.
    static func open(_ peer: PeerAddress, port: Int, names: CertificateNames, tls: TLSMaterial) async throws -> Channel
    {
        let context = try tls.clientContext()
        let name = names.member(peer.name)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 64 << 10, maximum: 512 << 10)
            )
        for (option, value) in probes {
            bootstrap = bootstrap.channelOption(.tcpOption(option), value: value)
        }
        return try await bootstrap.connect(host: peer.host, port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: name))
                try pipeline.addHTTPClientHandlers()
                return try Channel(
                    wrappingChannelSynchronously: channel,
                    configuration: Channel.Configuration(backPressureStrategy: backPressure)
                )
            }
        }
    }

    /// Sends a request; its answer is the last thing on the connection.
    static func post(
        _ path: String,
        _ request: some Encodable,
        to host: String,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        let body = ByteBuffer(bytes: try JSONEncoder().encode(request))
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
        head.headers.add(name: "host", value: host)
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(body.readableBytes)")
        head.headers.add(name: "connection", value: "close")
        try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(body)), .end(nil)])
    }
}

/// Asks other members' agents for something that fits in memory.
struct PeerClient: Sendable {
    let port: Int
    let names: CertificateNames
    let tls: TLSMaterial

    /// A longer answer is none of ours: the names of a hundred thousand tables are shorter.
    private static let answerLimit = 32 << 20

    /// Throws the agent's own `AgentError` when it refuses, and one with the reason `Unreachable` when there is no answer.
    func post<Answer: Decodable & Sendable>(
        _ path: String,
        _ request: some Encodable & Sendable,
        to peer: PeerAddress,
        within limit: Duration
    ) async throws -> Answer {
        do {
            let (isSuccess, bytes) = try await withThrowingTaskGroup(of: (Bool, ByteBuffer).self) { tasks in
                tasks.addTask { try await exchange(path, request, peer) }
                tasks.addTask {
                    try await Task.sleep(for: limit)
                    throw unreachable(peer, "it has not answered within \(limit.components.seconds) s")
                }
                defer { tasks.cancelAll() }
                guard let first = try await tasks.next() else { throw CancellationError() }
                return first
            }
            let data = Data(bytes.readableBytesView)
            if isSuccess { return try JSONDecoder().decode(Answer.self, from: data) }
            throw try JSONDecoder().decode(AgentError.self, from: data)
        } catch let error as AgentError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw unreachable(peer, "\(error)")
        }
    }

    private func unreachable(_ peer: PeerAddress, _ why: String) -> AgentError {
        AgentError(reason: "Unreachable", message: "\(peer.name) at \(peer.host):\(port) gives no answer: \(why)")
    }

    private func exchange(
        _ path: String,
        _ request: some Encodable & Sendable,
        _ peer: PeerAddress
    ) async throws -> (Bool, ByteBuffer) {
        let connection = try await ControlConnection.open(peer, port: port, names: names, tls: tls)
        return try await connection.executeThenClose { inbound, outbound in
            try await ControlConnection.post(path, request, to: names.member(peer.name), outbound)
            var isSuccess = false
            var answer = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let head): isSuccess = head.status == .ok
                case .body(let bytes):
                    guard answer.readableBytes + bytes.readableBytes <= Self.answerLimit else {
                        throw unreachable(peer, "its answer is too long")
                    }
                    answer.writeImmutableBuffer(bytes)
                case .end: return (isSuccess, answer)
                }
            }
            throw unreachable(peer, "it has hung up")
        }
    }
}
