import BinaryLog
import Testing
import XDB

struct FeedStreamTests {
    private func stream(semiSynchronous: Bool) throws -> FeedStream {
        let configuration = FeedConfiguration(user: "u", password: "p")
        let session = FeedSession(
            configuration: configuration,
            connectionID: 1,
            salt: [UInt8](repeating: 1, count: 20)
        )
        let request = FeedRequest(semiSynchronous: semiSynchronous)
        return session.stream(of: request)
    }

    @Test("what the feed frames is what the dump decoder reads", arguments: 0..<60 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var maker = GroupMaker(seed: seed)
        maker.largest = seed == 0 ? 40_000_000 : 100_000
        let store = try LogStore.open(MemoryStorage(), options: LogOptions(segmentBytes: 30_000))
        let groups = (0..<20).map { _ in maker.next() }
        try store.append(groups.flatMap(\.bytes), cut: 1 << 20, using: &maker.random)
        try store.commit()

        var stream = try stream(semiSynchronous: seed % 2 == 1)
        var reader = try store.reader(after: .zero)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 7000, alignment: 16)
        defer { buffer.deallocate() }
        var output: [UInt8] = []
        var heartbeats = 0
        while let batch = try reader.next(upTo: store.snapshot.written, into: buffer) {
            if let header = batch.header { stream.begin(segment: header, position: batch.offset, output: &output) }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<batch.count])
            let cut = Int.random(in: 0...batch.count, using: &maker.random)
            try stream.append(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), output: &output)
            try stream.append(UnsafeRawBufferPointer(rebasing: bytes[cut...]), output: &output)
            if stream.isAtBoundary {
                stream.heartbeat(output: &output)
                heartbeats += 1
            }
        }

        var decoder = DumpStreamDecoder(semiSynchronous: seed % 2 == 1, bufferLimit: 1 << 30)
        var bytes: [UInt8] = []
        var end: UInt32 = 0
        var outside: [EventType: Int] = [:]
        try output.withUnsafeBytes { raw in
            try decoder.decode(raw) { event in
                let type = event.piece.header.type
                _ = try Event(Array(event.piece.bytes))
                if [.rotate, .formatDescription, .gtidList, .heartbeat].contains(type) {
                    outside[type, default: 0] += 1
                    if type == .heartbeat, !bytes.isEmpty {
                        #expect(event.piece.header.endPosition >= end)
                    }
                    if type == .rotate { end = 0 }
                } else {
                    end = event.piece.header.endPosition
                    bytes += event.piece.bytes
                }
            }
        }
        #expect(try recorded(bytes) == groups)
        let segments = store.snapshot.segments
        #expect(
            outside == [.rotate: segments, .formatDescription: segments, .gtidList: segments, .heartbeat: heartbeats]
        )
    }

    @Test("an event that fills its packets exactly is followed by an empty packet")
    func exact() throws {
        var stream = try stream(semiSynchronous: false)
        let body = [UInt8](repeating: 1, count: PacketWriter.maximumPayload - 1 - EventHeader.minimumLength)
        let event = Event(type: .writeRows, timestamp: 1, serverID: 1, body: body)
        var output: [UInt8] = []
        try event.bytes.withUnsafeBytes { try stream.append($0, output: &output) }
        #expect(stream.isAtBoundary)
        #expect(output.count == 4 + PacketWriter.maximumPayload + 4)
        #expect(output.suffix(4).prefix(3) == [0, 0, 0])
    }

    @Test("a refusal in the stream")
    func refusal() throws {
        var stream = try stream(semiSynchronous: false)
        var output: [UInt8] = []
        stream.refuse("purged", output: &output)
        var decoder = DumpStreamDecoder(semiSynchronous: false)
        #expect(throws: BinaryLogError.refused(code: 1236, message: "purged")) {
            try output.withUnsafeBytes { raw in try decoder.decode(raw) { _ in } }
        }
    }
}
