import FoundationEssentials
import Glibc
import XDB

/// Where the binlog of a server ends that does not run.
///
/// A server that may not truncate its tail refuses to start, so that it cannot be asked.
struct BinlogTail: Sendable {
    var dataDirectory: String
    var index = "binlog.index"

    /// The last transaction that was begun in the binlog; nil when there is none.
    func last() throws(SystemError) -> GTID? {
        let names = try DurableFile(directory: dataDirectory, name: index).read() ?? .init()
        for name in names.split(separator: UInt8(ascii: "\n")).reversed() {
            let text = String(decoding: name, as: UTF8.self)
            let path = text.hasPrefix("/") ? text : "\(dataDirectory)/\(text)"
            if let found = try Self.last(in: path) { return found }
        }
        return nil
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
    /// True when a transaction is in this member's log and known to be committed.
    func isCommitted(_ gtid: GTID) async throws -> Bool {
        try await onLoop { core in
            guard let committed = core.committed else { return false }
            return gtid.sequence <= committed.sequence && core.log.holds(gtid)
        }
    }
}
