import BinaryLog
import FoundationEssentials
import Glibc
public import XDB

/// Looks into a member's directory without an agent, and without changing anything there.
///
/// For the day when the agent does not play its part: what it would say of itself is read from its files.
public enum DirectoryInspection {
    /// How many transactions beyond the commit position are listed.
    public static let listed = 20

    /// Reads what there is; what cannot be read is among the problems.
    public static func look(at directory: String) -> MemberInspection {
        var inspected = MemberInspection()
        let state = DurableState(directory: directory)
        attempt(&inspected) { inspected in
            guard let identity = try state.identity() else {
                throw EmptyDirectory(directory: directory)
            }
            inspected.member = identity.member
            inspected.group = identity.group
            inspected.incarnation = identity.incarnation
        }
        attempt(&inspected) { inspected in
            guard let promise = inspected.member == nil ? try state.promise() : try state.keptPromise() else { return }
            inspected.promised = promise.epoch
            inspected.duty = promise.duty.words
        }
        attempt(&inspected) { inspected in
            let text = try DurableFile(directory: directory, name: "committed").read(limit: 128)
            inspected.committed = text.flatMap { GTID(line($0)) }
        }
        attempt(&inspected) { inspected in
            let log = try LogInspection(
                InspectedFiles(directory: FileLogStorage.directory(of: directory)),
                after: inspected.committed?.position ?? .zero,
                limit: listed
            )
            inspected.begin = log.begin
            inspected.last = log.last
            inspected.logBytes = log.bytes
            inspected.logFiles = log.segments
            inspected.tailCount = log.tailCount
            inspected.tail = log.tail
            if let committed = inspected.committed, committed.position > log.position {
                inspected.problems.append(
                    "the log ends at \(log.position), and \(committed.position) is noted as committed: its end is lost"
                )
            }
            if let remark = log.remark { inspected.problems.append(remark) }
        }
        inspected.hasData = access("\(directory)/data/ibdata1", F_OK) == 0
        return inspected
    }

    private static func line(_ contents: Data) -> String {
        String(String(decoding: contents, as: UTF8.self).prefix { !$0.isNewline })
    }

    private static func attempt(_ found: inout MemberInspection, _ body: (inout MemberInspection) throws -> Void) {
        do { try body(&found) } catch { found.problems.append("\(error)") }
    }
}

/// A directory in which no member has begun.
private struct EmptyDirectory: Error, CustomStringConvertible {
    var directory: String
    var description: String { "there is no member's identity in \(directory)" }
}

extension Promise.Duty {
    /// The part in a word or two.
    fileprivate var words: String {
        switch self {
        case .sealed: "sealed"
        case .resigned: "resigned"
        case .lead: "lead"
        case .follow(let leader): "follow \(leader.name)"
        }
    }
}

/// The files of a log for reading alone.
private struct InspectedFiles: LogStorage {
    /// Something that an inspection never does.
    struct ReadOnly: Error {}

    let directory: String

    func names() throws -> [String] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw SystemError("opendir \(directory)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                        String(cString: $0)
                    }
                }
            )
        }
        return names
    }

    func open(_ name: String) throws -> any LogFile { try FileLogFile("\(directory)/\(name)", flags: O_RDONLY) }
    func create(_ name: String, contents: [UInt8]) throws -> any LogFile { throw ReadOnly() }
    func delete(_ name: String) throws { throw ReadOnly() }
}
