import BinaryLog
import Testing

struct EventStreamDecoderTests {
    @Test("events are the same however the stream is cut", arguments: 0..<200 as Range<UInt64>)
    func chunking(seed: UInt64) throws {
        var maker = GroupMaker(seed: seed)
        maker.largest = 20_000
        let groups = (0..<8).map { _ in maker.next() }
        let events = groups.flatMap(\.events)
        let bytes = groups.flatMap(\.bytes)
        var decoder = EventStreamDecoder(bufferLimit: 4096)
        var joined: [UInt8] = []
        var ended = 0
        for chunk in chunks(of: bytes, upTo: [1, 7, 30, 5000, 100_000][Int(seed % 5)], using: &maker.random) {
            try chunk.withUnsafeBytes { raw in
                try decoder.decode(raw) { piece in
                    let event = events[ended]
                    #expect(piece.header == event.header)
                    #expect(Array(piece.bytes) == Array(event.bytes[piece.offset..<piece.offset + piece.bytes.count]))
                    if event.bytes.count <= 4096 { #expect(piece.isWhole) }
                    if piece.isFirst { #expect(piece.bytes.count >= EventHeader.size) }
                    if piece.isLast {
                        #expect(piece.bytes.count >= EventHeader.checksumSize)
                        ended += 1
                    }
                    joined += piece.bytes
                }
            }
        }
        #expect(decoder.isAtBoundary)
        #expect(joined == bytes)
        #expect(ended == events.count)
    }

    @Test("lengths that no event has are refused", arguments: [0, 22, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt32])
    func lengths(length: UInt32) {
        var bytes = [UInt8](repeating: 0, count: 64)
        for index in 0..<4 { bytes[9 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        #expect(throws: BinaryLogError.self) {
            var decoder = EventStreamDecoder()
            try bytes.withUnsafeBytes { try decoder.decode($0) { _ in } }
        }
    }
}
