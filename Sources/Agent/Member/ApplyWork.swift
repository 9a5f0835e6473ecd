import Glibc
import ProcessMemory

/// What the threads that apply the log have done so far, as the kernel counts it.
///
/// It tells a server that is at work on one large transaction, or on a schema change, from one that waits for something:
/// neither reports an error, and neither gets on in the log.
struct ApplyWork: Hashable, Sendable {
    /// Their time on processors.
    var processor: Duration
    /// What they have read from disks and written.
    var bytes: UInt64

    /// Threads that wait wake up now and then.
    private static let leastShare = 0.02

    /// Whether they have worked since an earlier look.
    func isWork(since earlier: ApplyWork, within time: Duration) -> Bool {
        bytes != earlier.bytes || (processor - earlier.processor) / time >= Self.leastShare
    }

    /// The threads of the server that apply, by the numbers that the system knows them by.
    static func threads(_ sql: ServerSQL) async throws -> [pid_t] {
        try await sql.query(
            """
            SELECT tid FROM information_schema.processlist \
            WHERE user = 'system user' AND command IN ('Slave_SQL', 'Slave_worker')
            """
        ).compactMap { $0["tid"].flatMap(pid_t.init) }
    }

    /// What threads of a process have done; those that are gone are left out (proc(5): `task/[tid]/stat` and `io`).
    init(of threads: [pid_t], in process: pid_t) {
        self.init(processor: .zero, bytes: 0)
        for thread in threads {
            let folder = "/proc/\(process)/task/\(thread)"
            let fields = ProcessFile.fieldsOfStat(at: "\(folder)/stat")
            // utime and stime, the 14th and 15th of all.
            let ticks = fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
            processor += .seconds(1) / max(1, sysconf(Int32(_SC_CLK_TCK))) * ticks
            for line in ProcessFile.text(at: "\(folder)/io").split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count == 2, words[0] == "read_bytes:" || words[0] == "write_bytes:" else { continue }
                bytes += UInt64(words[1]) ?? 0
            }
        }
    }

    init(processor: Duration, bytes: UInt64) {
        self.processor = processor
        self.bytes = bytes
    }
}
