import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import XDB

/// The receiver's side of a copy: asks the source's agent for it, and checks what comes.
struct IncomingCopy: Sendable {
    var source: PeerAddress
    var port: Int
    var request: CopyRequest
    var names: CertificateNames
    var tls: TLSMaterial

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// A source whose host is gone says nothing: its kernel is asked every few seconds whether the connection is there.
    private static let probes: [(NIOBSDSocket.Option, Int)] = [
        (NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE), 10), (NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL), 5),
        (NIOBSDSocket.Option(rawValue: TCP_KEEPCNT), 4),
    ]

    /// Receives all of it; returns what it ends with once that agrees with what has come, and the size of the stream.
    ///
    /// No more is read from the connection before `data` has returned.
    func receive(
        header: (CopyHeader) throws -> Void,
        data: (ByteBuffer) async throws -> Void
    ) async throws -> (CopyTrailer, UInt64) {
        let group = MultiThreadedEventLoopGroup.singleton
        let context = try tls.clientContext()
        let name = names.member(source.name)
        let connection: Connection
        do {
            var bootstrap = ClientBootstrap(group: group)
                .connectTimeout(.seconds(10))
                .channelOption(.socketOption(.so_keepalive), value: 1)
            for (option, value) in Self.probes {
                bootstrap = bootstrap.channelOption(.tcpOption(option), value: value)
            }
            connection = try await bootstrap.connect(host: source.host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: name))
                    try pipeline.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        } catch {
            throw lost(error)
        }
        do {
            return try await connection.executeThenClose { inbound, outbound in
                try await ask(outbound)
                return try await read(inbound, header, data)
            }
        } catch {
            switch error {
            case is CopyError, is JobFailure, is AgentError, is SystemError: throw error
            default: throw lost(error)
            }
        }
    }

    private func lost(_ error: any Error) -> JobFailure {
        JobFailure("SourceLost", "the connection to \(source.name) at \(source.host):\(port) is lost: \(error)")
    }

    private func ask(_ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>) async throws {
        let body = ByteBuffer(bytes: try JSONEncoder().encode(request))
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/v1/copy")
        head.headers.add(name: "host", value: names.member(source.name))
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(body.readableBytes)")
        head.headers.add(name: "connection", value: "close")
        try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(body)), .end(nil)])
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
        _ header: (CopyHeader) throws -> Void,
        _ data: (ByteBuffer) async throws -> Void
    ) async throws -> (CopyTrailer, UInt64) {
        var isRefused = false
        var refusal = ByteBuffer()
        var reader = CopyReader()
        for try await part in inbound {
            switch part {
            case .head(let head):
                isRefused = head.status != .ok
            case .body(let bytes) where isRefused:
                guard refusal.readableBytes + bytes.readableBytes <= CopyFrames.longestTrailer else { continue }
                refusal.writeImmutableBuffer(bytes)
            case .body(let bytes):
                reader.append(bytes)
                while let part = try reader.next() {
                    switch part {
                    case .header(let found): try header(found)
                    case .data(let found): try await data(found)
                    case .trailer(let found):
                        try reader.verify(found)
                        return (found, reader.bytes)
                    }
                }
            case .end where isRefused:
                if let error = try? JSONDecoder().decode(AgentError.self, from: Data(refusal.readableBytesView)) {
                    throw error
                }
                throw lost(CopyError.protocolBroken("an answer that no agent gives"))
            case .end:
                break
            }
        }
        throw JobFailure(
            "SourceLost",
            "\(source.name) has ended the copy after \(reader.bytes) bytes, before it was whole"
        )
    }
}
