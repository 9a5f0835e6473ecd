import CMariaDB
import FoundationEssentials
import Glibc
public import Logging
public import XDB

/// One of the three Jobs that make the data of a new life of a member, before its agent runs for the first time.
///
/// All of them work in `rebuild/` of the life's directory until the last moment of the last one: the identity. A
/// directory that has one belongs to a member, and is read and no more. Each may be killed at any moment and run again.
public struct RebuildJob: Sendable {
    /// What is to be done.
    public enum Work: Sendable {
        /// Copies the data of another member, at most so many bytes a second.
        case copy(from: PeerAddress, port: Int, bytesPerSecond: UInt64?)
        /// Makes the copy a data directory.
        case prepare
        /// Makes the data directory, and a log that goes on where it ends, a member's.
        case refresh
    }

    let configuration: AgentConfiguration
    let group: String
    let work: Work
    let logger: Logger
    /// What may still be written to a directory's volume, in bytes.
    var available: @Sendable (String) throws -> UInt64 = { try FreeSpace.available($0) }

    /// A Job that has not begun.
    ///
    /// - Parameters:
    ///   - configuration: as for the agent that will run on the directory.
    ///   - group: the uid of the `XDBGroup`.
    public init(configuration: AgentConfiguration, group: String, work: Work, logger: Logger) {
        self.configuration = configuration
        self.group = group
        self.work = work
        self.logger = logger
    }

    /// Leaves the processors and the disks to everybody else who wants them; to be called before there is a second thread.
    ///
    /// The programs that a Job starts inherit it.
    public static func prepareProcess() {
        xdb_make_idle(getpid())
        xdb_lasting_heap()
    }

    /// Runs it to its end, whatever that is.
    ///
    /// - Returns: what came of it, and whether that is what was wanted.
    public func run() async -> (result: JobResult, succeeded: Bool) {
        // Whoever reads what is written to a pipe may end before all of it is written.
        signal(SIGPIPE, SIG_IGN)
        do {
            if let before = try isMember() { return (before, true) }
            try DurableFile.makeDirectories(place.path)
            let result =
                switch work {
                case .copy(let source, let port, let limit): try await copy(from: source, port, limit)
                case .prepare: try await prepare()
                case .refresh: try await refresh()
                }
            logger.notice("done", metadata: ["reason": "\(result.reason)", "result": "\(result.message)"])
            return (result, true)
        } catch {
            let result = Self.explain(error)
            logger.error("failed", metadata: ["reason": "\(result.reason)", "result": "\(result.message)"])
            return (result, false)
        }
    }

    var place: RebuildPlace { RebuildPlace(directory: configuration.directory) }
    var state: DurableState { DurableState(directory: configuration.directory) }

    var identity: Identity {
        Identity(
            group: group,
            member: configuration.member,
            ordinal: configuration.ordinal,
            incarnation: configuration.incarnation,
            kind: configuration.kind
        )
    }

    /// What is said of a directory that is a member's already; nil for one that is nobody's.
    private func isMember() throws -> JobResult? {
        guard let found = try state.identity() else { return nil }
        guard found == identity else {
            throw StateError.foreign(found: found, expected: "\(identity.member) of the group \(group)")
        }
        if case .refresh = work { try place.remove() }
        return JobResult(
            reason: "DoneBefore",
            message: "the directory is that of \(found.member), incarnation \(found.incarnation), already"
        )
    }

    /// Fails when the volume has not the room for what is to be written.
    ///
    /// - Parameter what: What needs it, as the first words of a sentence.
    func checkSpace(_ what: String, needs needed: UInt64) throws {
        let left = try available(configuration.directory)
        if let failure = FreeSpace.check(what, needs: needed, available: left) { throw failure }
    }

    /// What a failure means for whoever started the Job.
    static func explain(_ error: any Error) -> JobResult {
        switch error {
        case let failure as JobFailure: failure.result
        case let error as CopyError:
            switch error {
            case .sourceFailed: JobResult(reason: "BackupFailed", message: "\(error)", isWorthRetrying: true)
            case .corrupt, .protocolBroken: JobResult(reason: "Corrupt", message: "\(error)", isWorthRetrying: true)
            }
        case let refusal as AgentError:
            JobResult(reason: refusal.reason, message: "the source refuses: \(refusal.message)", isWorthRetrying: true)
        case let error as StateError:
            JobResult(reason: error.reason, message: "\(error)", isWorthRetrying: false)
        case let error as SystemError where error.code == ENOSPC || error.code == EDQUOT:
            JobResult(
                reason: JobResult.noSpace,
                message: "\(error); free some, or choose another node",
                isWorthRetrying: false
            )
        default:
            JobResult(reason: "Failed", message: "\(error)", isWorthRetrying: true)
        }
    }
}

/// A Job that has failed for a known reason.
struct JobFailure: Error, Hashable, Sendable {
    var result: JobResult

    init(_ reason: String, _ message: String, isWorthRetrying: Bool = true) {
        result = JobResult(reason: reason, message: message, isWorthRetrying: isWorthRetrying)
    }
}

/// What a finished copy is known by.
struct CopyRecord: Hashable, Sendable, Codable {
    var source: String
    /// The size of the stream.
    var bytes: UInt64
    /// The last transaction of the data.
    var gtid: GTID
    /// The last transaction of every server id up to there.
    var log: [GTID]
    /// How events are laid out in the source's log.
    var format: [UInt8]
    /// The size of the source's storage engine's log, which the server makes anew; nil in a record of an older agent.
    var logBytes: UInt64?
}

/// The part of a life's directory in which it is made.
struct RebuildPlace: Sendable {
    let directory: String

    var path: String { directory + "/rebuild" }
    var backup: String { path + "/backup" }
    var output: String { path + "/output.log" }
    private var copyFile: DurableFile { DurableFile(directory: path, name: "copy.json") }
    private var preparedFile: DurableFile { DurableFile(directory: path, name: "prepared.json") }

    /// The record of a copy that is whole; nil when there is none.
    ///
    /// What does not read as one is none: the copy is made again.
    var copied: CopyRecord? {
        get throws(SystemError) { try copyFile.read().flatMap { try? JSONDecoder().decode(CopyRecord.self, from: $0) } }
    }

    /// True when there is something of a copy, whole or not.
    var hasRemains: Bool { access(backup, F_OK) == 0 }

    var isPrepared: Bool { get throws(SystemError) { try preparedFile.read() != nil } }

    func write(_ record: CopyRecord) throws { try copyFile.write(JSONEncoder().encode(record)) }

    func writePrepared() throws(SystemError) { try preparedFile.write(Data("{}".utf8)) }

    /// Forgets the copy, its record first: what is left without one is nothing.
    func removeCopy() throws {
        for name in ["copy.json", "prepared.json"] {
            guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else { throw SystemError("unlink \(name)") }
        }
        try DurableFile.syncDirectory(path)
        try Self.remove(backup)
    }

    func remove() throws { try Self.remove(path) }

    /// Removes a file or a directory with everything in it, if it is there.
    static func remove(_ path: String) throws {
        var information = stat()
        guard lstat(path, &information) == 0 else {
            guard errno == ENOENT else { throw SystemError("stat \(path)") }
            return
        }
        try FileManager.default.removeItem(atPath: path)
    }
}
