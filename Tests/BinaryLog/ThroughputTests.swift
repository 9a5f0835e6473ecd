import BinaryLog
import Foundation
import Testing
import XDB

/// How fast a log takes events.
///
/// Prints numbers, and asserts nothing that another machine could miss.
///
/// Run with `XDB_THROUGHPUT=1 swift test -c release --filter ThroughputTests`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["XDB_THROUGHPUT"] != nil), .serialized)
struct ThroughputTests {
    private func measure(_ name: String, events: Int, bytes: Int, _ body: () throws -> Void) rethrows {
        let clock = ContinuousClock()
        var best = Duration.seconds(1000)
        for _ in 0..<5 { best = min(best, try clock.measure(body)) }
        let seconds = Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds)
        let rate = String(format: "%7.0f MB/s %10.0f events/s", Double(bytes) / 1e6 / seconds, Double(events) / seconds)
        print("throughput: \(name.padding(toLength: 44, withPad: " ", startingAt: 0)) \(rate)")
    }

    @Test(arguments: [30, 200, 8000])
    func append(rowBytes: Int) throws {
        var groups: [Event] = []
        for sequence in 1...UInt64(rowBytes > 1000 ? 4000 : 40_000) {
            let gtid = GTID(serverID: ServerID(rawValue: 17), sequence: sequence)
            let begin = GTIDEvent(gtid: gtid, flags: [.transactional], commitID: sequence / 8, timestamp: 1)
            groups.append(begin.event())
            groups.append(Event(type: .tableMap, timestamp: 1, serverID: 17, body: [UInt8](repeating: 1, count: 30)))
            let row = [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: rowBytes)
            groups.append(Event(type: .writeRows, timestamp: 1, serverID: 17, body: row))
            groups.append(Event(type: .xid, timestamp: 1, serverID: 17, body: [UInt8](repeating: 0, count: 8)))
        }
        var writer = PacketWriter(sequence: 1)
        for event in groups { writer.append([0, 0xEF, 1] + event.bytes) }
        let stream = writer.bytes
        let raw = groups.flatMap(\.bytes)
        let chunk = 64 << 10
        func chunks(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
            try bytes.withUnsafeBytes { all in
                for start in stride(from: 0, to: all.count, by: chunk) {
                    try body(UnsafeRawBufferPointer(rebasing: all[start..<min(all.count, start + chunk)]))
                }
            }
        }
        raw.withUnsafeBytes { all in
            measure("crc32", events: groups.count, bytes: raw.count) { _ = CRC32.checksum(all) }
        }
        try measure("decode dump, rows of \(rowBytes)", events: groups.count, bytes: raw.count) {
            var decoder = DumpStreamDecoder(semiSynchronous: true)
            var count = 0
            try chunks(stream) { try decoder.decode($0) { _ in count += 1 } }
        }
        func append(_ store: LogStore, durable: Bool) throws {
            var decoder = DumpStreamDecoder(semiSynchronous: true)
            try chunks(stream) { chunk in
                try store.append { appender in try decoder.decode(chunk) { _ = try appender.append($0.piece) } }
                if durable { try store.commit() } else { try store.write() }
            }
        }
        try measure("decode, append, write, rows of \(rowBytes)", events: groups.count, bytes: raw.count) {
            let directory = try TemporaryDirectory()
            try append(LogStore.open(FileStorage(directory: directory.path)), durable: false)
        }
        try measure("the same, fdatasync every 64 KB", events: groups.count, bytes: raw.count) {
            let directory = try TemporaryDirectory()
            try append(LogStore.open(FileStorage(directory: directory.path)), durable: true)
        }
        let directory = try TemporaryDirectory()
        let storage = FileStorage(directory: directory.path)
        let store = try LogStore.open(storage)
        try append(store, durable: false)
        try store.commit()
        try measure("open (scan of the last segment)", events: groups.count, bytes: raw.count) {
            _ = try LogStore.open(storage)
        }
        try measure("read and frame for the feed", events: groups.count, bytes: raw.count) {
            var reader = try store.reader(after: .zero)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
            defer { buffer.deallocate() }
            let session = FeedSession(
                configuration: FeedConfiguration(user: "u", password: "p"),
                connectionID: 1,
                salt: [UInt8](repeating: 1, count: 20)
            )
            let request = FeedRequest()
            var stream = session.stream(of: request)
            var output: [UInt8] = []
            while let batch = try reader.next(upTo: store.snapshot.written, into: buffer) {
                output.removeAll(keepingCapacity: true)
                if let header = batch.header { stream.begin(segment: header, position: batch.offset, output: &output) }
                try stream.append(UnsafeRawBufferPointer(rebasing: buffer[..<batch.count]), output: &output)
            }
        }
    }
}
