import BinaryLog
import NIOCore
import Testing
import XDB

@testable import Agent

@Suite struct PeerFrameTests {
    static let gtid = GTID(serverID: ServerID(rawValue: 33), sequence: 4711)
    static let frames: [PeerFrame] = [
        .hello(
            PeerHello(
                mode: .follow,
                epoch: Epoch(rawValue: 7),
                member: "orders-1",
                server: gtid,
                log: [GTID(serverID: ServerID(rawValue: 16), sequence: 9), gtid]
            )
        ),
        .hello(PeerHello(mode: .pull, epoch: .none, member: "", server: nil, log: [])),
        .hello(PeerHello(mode: .follow, epoch: .none, member: "a", server: nil, log: [], beginsAnywhere: true)),
        .begin(after: [GTID(serverID: ServerID(rawValue: 16), sequence: 9), gtid], format: [1, 2, 3]),
        .begin(
            after: (1...UInt32(LogState.limit)).map { GTID(serverID: ServerID(rawValue: $0), sequence: UInt64($0)) },
            format: Array(repeating: 7, count: 512)
        ),
        .accept(common: nil, state: PeerState(committed: nil, everywhere: gtid)),
        .refuse(PeerRefusal(code: .purged, epoch: Epoch(rawValue: 2), message: "gone")),
        .state(PeerState(committed: gtid, everywhere: nil)),
        .state(PeerState(committed: gtid, everywhere: gtid, isOpen: true)),
        .durable(gtid),
        .durable(nil),
    ]

    @Test func framesArriveWhateverTheChunks() throws {
        var bytes = ByteBuffer()
        for frame in Self.frames { bytes.write(frame: frame) }
        for size in [1, 3, 7, 64, 4096] {
            var decoder = PeerFrameDecoder(acceptsEvents: true)
            var decoded: [PeerFrame] = []
            var rest = bytes
            while rest.readableBytes > 0 {
                guard var chunk = rest.readSlice(length: min(size, rest.readableBytes)) else { break }
                decoder.append(&chunk)
                while let output = try decoder.next() {
                    if case .frame(let frame) = output { decoded.append(frame) }
                }
            }
            #expect(decoded == Self.frames)
        }
    }

    @Test func eventsPassInParts() throws {
        var bytes = ByteBuffer()
        bytes.writeRepeatingByte(0, count: PeerFrame.headSize)
        bytes.writeRepeatingByte(0xAB, count: 1000)
        bytes.write(head: .events, at: 0)
        bytes.write(frame: .durable(nil))
        var decoder = PeerFrameDecoder(acceptsEvents: true)
        var events = 0
        var frames = 0
        while bytes.readableBytes > 0 {
            guard var chunk = bytes.readSlice(length: min(300, bytes.readableBytes)) else { break }
            decoder.append(&chunk)
            while let output = try decoder.next() {
                switch output {
                case .events(let part): events += part.readableBytes
                case .frame: frames += 1
                }
            }
        }
        #expect(events == 1000)
        #expect(frames == 1)
    }

    @Test func hostileBytesAreRefused() throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<2000 {
            var bytes = ByteBuffer()
            if round % 2 == 0, let frame = Self.frames.randomElement() {
                bytes.write(frame: frame)
                bytes.setInteger(UInt8.random(in: 0...255), at: Int.random(in: 0..<bytes.writerIndex))
            } else {
                for _ in 0..<Int.random(in: 1...64) { bytes.writeInteger(UInt8.random(in: 0...255, using: &random)) }
            }
            var decoder = PeerFrameDecoder(acceptsEvents: Bool.random())
            decoder.append(&bytes)
            // Any end will do but a crash.
            do { while try decoder.next() != nil {} } catch {}
        }
    }

    @Test func eventsAreRefusedFromAReceiver() {
        var bytes = ByteBuffer()
        bytes.writeRepeatingByte(0, count: PeerFrame.headSize + 10)
        bytes.write(head: .events, at: 0)
        var decoder = PeerFrameDecoder(acceptsEvents: false)
        decoder.append(&bytes)
        #expect(throws: PeerProtocolError.self) { _ = try decoder.next() }
    }
}
