import Glibc
import XDB

/// Whether a volume has room for what a Job writes.
enum FreeSpace {
    /// What a file system needs besides the files.
    private static let reserve: UInt64 = 64 << 20

    /// What a copy takes until its member runs: a tenth more than its source, since that grows meanwhile.
    static func needed(_ header: CopyHeader) -> UInt64 {
        sum([header.dataBytes, header.dataBytes / 10, header.logBytes, reserve])
    }

    /// What making a copy consistent takes: the log that came with it may be written once more.
    static func neededToPrepare(log: UInt64) -> UInt64 { sum([log, reserve]) }

    /// What the server's first start takes: its log is made anew with the source's size, where there is less of it.
    static func neededToRefresh(log: UInt64, present: UInt64) -> UInt64 {
        sum([log > present ? log - present : 0, reserve])
    }

    /// Nil when there is room.
    ///
    /// - Parameter what: What needs it, as the first words of a sentence.
    static func check(_ what: String, needs needed: UInt64, available: UInt64) -> JobFailure? {
        guard available < needed else { return nil }
        return JobFailure(
            JobResult.noSpace,
            "\(what) needs \(needed) bytes, and the volume has \(available) left: free some, or choose another node",
            isWorthRetrying: false
        )
    }

    /// What may still be written to a directory's volume.
    static func available(_ directory: String) throws(SystemError) -> UInt64 {
        let volume = try Volume(of: directory)
        return volume.available
    }

    private static func sum(_ parts: [UInt64]) -> UInt64 {
        parts.reduce(0) { sum, part in
            let (value, overflows) = sum.addingReportingOverflow(part)
            return overflows ? .max : value
        }
    }
}

/// The file system that a directory is on.
struct Volume: Hashable, Sendable {
    /// In bytes, what is in use included.
    let size: UInt64
    /// What may still be written, in bytes.
    let available: UInt64

    init(of directory: String) throws(SystemError) {
        var information = statvfs()
        guard statvfs(directory, &information) == 0 else { throw SystemError("statvfs \(directory)") }
        size = UInt64(information.f_blocks) * UInt64(information.f_frsize)
        available = UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }
}
