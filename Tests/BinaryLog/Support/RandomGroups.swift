import BinaryLog
import XDB

/// A group as a test remembers it: what must be the same wherever its events end.
struct RecordedGroup: Hashable {
    var gtid: GTID
    var events: [Event]

    var bytes: [UInt8] { events.flatMap(\.bytes) }

    static func == (left: RecordedGroup, right: RecordedGroup) -> Bool {
        left.gtid == right.gtid && left.events.count == right.events.count
            && zip(left.events, right.events).allSatisfy { $0.header.type == $1.header.type && $0.body == $1.body }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(gtid)
    }
}

/// Makes groups of every shape that continue each other.
struct GroupMaker {
    var random: SeededGenerator
    var epoch: UInt32 = 1
    var sequence: UInt64 = 0
    var timestamp: UInt32 = 1_700_000_000
    var largest = 3000

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next(newEpoch: Bool = false) -> RecordedGroup {
        if newEpoch { epoch += 1 }
        sequence += 1
        timestamp += UInt32.random(in: 0...2, using: &random)
        let gtid = GTID(serverID: ServerID(epoch: Epoch(rawValue: epoch), ordinal: epoch % 3), sequence: sequence)
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            return synthesized(gtid, .definition("CREATE TABLE t\(sequence) (a INT)"))
        case 1:
            return synthesized(gtid, .changes(["REPLACE INTO h VALUES (\(sequence))", "DELETE FROM h"]))
        case 2:
            // A statement that is prepared by other events, without a COMMIT.
            return group(gtid, [.standalone], [(.intvar, 9), (.userVariable, 40), (.rand, 16), (.query, -1)])
        case 3:
            return group(gtid, [.transactional, .preparedXA], rows() + [(.xaPrepare, 12)])
        case 4:
            return group(gtid, [], rows() + [(.query, -2)])
        default:
            return group(gtid, [.transactional, .allowParallel, .groupCommitID], rows() + [(.xid, 8)])
        }
    }

    private mutating func rows() -> [(EventType, Int)] {
        var rows: [(EventType, Int)] = [(.annotateRows, 30)]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            rows.append((.tableMap, 25))
            let size = Int.random(in: 0..<20, using: &random) == 0 ? largest : largest / 30 + 1
            rows.append((.writeRows, Int.random(in: 1...size, using: &random)))
        }
        return rows
    }

    private func synthesized(_ gtid: GTID, _ content: SynthesizedGroup.Content) -> RecordedGroup {
        let group = SynthesizedGroup(gtid: gtid, content: content, database: "d", timestamp: timestamp)
        return RecordedGroup(gtid: gtid, events: group.events)
    }

    /// Bodies of so many random bytes; -1 is a statement, -2 COMMIT.
    private mutating func group(
        _ gtid: GTID,
        _ flags: GTIDEvent.Flags,
        _ parts: [(EventType, Int)]
    ) -> RecordedGroup {
        let commitID = flags.contains(.groupCommitID) ? sequence * 3 : nil
        let begin = GTIDEvent(gtid: gtid, flags: flags, commitID: commitID, timestamp: timestamp).event()
        let server = gtid.serverID.rawValue
        var events = [begin]
        for (type, size) in parts {
            switch size {
            case -1:
                let query = QueryEvent(statement: "INSERT INTO t VALUES (LAST_INSERT_ID())")
                events.append(query.event(timestamp: timestamp, serverID: server))
            case -2:
                let query = QueryEvent(database: "d", statement: Bool.random(using: &random) ? "COMMIT" : "ROLLBACK")
                events.append(query.event(timestamp: timestamp, serverID: server))
            default:
                var body = [UInt8](repeating: 0, count: size)
                for index in stride(from: 0, to: size, by: max(1, size / 64)) {
                    body[index] = UInt8.random(in: 0...255, using: &random)
                }
                events.append(Event(type: type, timestamp: timestamp, serverID: server, body: body))
            }
        }
        return RecordedGroup(gtid: gtid, events: events)
    }
}

extension LogStore {
    /// Appends bytes of events that are cut anywhere.
    func append(_ bytes: [UInt8], cut size: Int, bufferLimit: Int = 4096, using random: inout SeededGenerator) throws {
        var decoder = EventStreamDecoder(bufferLimit: bufferLimit)
        for chunk in chunks(of: bytes, upTo: size, using: &random) {
            try append { appender in
                try chunk.withUnsafeBytes { raw in try decoder.decode(raw) { _ = try appender.append($0) } }
            }
        }
    }

    /// Everything after a position, read with a small buffer.
    func groups(
        after position: Position,
        upTo limit: Position = Position(epoch: .max, sequence: .max),
        buffer size: Int = 5000
    ) throws -> [RecordedGroup] {
        var reader = try reader(after: position)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var bytes: [UInt8] = []
        var last: GTID?
        while let batch = try reader.next(upTo: limit, into: buffer) {
            bytes += buffer[..<batch.count]
            last = batch.last ?? last
        }
        let groups = try recorded(bytes)
        guard groups.last?.gtid == last else { throw BinaryLogError.malformed("the reader ends at \(last as Any)") }
        return groups
    }
}

/// Cuts bytes of whole groups into groups, with everything verified.
func recorded(_ bytes: [UInt8]) throws -> [RecordedGroup] {
    var groups: [RecordedGroup] = []
    var tracker = GroupTracker()
    var decoder = EventStreamDecoder(bufferLimit: 1 << 30)
    try bytes.withUnsafeBytes { raw in
        try decoder.decode(raw) { piece in
            let event = try Event(Array(piece.bytes))
            if case .begins(let begin) = try tracker.step(piece) {
                groups.append(RecordedGroup(gtid: begin.gtid, events: []))
            }
            groups[groups.count - 1].events.append(event)
        }
    }
    guard decoder.isAtBoundary, tracker.isAtBoundary else { throw BinaryLogError.malformed("the bytes end in a group") }
    return groups
}
