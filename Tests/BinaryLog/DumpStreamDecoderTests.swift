import BinaryLog
import Testing
import XDB

struct DumpStreamDecoderTests {
    private func stream(_ events: [Event], semiSynchronous: Bool) -> [UInt8] {
        var writer = PacketWriter(sequence: 1)
        for (index, event) in events.enumerated() {
            writer.append((semiSynchronous ? [0, 0xEF, UInt8(index % 2)] : [0]) + event.bytes)
        }
        return writer.bytes
    }

    @Test("events, acknowledgements and file names, however the stream is cut", arguments: 0..<100 as Range<UInt64>)
    func chunking(seed: UInt64) throws {
        var maker = GroupMaker(seed: seed)
        maker.largest = 30_000
        let semiSynchronous = seed % 2 == 0
        let rotate = RotateEvent(file: "binlog.000007").artificialEvent(serverID: 1)
        let events = [rotate] + (0..<6).flatMap { _ in maker.next().events }
        let bytes = stream(events, semiSynchronous: semiSynchronous)
        var decoder = DumpStreamDecoder(semiSynchronous: semiSynchronous, bufferLimit: 4096)
        var ended = 0
        var joined: [UInt8] = []
        for chunk in chunks(of: bytes, upTo: [1, 11, 300, 9000, 1 << 20][Int(seed % 5)], using: &maker.random) {
            try chunk.withUnsafeBytes { raw in
                try decoder.decode(raw) { event in
                    #expect(event.piece.header == events[ended].header)
                    #expect(event.wantsAcknowledgement == (semiSynchronous && ended % 2 == 1))
                    #expect(event.file == "binlog.000007")
                    joined += event.piece.bytes
                    if event.piece.isLast { ended += 1 }
                }
            }
        }
        #expect(ended == events.count)
        #expect(joined == events.flatMap(\.bytes))
    }

    @Test("an event over many packets comes in pieces", arguments: [-30, -28, -27, -26, -25, -4, 0, 1, 0xFF_FFFF - 27])
    func large(difference: Int) throws {
        let body = [UInt8](repeating: 0x5A, count: PacketWriter.maximumPayload + difference)
        let events = [
            Event(type: .writeRows, timestamp: 1, serverID: 17, body: body),
            Event(type: .xid, timestamp: 1, serverID: 17, body: [UInt8](repeating: 0, count: 8)),
        ]
        let bytes = stream(events, semiSynchronous: true)
        var decoder = DumpStreamDecoder(semiSynchronous: true)
        var random = SeededGenerator(seed: 5)
        var crc: UInt32 = 0
        var ended: [EventType] = []
        for chunk in chunks(of: bytes, upTo: 600_000, using: &random) {
            try chunk.withUnsafeBytes { raw in
                try decoder.decode(raw) { event in
                    crc = CRC32.checksum(event.piece.bytes, continuing: crc)
                    if event.piece.isLast { ended.append(event.piece.header.type) }
                }
            }
        }
        #expect(ended == [.writeRows, .xid])
        #expect(crc == events.flatMap(\.bytes).withUnsafeBytes { CRC32.checksum($0) })
    }

    @Test("errors and the end are told as what they are, also in the middle of chunks")
    func refusal() throws {
        let error: [UInt8] = [0xFF, 0xD4, 0x04] + Array("#HY000no such GTID".utf8)
        for (payload, expected) in [
            (error, BinaryLogError.refused(code: 1236, message: "no such GTID")),
            ([0xFE, 0, 0, 2, 0], .endOfStream),
        ] {
            for size in [1, 1000] {
                var writer = PacketWriter(sequence: 9)
                writer.append(payload)
                var decoder = DumpStreamDecoder(semiSynchronous: true)
                var random = SeededGenerator(seed: 1)
                #expect(throws: expected) {
                    for chunk in chunks(of: writer.bytes, upTo: size, using: &random) {
                        try chunk.withUnsafeBytes { raw in try decoder.decode(raw) { _ in } }
                    }
                }
            }
        }
    }

    @Test(
        "packets that are no event are refused",
        arguments: [
            [], [0], [1, 2, 3], [0, 0xEE, 0] + Golden.xid, [0, 0xEF], [0, 0xEF, 0],
            [0, 0xEF, 0] + Golden.xid.dropLast(),
            [0, 0xEF, 0] + Golden.xid + [0], [0, 0xEF, 0] + Golden.xid + Golden.xid,
        ] as [[UInt8]]
    )
    func malformed(payload: [UInt8]) throws {
        for size in [1, 1000] {
            var writer = PacketWriter()
            writer.append(payload)
            writer.append([0, 0xEF, 0] + Golden.xid)
            var decoder = DumpStreamDecoder(semiSynchronous: true)
            var random = SeededGenerator(seed: 1)
            #expect(throws: BinaryLogError.self) {
                for chunk in chunks(of: writer.bytes, upTo: size, using: &random) {
                    try chunk.withUnsafeBytes { raw in try decoder.decode(raw) { _ in } }
                }
            }
        }
    }
}

struct DumpRequestTests {
    @Test("the session's statements and the packets")
    func bytes() throws {
        let request = DumpRequest(after: GTID("0-17-8"), serverID: 9)
        #expect(request.statements.contains("SET @slave_connect_state='0-17-8'"))
        #expect(request.statements.last == "SET @rpl_semi_sync_slave=1")
        #expect(request.packet == [11, 0, 0, 0, 0x12, 4, 0, 0, 0, 2, 0, 9, 0, 0, 0])
        #expect(
            DumpRequest(after: nil, serverID: 9, semiSynchronous: false).statements.last
                == "SET @slave_gtid_ignore_duplicates=0"
        )
        let place = BinlogCoordinates(file: "b.1", position: 0x1_0203)
        #expect(place.acknowledgement == [12, 0, 0, 0, 0xEF, 3, 2, 1, 0, 0, 0, 0, 0] + Array("b.1".utf8))
    }
}
