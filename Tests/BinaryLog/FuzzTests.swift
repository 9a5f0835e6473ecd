import BinaryLog
import Foundation
import Testing
import XDB

/// Hostile bytes give an error or a value, never a crash, and never more memory than was sent.
struct FuzzTests {
    /// More in a nightly run: `XDB_FUZZ_ITERATIONS=2000000`.
    private static let iterations =
        ProcessInfo.processInfo.environment["XDB_FUZZ_ITERATIONS"].flatMap { Int($0) } ?? 20_000

    private static func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &random)))
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
            case 4: bytes[index] = [0, 0xFF, 0x7F, 0x80].randomElement(using: &random) ?? 0
            default: bytes.replaceSubrange(index..<min(bytes.count, index + 4), with: [0xFF, 0xFF, 0xFF, 0xFF])
            }
        }
        return bytes
    }

    /// Feeds mutations of every seed, and random bytes, cut anywhere, to a decoder.
    private func fuzz(
        _ seeds: [[UInt8]],
        seed: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) {
        var random = SeededGenerator(seed: seed)
        for number in 0..<Self.iterations {
            let base = seeds[number % seeds.count]
            let bytes =
                number % 16 == 0
                ? (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                : Self.mutated(base, using: &random)
            do {
                try bytes.withUnsafeBytes { try body($0) }
            } catch is BinaryLogError {
            } catch {
                Issue.record("\(error) is no BinaryLogError")
            }
        }
    }

    private static let events: [[UInt8]] = {
        var maker = GroupMaker(seed: 77)
        let made = (0..<12).flatMap { _ in maker.next().events.map(\.bytes) }
        return made + [
            Golden.formatDescription, Golden.gtidList, Golden.ddl, Golden.ddlGTID, Golden.xid,
            RotateEvent(file: "f.1").artificialEvent(serverID: 1).bytes,
            HeartbeatEvent(file: "f.1", position: 9).event(serverID: 1).bytes,
            GTIDListEvent([GTID(serverID: ServerID(rawValue: 16), sequence: 5)]).event(timestamp: 1, serverID: 1).bytes,
        ]
    }()

    @Test func typedEvents() {
        fuzz(Self.events, seed: 1) { raw in
            let header = try EventHeader(raw)
            guard header.length == raw.count else { return }
            _ = try? FormatDescription(header: header, bytes: raw)
            _ = try? GTIDEvent(header: header, bytes: raw)
            _ = try? GTIDListEvent(header: header, bytes: raw)
            _ = try? RotateEvent(header: header, bytes: raw)
            _ = try? HeartbeatEvent(header: header, bytes: raw)
            _ = try? QueryEvent(header: header, bytes: raw)
            var tracker = GroupTracker()
            _ = try? Golden.ddlGTID.withUnsafeBytes { try tracker.step(EventPiece(whole: $0)) }
            _ = try tracker.step(EventPiece(whole: raw))
        }
    }

    /// Every type over the same bytes: the readers must not trust a type's usual length.
    @Test func everyType() {
        fuzz(Self.events, seed: 2) { raw in
            for type in [2, 4, 15, 27, 162, 163] as [UInt8] {
                var bytes = Array(raw)
                guard bytes.count >= EventHeader.minimumLength else { return }
                bytes[4] = type
                for (index, shift) in [0, 8, 16, 24].enumerated() {
                    bytes[9 + index] = UInt8(truncatingIfNeeded: bytes.count >> shift)
                }
                try bytes.withUnsafeBytes { raw in
                    let header = try EventHeader(raw)
                    _ = try? FormatDescription(header: header, bytes: raw)
                    _ = try? GTIDEvent(header: header, bytes: raw)
                    _ = try? GTIDListEvent(header: header, bytes: raw)
                    _ = try? RotateEvent(header: header, bytes: raw)
                    _ = try? HeartbeatEvent(header: header, bytes: raw)
                    _ = try? QueryEvent(header: header, bytes: raw)
                }
            }
        }
    }

    @Test func eventStreams() {
        let stream = Self.events.flatMap { $0 }
        var random = SeededGenerator(seed: 3)
        fuzz([Array(stream.prefix(3000)), Array(stream.suffix(2000))], seed: 3) { raw in
            var decoder = EventStreamDecoder(bufferLimit: 4096)
            let cut = Int.random(in: 0...raw.count, using: &random)
            try decoder.decode(UnsafeRawBufferPointer(rebasing: raw[..<cut])) { _ in }
            try decoder.decode(UnsafeRawBufferPointer(rebasing: raw[cut...])) { _ in }
        }
    }

    @Test func dumpStreams() {
        var writer = PacketWriter(sequence: 1)
        for event in Self.events.prefix(20) { writer.append([0, 0xEF, 1] + event) }
        writer.append([0xFF, 1, 2] + Array("#HY000x".utf8))
        var random = SeededGenerator(seed: 4)
        fuzz([writer.bytes, Array(writer.bytes.suffix(60))], seed: 4) { raw in
            var decoder = DumpStreamDecoder(semiSynchronous: raw.count % 5 > 0, bufferLimit: 4096)
            let cut = Int.random(in: 0...raw.count, using: &random)
            try decoder.decode(UnsafeRawBufferPointer(rebasing: raw[..<cut])) { _ in }
            try decoder.decode(UnsafeRawBufferPointer(rebasing: raw[cut...])) { _ in }
        }
    }

    @Test func feedSessions() {
        var login = PacketWriter(sequence: 1)
        login.append(
            [0x05, 0xA2, 0x0A, 0, 0, 0, 0, 0x40, 0x21] + [UInt8](repeating: 0, count: 23) + Array("feed".utf8)
                + [0, 0] + Array("mysql_native_password".utf8) + [0]
        )
        var commands = login.bytes
        for command in [
            [0x03] + Array("SET @slave_connect_state='0-101-8,0-17-9'".utf8),
            [0x03] + Array("SHOW VARIABLES LIKE 'SERVER_ID'".utf8),
            [0x15, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0x12, 4, 0, 0, 0, 2, 0, 0x21, 0x03, 0, 0], [0x01],
        ] {
            var writer = PacketWriter()
            writer.append(command)
            commands += writer.bytes
        }
        fuzz([commands], seed: 5) { raw in
            // Without a password the empty proof is right, so that the commands are reached.
            var session = FeedSession(
                configuration: FeedConfiguration(user: "feed", password: ""),
                connectionID: 1,
                salt: [UInt8](repeating: 3, count: 20)
            )
            var output: [UInt8] = []
            _ = try session.receive(raw, unixTime: 1, output: &output)
            if output.count > 20_000 { Issue.record("\(output.count) bytes were answered to \(raw.count)") }
        }
    }

    @Test func segments() throws {
        var maker = GroupMaker(seed: 5)
        let storage = MemoryStorage()
        let store = try LogStore.open(storage, options: LogOptions(segmentBytes: 1 << 20))
        for _ in 0..<6 {
            let group = maker.next()
            try store.append { try $0.append(group.events) }
        }
        try store.commit()
        let file = try #require(storage.contents["000001.log"]?.bytes)
        fuzz([file, Array(file.prefix(330))], seed: 6) { raw in
            let damaged = MemoryStorage(
                MemoryStorage.Disk(files: ["000001.log": .init(bytes: Array(raw), durable: Array(raw))])
            )
            let opened = try LogStore.open(damaged)
            _ = try opened.groups(after: opened.snapshot.first)
        }
    }
}
