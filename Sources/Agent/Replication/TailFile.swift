import BinaryLog
import Glibc
import XDB

/// Keeps the end of a log that its group does not have, as a file that `mariadb-binlog` reads, before it is removed.
///
/// Nobody was promised those transactions, and yet somebody may want to know what they were.
struct TailFile {
    /// Where the files are, below the member's directory.
    static let folder = "tails"
    /// How many are kept; the oldest go.
    static let kept = 10

    let directory: String

    init(member directory: String) {
        self.directory = "\(directory)/\(Self.folder)"
    }

    /// Writes what follows a transaction; returns the file's path once it is durable.
    func save(_ log: GroupLog, after common: GTID?) throws -> String {
        guard let end = log.end else { throw SystemError("read the log", code: ENODATA) }
        try DurableFile.makeDirectories(directory)
        let path = "\(directory)/\(end.position.epoch)-\(end.sequence).binlog"
        let file = try FileLogFile("\(path).new", flags: O_RDWR | O_CREAT | O_TRUNC)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var reader = try log.reader(after: common)
        var size: UInt64 = 0
        while let batch = try reader.next(upTo: .max, into: buffer) {
            // The begin of a segment makes a binlog of the first events; later segments have the same format.
            if size == 0, let header = batch.header {
                try header.bytes.withUnsafeBytes { try file.write($0, at: 0) }
                size = UInt64(header.bytes.count)
            }
            try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<batch.count]), at: size)
            size += UInt64(batch.count)
        }
        try file.synchronize()
        guard rename("\(path).new", path) == 0 else { throw SystemError("rename \(path)") }
        try DurableFile.syncDirectory(directory)
        try removeOldest()
        return path
    }

    /// Names begin with the epoch and the sequence, so their order by number is that of time.
    private func removeOldest() throws {
        let names = try FileLogStorage(directory: directory).names()
        func key(_ name: String) -> [UInt64] { name.split { !$0.isNumber }.compactMap { UInt64($0) } }
        let sorted = names.sorted { key($0).lexicographicallyPrecedes(key($1)) }
        for name in sorted.dropLast(Self.kept) { unlink("\(directory)/\(name)") }
    }
}

extension Position {
    /// Beyond every position of a log.
    fileprivate static let max = Position(epoch: .max, sequence: .max)
}
