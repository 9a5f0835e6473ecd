import BinaryLog
import FoundationEssentials
import Glibc
import NIOCore
import XDB

/// The end of the binlog of a server that does not run.
///
/// A server that may not truncate its tail refuses to start, so that it cannot be asked.
struct BinlogTail: Sendable {
    var dataDirectory: String
    var index = "binlog.index"

    /// The last transaction that was begun in the binlog; nil when there is none.
    func last() throws(SystemError) -> GTID? {
        for path in try files().reversed() {
            if let found = try Self.last(in: path) { return found }
        }
        return nil
    }

    /// Passes on the events of the transactions after one, and what describes their format, in their order.
    ///
    /// The last transaction may be torn.
    func read(after gtid: GTID?, _ body: (EventPiece) throws -> Void) throws {
        let all = try files()
        // The newest file that begins at or before the transaction, and those after it.
        let first = try all.lastIndex { try Self.begin(of: $0)?.sequence ?? 0 <= gtid?.sequence ?? 0 } ?? 0
        var isAfter = false
        for path in all.dropFirst(first) {
            var decoder = EventStreamDecoder()
            try Self.read(path) { bytes in
                try decoder.decode(bytes) { piece in
                    if piece.header.type == .gtid, piece.isWhole {
                        let next = try GTIDEvent(header: piece.header, bytes: piece.bytes).gtid
                        isAfter = next.sequence > gtid?.sequence ?? 0
                    }
                    if isAfter || piece.header.type == .formatDescription { try body(piece) }
                }
                return true
            }
        }
    }

    private func files() throws(SystemError) -> [String] {
        let names = try DurableFile(directory: dataDirectory, name: index).read() ?? .init()
        return names.split(separator: UInt8(ascii: "\n")).map { name in
            let text = String(decoding: name, as: UTF8.self)
            return text.hasPrefix("/") ? text : "\(dataDirectory)/\(text)"
        }
    }

    /// The last transaction before a file; nil when there is none.
    private static func begin(of path: String) throws -> GTID? {
        var begin: GTID?
        var decoder = EventStreamDecoder()
        try read(path) { bytes in
            try decoder.decode(bytes) { piece in
                guard piece.header.type == .gtidList, piece.isWhole, begin == nil else { return }
                begin = try GTIDListEvent(header: piece.header, bytes: piece.bytes).gtids.max {
                    $0.sequence < $1.sequence
                }
            }
            // It stands at the begin.
            return false
        }
        return begin
    }

    /// Passes on the bytes of a file's events, until it ends or `body` says that they are enough.
    private static func read(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        var offset: off_t = 4
        while true {
            let count = pread(descriptor, &bytes, bytes.count, offset)
            guard count >= 0 else { throw SystemError("read \(path)") }
            guard count > 0, try bytes.withUnsafeBytes({ try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) })
            else { return }
            offset += off_t(count)
        }
    }

    /// The last GTID event of a file, or else the newest GTID of the list that it begins with.
    private static func last(in path: String) throws(SystemError) -> GTID? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open \(path)")
        }
        defer { close(descriptor) }
        var found: GTID?
        // Header and the fields that are wanted; a list of one domain has one entry per server id.
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var offset: off_t = 4
        while true {
            let wanted = pread(descriptor, &bytes, 64, offset)
            guard wanted >= 0 else { throw SystemError("read \(path)") }
            guard wanted >= 23 else { return found }
            let length = Int(number(bytes, at: 9, 4))
            guard length >= 23 else { return found }
            switch bytes[4] {
            case 162 where wanted >= 31:
                found = GTID(
                    domain: UInt32(number(bytes, at: 27, 4)),
                    serverID: ServerID(rawValue: UInt32(number(bytes, at: 5, 4))),
                    sequence: number(bytes, at: 19, 8)
                )
            case 163:
                let whole = pread(descriptor, &bytes, min(length, bytes.count), offset)
                found = newest(bytes.prefix(max(0, whole))) ?? found
            default: break
            }
            offset += off_t(length)
        }
    }

    private static func newest(_ list: ArraySlice<UInt8>) -> GTID? {
        let bytes = Array(list)
        guard bytes.count >= 23 else { return nil }
        let count = Int(number(bytes, at: 19, 4) & 0x0FFF_FFFF)
        var newest: GTID?
        for entry in 0..<count {
            let start = 23 + entry * 16
            guard start + 16 <= bytes.count else { break }
            let gtid = GTID(
                domain: UInt32(number(bytes, at: start, 4)),
                serverID: ServerID(rawValue: UInt32(number(bytes, at: start + 4, 4))),
                sequence: number(bytes, at: start + 8, 8)
            )
            if gtid.sequence > newest?.sequence ?? 0 { newest = gtid }
        }
        return newest
    }

    private static func number(_ bytes: [UInt8], at offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}

extension Replication {
    /// Takes into the log what a server that is gone has written after its end, whole transactions only; returns how many
    /// when they are durable.
    ///
    /// For the only voter of the server's epoch, in no role: what nobody else can have, nobody can contradict.
    func take(_ tail: BinlogTail, of server: ServerID) async throws -> UInt64 {
        try await waiting { (core, promise: EventLoopPromise<UInt64>) in
            do {
                let taken = try core.take(tail, of: server)
                core.log.whenDurable().map { taken }.cascade(to: promise)
            } catch {
                promise.fail(error)
            }
        }
    }

    /// What this member's log says of the end of a server's binlog.
    func judge(tail last: GTID) async throws -> TailVerdict {
        try await onLoop { core in
            guard let committed = core.committed else { return .unknown }
            if core.log.holds(last) { return last.sequence <= committed.sequence ? .committed : .unknown }
            // Of its epoch, or of one that the group has left behind, nothing more is to come.
            guard committed.position > last.position else { return .unknown }
            let known = core.log.state.gtids.last { $0.position.epoch <= last.position.epoch }?.sequence ?? 0
            return .foreign(first: GTID(serverID: last.serverID, sequence: min(known + 1, last.sequence)), last: last)
        }
    }
}

/// What is known of the end of a server's binlog that the server cannot remove.
enum TailVerdict: Hashable, Sendable {
    /// The group has all of it.
    case committed
    /// The member's log does not reach so far yet.
    case unknown
    /// The group has other transactions instead.
    case foreign(first: GTID, last: GTID)

    /// What is to be told; nil where waiting may help.
    var problem: AgentStatus.Problem? {
        guard case .foreign(let first, let last) = self else { return nil }
        let what = first == last ? "transaction \(last)" : "the transactions \(first) to \(last)"
        return AgentStatus.Problem(
            reason: "Diverged",
            message:
                "the server has \(what), which the group has not committed, with a schema change among them that it "
                + "cannot take back; rebuild this member"
        )
    }
}
