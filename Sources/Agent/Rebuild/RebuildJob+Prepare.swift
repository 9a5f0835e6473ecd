import Glibc
import XDB

extension RebuildJob {
    /// Makes the copy consistent: a data directory as a server that has crashed at the backup's end leaves it, recovered.
    func prepare() async throws -> JobResult {
        guard let record = try place.copied else { throw copyAgain("there is no whole copy to prepare") }
        if try place.isPrepared {
            return JobResult(
                reason: "DoneBefore",
                message: "the copy has been prepared before",
                bytes: record.bytes,
                position: record.gtid.position
            )
        }
        await HelperProgram.endAll(configuration.backupProgram, argument: target)
        let log = (try? DataSize(of: place.backup).log) ?? 0
        try checkSpace("making the copy consistent", needs: FreeSpace.neededToPrepare(log: log))
        // The storage engine recovers what it has recovered in part, too.
        let again = access(place.output, F_OK) == 0 ? "gone on with after an earlier attempt: " : ""
        unlink(place.output)
        let process = try WatchedProcess.start(
            [configuration.backupProgram, "--no-defaults", "--prepare", "--use-memory=\(Self.memory)", target],
            output: place.output
        )
        let outcome = BackupProcess.Outcome(
            end: await process.ended(),
            lines: ProcessOutput.lastLines(of: place.output)
        )
        guard outcome.isSuccess else {
            if HelperProgram.saysNoSpace(outcome.message) {
                throw JobFailure(
                    JobResult.noSpace,
                    "the volume is full: \(outcome.message); free some room, or choose another node",
                    isWorthRetrying: false
                )
            }
            // What it has left may be neither the copy nor a data directory.
            try place.removeCopy()
            throw copyAgain("the copy cannot be prepared (\(outcome.message))")
        }
        try HelperProgram.synchronize(place.backup)
        try place.writePrepared()
        return JobResult(
            reason: "Done",
            message: "\(again)the copy is consistent up to \(record.gtid)",
            bytes: record.bytes,
            position: record.gtid.position
        )
    }

    func copyAgain(_ why: String) -> JobFailure {
        JobFailure("CopyAgain", "\(why): run the Job that copies again, and this one after it")
    }

    private var target: String { "--target-dir=\(place.backup)" }

    /// Beside other members on the same node it must not take what they need.
    private static let memory = "128M"
}
