import FoundationEssentials
import NIOCore
import NIOHTTP1
import XDB

/// The receiver's side of a copy: asks the source's agent for it, and checks what comes.
struct IncomingCopy: Sendable {
    var source: PeerAddress
    var port: Int
    var request: CopyRequest
    var names: CertificateNames
    var tls: TLSMaterial

    /// Receives all of it; returns what it ends with once that agrees with what has come, and the size of the stream.
    ///
    /// The data come in pieces that follow each other; no more is read from the connection before `data` has returned.
    func receive(
        header: (CopyHeader) throws -> Void,
        data: ([ByteBuffer]) async throws -> Void
    ) async throws -> (CopyTrailer, UInt64) {
        let connection: ControlConnection.Channel
        do {
            connection = try await ControlConnection.open(source, port: port, names: names, tls: tls)
        } catch {
            throw lost(error)
        }
        do {
            return try await connection.executeThenClose { inbound, outbound in
                try await ControlConnection.post("/v1/copy", request, to: names.member(source.name), outbound)
                return try await read(inbound, header, data)
            }
        } catch {
            switch error {
            case is CopyError, is JobFailure, is AgentError, is SystemError: throw error
            default: throw lost(error)
            }
        }
    }

    /// How much is handed over at once.
    private static let portion = 256 << 10

    private func lost(_ error: any Error) -> JobFailure {
        JobFailure("SourceLost", "the connection to \(source.name) at \(source.host):\(port) is lost: \(error)")
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
        _ header: (CopyHeader) throws -> Void,
        _ data: ([ByteBuffer]) async throws -> Void
    ) async throws -> (CopyTrailer, UInt64) {
        var isRefused = false
        var refusal = ByteBuffer()
        var reader = CopyReader()
        // Handing over every record of TLS by itself would take longer than all the rest.
        var gathered: [ByteBuffer] = []
        var count = 0
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
                    case .data(let found):
                        gathered.append(found)
                        count += found.readableBytes
                        guard count >= Self.portion else { continue }
                        try await data(gathered)
                        (gathered, count) = ([], 0)
                    case .trailer(let found):
                        try await data(gathered)
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
