import BinaryLog
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import XDB

extension RebuildJob {
    /// Copies the source's data into `rebuild/backup`.
    func copy(from source: PeerAddress, _ port: Int, _ limit: UInt64?) async throws -> JobResult {
        if let record = try place.copied {
            return JobResult(
                reason: "DoneBefore",
                message: "the data of \(record.source) have been copied before",
                bytes: record.bytes,
                position: record.gtid.position
            )
        }
        try place.removeCopy()
        try DurableFile.makeDirectories(place.backup)
        unlink(place.output)
        let incoming = IncomingCopy(
            source: source,
            port: port,
            request: CopyRequest(to: configuration.member, bytesPerSecond: limit),
            names: configuration.certificateNames,
            tls: TLSMaterial(directory: configuration.tlsDirectory)
        )
        let unpacking = Unpacking(into: place.backup)
        let (trailer, bytes) = try await incoming.receive { header in
            logger.notice("copying", metadata: ["source": "\(source.name)", "bytes": "\(header.dataBytes)"])
            let space = try FreeSpace.available(configuration.directory)
            if let failure = FreeSpace.check(header, available: space) { throw failure }
        } data: { data in
            try await unpacking.write(data)
        }
        try await unpacking.finish()
        let record = try record(source, trailer, bytes)
        try HelperProgram.synchronize(place.backup)
        try place.write(record)
        return JobResult(
            reason: "Done",
            message: "the data of \(source.name) have been copied up to \(record.gtid)",
            bytes: bytes,
            position: record.gtid.position
        )
    }

    /// What has been copied: the backup says up to which transaction, and the source's log what was before it.
    private func record(_ source: PeerAddress, _ trailer: CopyTrailer, _ bytes: UInt64) throws -> CopyRecord {
        let gtid = try BackupInfo.gtid(in: place.backup)
        guard let state = try LogState(trailer.log).cut(at: gtid), let format = Data(base64Encoded: trailer.format)
        else {
            throw JobFailure(
                "NoPosition",
                "the backup ends with \(gtid), which the log of \(source.name) does not have; choose another source"
            )
        }
        return CopyRecord(
            source: source.name,
            bytes: bytes,
            gtid: gtid,
            log: state.gtids,
            format: Array(format)
        )
    }
}

/// The files that a backup says something of itself in.
enum BackupInfo {
    /// By their older and newer names.
    private static let names = ["xtrabackup_binlog_info", "mariadb_backup_binlog_info"]

    /// The last transaction that a backup has: the third column of its binlog position.
    ///
    /// The table `mysql.gtid_slave_pos` in the backup is older.
    static func gtid(in directory: String) throws -> GTID {
        for name in names {
            guard let contents = try DurableFile(directory: directory, name: name).read() else { continue }
            if let gtid = gtid(String(decoding: contents, as: UTF8.self)) { return gtid }
        }
        throw JobFailure(
            "NoPosition",
            "the backup does not say with which transaction it ends: its source has no binlog, or more than one domain"
        )
    }

    /// Reads the third column; nil where it is not exactly one transaction of domain 0.
    static func gtid(_ line: String) -> GTID? {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard columns.count >= 3 else { return nil }
        let text = columns[2].prefix { !$0.isWhitespace }
        return GTID(String(text)).flatMap { $0.domain == 0 ? $0 : nil }
    }
}

/// Whether a volume has room for a copy.
enum FreeSpace {
    /// What a file system needs besides the files.
    private static let reserve: UInt64 = 64 << 20

    /// What a copy takes until its member runs: a tenth more than its source, since that grows meanwhile.
    static func needed(_ header: CopyHeader) -> UInt64 {
        [header.dataBytes / 10, header.logBytes, reserve].reduce(header.dataBytes) { sum, part in
            let (value, overflows) = sum.addingReportingOverflow(part)
            return overflows ? .max : value
        }
    }

    /// Nil when there is room.
    static func check(_ header: CopyHeader, available: UInt64) -> JobFailure? {
        let needed = needed(header)
        guard available < needed else { return nil }
        return JobFailure(
            "NoSpace",
            "the copy needs \(needed) bytes, and the volume has \(available) left: free some, or choose another node",
            isWorthRetrying: false
        )
    }

    /// What may still be written to a directory's volume.
    static func available(_ directory: String) throws(SystemError) -> UInt64 {
        var information = statvfs()
        guard statvfs(directory, &information) == 0 else { throw SystemError("statvfs \(directory)") }
        return UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }
}
