import FoundationEssentials
import NIOCore
import XDB

/// The bytes of a copy between two agents; `CopyRequest` says what they are.
enum CopyFrames {
    static let headSize = 4
    /// A longer frame is none of ours.
    static let longestFrame = 1 << 20
    /// More than any trailer has: a log's state is at most 4096 transactions.
    static let longestTrailer = 1 << 20

    /// A frame with the JSON of the header.
    static func header(_ header: CopyHeader) throws -> ByteBuffer {
        let json = try JSONEncoder().encode(header)
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(json.count), endianness: .little)
        buffer.writeBytes(json)
        return buffer
    }

    /// The empty frame, and the line with the trailer.
    static func trailer(_ trailer: CopyTrailer) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(0), endianness: .little)
        buffer.writeBytes(try JSONEncoder().encode(trailer))
        buffer.writeString("\n")
        return buffer
    }
}

/// Cuts the bytes of a copy into its parts, in whatever pieces they come, and checks that it is whole.
struct CopyReader {
    enum Part: Equatable {
        case header(CopyHeader)
        /// The next bytes of the backup.
        case data(ByteBuffer)
        case trailer(CopyTrailer)
    }

    private enum Place {
        case header
        case frames
        case trailer
        case end
    }

    private var place = Place.header
    private var buffer = ByteBuffer()
    /// What is missing of the frame that has begun.
    private var remaining = 0
    private(set) var bytes: UInt64 = 0

    mutating func append(_ part: ByteBuffer) {
        // Nearly always nothing is left of what came before, and then nothing is moved in memory.
        guard buffer.readableBytes > 0 else { return buffer = part }
        buffer.discardReadBytes()
        buffer.writeImmutableBuffer(part)
    }

    /// The next part; nil when more bytes are needed for it.
    mutating func next() throws(CopyError) -> Part? {
        switch place {
        case .header:
            guard let length = try frameLength(), buffer.readableBytes >= CopyFrames.headSize + length else {
                return nil
            }
            buffer.moveReaderIndex(forwardBy: CopyFrames.headSize)
            let header = try decode(CopyHeader.self, length)
            place = .frames
            return .header(header)
        case .frames:
            if remaining == 0 {
                guard let length = try frameLength() else { return nil }
                buffer.moveReaderIndex(forwardBy: CopyFrames.headSize)
                guard length > 0 else {
                    place = .trailer
                    return try next()
                }
                remaining = length
            }
            guard let data = buffer.readSlice(length: min(remaining, buffer.readableBytes)), data.readableBytes > 0
            else { return nil }
            remaining -= data.readableBytes
            bytes += UInt64(data.readableBytes)
            return .data(data)
        case .trailer:
            guard let length = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
                guard buffer.readableBytes <= CopyFrames.longestTrailer else {
                    throw .protocolBroken("the trailer does not end")
                }
                return nil
            }
            let trailer = try decode(CopyTrailer.self, length - buffer.readerIndex)
            place = .end
            return .trailer(trailer)
        case .end:
            return nil
        }
    }

    /// Whether all has come that was sent.
    ///
    /// That it is what was sent TLS sees to, and the checksums within the backup's stream.
    func verify(_ trailer: CopyTrailer) throws(CopyError) {
        guard trailer.ok else { throw .sourceFailed(trailer.message) }
        guard trailer.bytes == bytes else {
            throw .corrupt("\(bytes) bytes have come of the \(trailer.bytes) that were sent")
        }
    }

    private func frameLength() throws(CopyError) -> Int? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt32.self) else {
            return nil
        }
        guard length <= CopyFrames.longestFrame else { throw .protocolBroken("a frame of \(length) bytes") }
        return Int(length)
    }

    private mutating func decode<Value: Decodable>(_ type: Value.Type, _ length: Int) throws(CopyError) -> Value {
        guard let json = buffer.readBytes(length: length),
            let value = try? JSONDecoder().decode(Value.self, from: Data(json))
        else { throw .protocolBroken("what should be a \(Value.self) is something else") }
        return value
    }
}

/// Why a copy is not one.
enum CopyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The source says that its backup has failed.
    case sourceFailed(String)
    /// What has come is not what was sent.
    case corrupt(String)
    /// What has come is not what an agent sends.
    case protocolBroken(String)

    var description: String {
        switch self {
        case .sourceFailed(let message): "the backup has failed on the source: \(message)"
        case .corrupt(let message): "the copy was damaged on its way: \(message)"
        case .protocolBroken(let message): "the copy was damaged on its way: \(message)"
        }
    }
}
