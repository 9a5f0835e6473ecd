import BinaryLog
import Testing

struct PacketTests {
    @Test("payloads around the packet size are split and joined", arguments: [-1, 0, 1])
    func split(difference: Int) throws {
        let payload = [UInt8](repeating: 0xA5, count: PacketWriter.maximumPayload + difference)
        var writer = PacketWriter(sequence: 254)
        writer.append(payload)
        writer.append([1, 2])
        let packets = difference < 0 ? 1 : 2
        #expect(writer.bytes.count == 4 * packets + payload.count + 4 + 2)
        var reader = PacketReader(limit: 1 << 25)
        var received: [Packet] = []
        var random = SeededGenerator(seed: 3)
        for chunk in chunks(of: writer.bytes, upTo: 5_000_000, using: &random) {
            try chunk.withUnsafeBytes { raw in try reader.read(raw) { received.append($0) } }
        }
        #expect(received.map(\.payload.count) == [payload.count, 2])
        #expect(
            received.map(\.sequence) == [
                UInt8(truncatingIfNeeded: 253 + packets), UInt8(truncatingIfNeeded: 254 + packets),
            ]
        )
    }

    @Test("a payload over the limit is refused before it is read")
    func limit() throws {
        var reader = PacketReader(limit: 100)
        #expect(throws: BinaryLogError.tooLong(what: "a packet", length: 101, limit: 100)) {
            try ([101, 0, 0, 0] as [UInt8]).withUnsafeBytes { raw in try reader.read(raw) { _ in } }
        }
    }

    @Test("empty payloads and packets cut at every byte")
    func cuts() throws {
        var writer = PacketWriter()
        writer.append([])
        writer.append([7, 8, 9])
        writer.append([])
        var reader = PacketReader(limit: 100)
        var received: [Packet] = []
        for byte in writer.bytes {
            try [byte].withUnsafeBytes { raw in try reader.read(raw) { received.append($0) } }
        }
        #expect(received.map(\.payload) == [[], [7, 8, 9], []])
        #expect(received.map(\.sequence) == [0, 1, 2])
    }
}
