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
        let again = place.hasRemains ? "started over, since an earlier attempt had not ended: " : ""
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
        var logBytes: UInt64?
        let (trailer, bytes) = try await incoming.receive { header in
            logger.notice("copying", metadata: ["source": "\(source.name)", "bytes": "\(header.dataBytes)"])
            logBytes = header.logBytes
            try checkSpace("the copy", needs: FreeSpace.needed(header))
        } data: { data in
            try await unpacking.write(data)
        }
        try await unpacking.finish()
        var record = try CopyRecord(source, trailer, bytes)
        record.logBytes = logBytes
        try HelperProgram.synchronize(place.backup)
        try place.write(record)
        return JobResult(
            reason: "Done",
            message: "\(again)the data of \(source.name) have been copied up to \(record.gtid)",
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
