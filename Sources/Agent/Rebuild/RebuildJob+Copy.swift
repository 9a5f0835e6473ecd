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
        let record = try CopyRecord(source, trailer, bytes)
        try HelperProgram.synchronize(place.backup)
        try place.write(record)
        return JobResult(
            reason: "Done",
            message: "the data of \(source.name) have been copied up to \(record.gtid)",
            bytes: bytes,
            position: record.gtid.position
        )
    }

}

extension CopyRecord {
    /// What has been copied, and what was before it in the source's log.
    init(_ source: PeerAddress, _ trailer: CopyTrailer, _ bytes: UInt64) throws {
        guard let gtid = trailer.end, gtid.domain == 0 else {
            throw JobFailure(
                "NoPosition",
                "\(source.name) does not say with which transaction its data end: it has no binlog, or its agent is an "
                    + "older one; choose another source"
            )
        }
        guard let state = try LogState(trailer.log).cut(at: gtid), let format = Data(base64Encoded: trailer.format)
        else {
            throw JobFailure(
                "NoPosition",
                "the backup ends with \(gtid), which the log of \(source.name) does not have; choose another source"
            )
        }
        self.init(source: source.name, bytes: bytes, gtid: gtid, log: state.gtids, format: Array(format))
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
