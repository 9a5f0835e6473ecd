import CMariaDB
import Glibc
import NIOCore
import Synchronization
import XDB

/// A running `mariabackup` and the pipe with its stream.
///
/// It lives as long as this process reads the pipe: an agent that is killed closes it, and the next write ends the
/// backup.
final class BackupProcess: Sendable {
    struct Settings: Sendable {
        var program: String
        var dataDirectory: String
        /// For its own files, on the member's volume.
        var temporaryDirectory: String
        var socket: String
        var user: String

        var output: String { temporaryDirectory + "/copy.log" }

        /// `--no-defaults` comes first, and nothing is read from files: what matters, the server tells.
        ///
        /// The server's log is copied 50 times a second, so that little of it is left when commits have to wait.
        var arguments: [String] {
            [
                program, "--no-defaults", "--backup", "--stream=mbstream", "--log-copy-interval=20",
                "--datadir=\(dataDirectory)", "--target-dir=\(temporaryDirectory)/copy",
                "--tmpdir=\(temporaryDirectory)", "--socket=\(socket)", "--user=\(user)",
            ]
        }
    }

    /// How a backup has ended.
    struct Outcome: Hashable, Sendable, CustomStringConvertible {
        var end: ProcessEnd
        /// The last lines of what it said.
        var lines: [String]

        /// By its exit code and by its own words: either alone has been wrong.
        var isSuccess: Bool { end == .exited(0) && lines.suffix(3).contains { $0.hasSuffix("completed OK!") } }

        /// Where the server's binlog ended while no commit was under way; nil when the backup did not say.
        ///
        /// It says the GTID, too, but not the right one on a server that applies: `gtid_current_pos`, which such a server
        /// changes a moment after the commit.
        var binlogEnd: BinlogPlace? { lines.lazy.compactMap(BinlogPlace.init(said:)).last }

        var message: String { isSuccess ? "" : "\(end): \(errors.joined(separator: "; "))" }

        var description: String { isSuccess ? "completed" : message }

        /// What it says of errors, or else its last words.
        private var errors: [String] {
            let errors = lines.filter { $0.contains("[ERROR]") || $0.contains("rror:") || $0.contains("FATAL") }
            return Array((errors.isEmpty ? lines : errors).suffix(3))
        }
    }

    private let process: WatchedProcess
    private let settings: Settings
    private let pipe: Int32
    private let reading = Atomic(false)
    private let frames = Mutex(Frames())

    /// Where frames are read into, in turn, so that a copy does not ask the kernel for every page of it.
    ///
    /// A buffer that is still being sent when its turn comes is left to those who hold it.
    private struct Frames {
        /// One that is read into, one that is sent, and one that the connection may still hold.
        var buffers = [ByteBuffer](repeating: ByteBuffer(), count: 3)
        var next = 0

        mutating func take(_ size: Int) -> ByteBuffer {
            next = (next + 1) % buffers.count
            var buffer = ByteBuffer()
            swap(&buffer, &buffers[next])
            buffer.clear(minimumCapacity: size)
            return buffer
        }

        mutating func lend(_ buffer: ByteBuffer) { buffers[next] = buffer }
    }

    /// A pipe of this size holds what the backup writes while a piece is being sent.
    private static let pipeSize: Int32 = 1 << 20

    /// Starts it at idle priority.
    init(_ settings: Settings) throws {
        self.settings = settings
        try DurableFile.makeDirectories(settings.temporaryDirectory + "/copy")
        unlink(settings.output)
        // One that an earlier agent has left behind is in the way of nobody but the server.
        for old in WatchedProcess.find(
            program: settings.program,
            argument: "--target-dir=\(settings.temporaryDirectory)/copy"
        ) { old.signal(SIGKILL) }
        var ends: [Int32] = [-1, -1]
        guard xdb_pipe(&ends) == 0 else { throw SystemError("pipe") }
        defer { close(ends[1]) }
        pipe = ends[0]
        xdb_set_pipe_size(ends[0], Self.pipeSize)
        do {
            process = try WatchedProcess.start(
                settings.arguments,
                output: settings.output,
                standardOutput: ends[1]
            )
        } catch {
            close(ends[0])
            throw error
        }
        xdb_make_idle(process.pid)
    }

    deinit { close(pipe) }

    /// True while it is waited for what it writes next.
    var isReading: Bool { reading.load(ordering: .relaxed) }

    /// True from when it has commits on the server wait for it.
    var holdsCommits: Bool { Self.holdsCommits(ProcessOutput.lastLines(of: settings.output, 200)) }

    /// The stage is the last one; the server goes on when it is over, and the backup ends soon after.
    static func holdsCommits(_ lines: [String]) -> Bool {
        lines.contains { $0.contains("BACKUP STAGE BLOCK_COMMIT") }
    }

    /// The next frame with at most so many bytes; nil at the end.
    ///
    /// Blocks.
    func read(_ most: Int) throws -> ByteBuffer? {
        reading.store(true, ordering: .relaxed)
        defer { reading.store(false, ordering: .relaxed) }
        var frame = frames.withLock { $0.take(CopyFrames.headSize + most) }
        frame.writeInteger(UInt32(0), endianness: .little)
        let count = frame.withUnsafeMutableWritableBytes { bytes in
            while true {
                let count = Glibc.read(pipe, bytes.baseAddress, min(most, bytes.count))
                if count >= 0 || errno != EINTR { return count }
            }
        }
        guard count >= 0 else { throw SystemError("read the backup") }
        guard count > 0 else { return nil }
        frame.moveWriterIndex(forwardBy: count)
        frame.setInteger(UInt32(count), at: 0, endianness: .little)
        frames.withLock { $0.lend(frame) }
        return frame
    }

    /// Ends it at once: what it has written is of no use, and the server takes back its locks with its connection.
    func kill() { process.signal(SIGKILL) }

    /// How it has ended, once it has.
    func outcome() async -> Outcome {
        Outcome(end: await process.ended(), lines: ProcessOutput.lastLines(of: settings.output))
    }
}

/// A place in a server's binlog.
struct BinlogPlace: Hashable, Sendable {
    var file: String
    var offset: UInt64

    init(file: String, offset: UInt64) {
        self.file = file
        self.offset = offset
    }

    /// From a line of `mariabackup`: `MySQL binlog position: filename 'binlog.000002', position '315618', …`.
    init?(said line: String) {
        // The words and what is in quotes take turns.
        let parts = line.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].hasSuffix("binlog position: filename "), !parts[1].isEmpty,
            parts[2] == ", position ",
            let offset = UInt64(parts[3])
        else { return nil }
        self.init(file: String(parts[1]), offset: offset)
    }

    /// The last transaction before it, by the server whose binlog it is; nil when there is none.
    func gtid(_ sql: ServerSQL) async throws -> GTID? {
        let rows = try await sql.query("SELECT BINLOG_GTID_POS(\(ServerSQL.literal(file)), \(offset)) AS gtid")
        return rows.first?["gtid"].flatMap(GTID.init)
    }
}

/// What a helper program has said.
enum ProcessOutput {
    /// The last lines of a file, shortened; empty when there is none.
    static func lastLines(of path: String, _ count: Int = 40) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let end = lseek(descriptor, 0, SEEK_END)
        let read = pread(descriptor, &bytes, bytes.count, max(0, end - off_t(bytes.count)))
        return bytes.prefix(max(0, read)).split(separator: UInt8(ascii: "\n")).suffix(count).map {
            String(decoding: $0.prefix(400), as: UTF8.self)
        }
    }
}
