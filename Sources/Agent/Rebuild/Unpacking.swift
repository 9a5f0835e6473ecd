import CMariaDB
import Glibc
import NIOCore
import Synchronization
import XDB

/// A running `mbstream` that makes files of a backup's stream.
final class Unpacking: Sendable {
    private let process: WatchedProcess
    private let pipe: UnpackingPipe
    private let thread = WorkerThread("unpack")
    private let output: String

    private static let pipeSize: Int32 = 1 << 20
    /// After how much the disk is told to begin.
    private static let writeBack = 64 << 20

    private let directory: String
    /// What is being written.
    private let last = Mutex<Task<Void, any Error>?>(nil)
    private let flusher = WorkerThread("flush")
    private let flush = Mutex((bytes: 0, isRunning: false))

    /// Starts it.
    init(program: String, into directory: String, output: String) throws {
        self.output = output
        self.directory = directory
        var ends: [Int32] = [-1, -1]
        guard xdb_pipe(&ends) == 0 else { throw SystemError("pipe") }
        defer { close(ends[0]) }
        xdb_set_pipe_size(ends[1], Self.pipeSize)
        pipe = UnpackingPipe(ends[1])
        process = try WatchedProcess.start(
            [program, "-x", "-C", directory, "-p", "2"],
            output: output,
            input: ends[0]
        )
    }

    /// Returns when it has taken the bytes before these, which it takes while the next come.
    func write(_ buffer: ByteBuffer) async throws {
        try await last.withLock(\.self)?.value
        last.withLock { [thread, pipe] last in
            last = Task { try await thread.run { try pipe.write(buffer) } }
        }
        flush(buffer.readableBytes)
    }

    /// Has what has come written to the disk meanwhile.
    ///
    /// The kernel would wait until memory is short, or until all of it has to be durable at once: at the end of the copy, and
    /// to the harm of whoever shares the disk.
    private func flush(_ count: Int) {
        let begins = flush.withLock { flush in
            flush.bytes += count
            guard flush.bytes >= Self.writeBack, !flush.isRunning else { return false }
            flush = (0, true)
            return true
        }
        guard begins else { return }
        Task { [self] in
            // What fails here fails again at the end, where it counts.
            try? await flusher.run { [directory] in try HelperProgram.synchronize(directory) }
            flush.withLock { $0.isRunning = false }
        }
    }

    /// Nothing more comes: returns when all files are written.
    func finish() async throws {
        let written = await last.withLock(\.self)?.result
        try await thread.run { [pipe] in pipe.close() }
        let end = await process.ended()
        guard end == .exited(0) else { throw failure(end) }
        try written?.get()
    }

    func kill() { process.signal(SIGKILL) }

    /// Throws what it says, when a failure is its own.
    func explain(_ error: any Error) async throws {
        guard let error = error as? SystemError, error.code == EPIPE else { return }
        throw failure(await process.ended())
    }

    private func failure(_ end: ProcessEnd) -> JobFailure {
        let lines = ProcessOutput.lastLines(of: output, 3).joined(separator: "; ")
        if HelperProgram.saysNoSpace(lines) {
            return JobFailure(
                "NoSpace",
                "the volume is full: \(lines); free some room, or choose another node",
                isWorthRetrying: false
            )
        }
        return JobFailure("UnpackFailed", "mbstream \(end): \(lines)")
    }
}

/// The end of a pipe that is written to; closed once.
// Unchecked: the descriptor is touched by jobs of the owner's thread only, and by `deinit` after the last of them.
private final class UnpackingPipe: @unchecked Sendable {
    private var descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func write(_ buffer: ByteBuffer) throws(SystemError) {
        let written: Result<Void, SystemError> = buffer.withUnsafeReadableBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0 {
                    if errno == EINTR { continue }
                    return .failure(SystemError("write to mbstream"))
                }
                done += count
            }
            return .success(())
        }
        try written.get()
    }
}

/// What the Jobs have in common about the programs that they run.
enum HelperProgram {
    /// Ends what an earlier life of the Job has left behind, should it have been killed alone.
    static func endAll(_ program: String, argument: String) async {
        for process in WatchedProcess.find(program: program, argument: argument) {
            process.signal(SIGKILL)
            _ = await process.ended()
        }
    }

    /// Whether a program's words are those of a full disk.
    static func saysNoSpace(_ text: String) -> Bool {
        ["No space left", "rrcode: 28", "rror 28", "Disk quota exceeded", "rrcode: 122"].contains(where: text.contains)
    }

    /// Makes everything durable on a directory's volume.
    static func synchronize(_ directory: String) throws(SystemError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(directory)") }
        defer { close(descriptor) }
        guard xdb_syncfs(descriptor) == 0 else { throw SystemError("syncfs \(directory)") }
    }
}
