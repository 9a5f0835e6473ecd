import Foundation
import NIOCore
import Testing
import XDB

@testable import Agent

@Suite struct CopyReaderTests {
    private static let header = CopyHeader(dataBytes: 4711, logBytes: 12)
    private static let payload = (0..<100_000).map { _ in UInt8.random(in: 0...255) }

    private static func trailer(ok: Bool = true, bytes: Int = payload.count) -> CopyTrailer {
        CopyTrailer(
            ok: ok,
            message: ok ? "" : "the disk is on fire",
            bytes: UInt64(bytes),
            end: GTID(serverID: ServerID(rawValue: 17), sequence: 5),
            log: [GTID(serverID: ServerID(rawValue: 17), sequence: 5)],
            format: "Zm9ybWF0"
        )
    }

    /// A copy as it is sent, with the payload in frames of any size.
    private static func stream(_ trailer: CopyTrailer = trailer()) throws -> ByteBuffer {
        var stream = try CopyFrames.header(header)
        var rest = payload[...]
        while !rest.isEmpty {
            let frame = rest.prefix(Int.random(in: 1...9000))
            rest = rest.dropFirst(frame.count)
            stream.writeInteger(UInt32(frame.count), endianness: .little)
            stream.writeBytes(frame)
        }
        var end = try CopyFrames.trailer(trailer)
        stream.writeBuffer(&end)
        return stream
    }

    /// Reads a stream in pieces of any size; returns what came of it.
    private static func read(_ stream: ByteBuffer) throws -> (data: [UInt8], header: CopyHeader?, trailer: CopyTrailer?)
    {
        var stream = stream
        var reader = CopyReader()
        var (data, header, trailer): ([UInt8], CopyHeader?, CopyTrailer?) = ([], nil, nil)
        while stream.readableBytes > 0 {
            guard let piece = stream.readSlice(length: min(stream.readableBytes, Int.random(in: 1...20_000))) else {
                break
            }
            reader.append(piece)
            while let part = try reader.next() {
                switch part {
                case .header(let found): header = found
                case .data(let found): data += Array(found.readableBytesView)
                case .trailer(let found):
                    try reader.verify(found)
                    trailer = found
                }
            }
        }
        return (data, header, trailer)
    }

    @Test func aWholeCopyArrives() throws {
        for _ in 0..<20 {
            let read = try Self.read(try Self.stream())
            #expect(read.header == Self.header)
            #expect(read.data == Self.payload)
            #expect(read.trailer == Self.trailer())
        }
    }

    /// Wherever it ends, it is not taken for whole.
    @Test func aCopyThatIsCutIsNotWhole() throws {
        let stream = try Self.stream()
        let cuts =
            [0, 3, 20, stream.readableBytes - 1] + (0..<50).map { _ in Int.random(in: 0..<stream.readableBytes) }
        for cut in cuts {
            let part = try #require(stream.getSlice(at: stream.readerIndex, length: cut))
            #expect(try Self.read(part).trailer == nil)
        }
    }

    @Test func whatTheSourceSaysCounts() throws {
        #expect(throws: CopyError.sourceFailed("the disk is on fire")) {
            try Self.read(try Self.stream(Self.trailer(ok: false)))
        }
        #expect(throws: CopyError.self) { try Self.read(try Self.stream(Self.trailer(bytes: 1))) }
    }

    @Test func hostileBytesAreRefused() {
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...64)).map { _ in UInt8.random(in: 0...255) }
            // Any end will do but a crash.
            #expect((try? Self.read(ByteBuffer(bytes: bytes)))?.trailer == nil)
        }
        var long = ByteBuffer()
        long.writeInteger(UInt32.max, endianness: .little)
        #expect(throws: CopyError.self) { try Self.read(long) }
    }
}
