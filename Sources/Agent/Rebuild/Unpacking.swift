import NIOCore
import Synchronization

/// Makes files of a backup's stream, on a thread of its own.
final class Unpacking: Sendable {
    private let thread = WorkerThread("unpack")
    private let work: UnpackingWork
    /// What is being written.
    private let last = Mutex<Task<Void, any Error>?>(nil)

    init(into directory: String) { work = UnpackingWork(directory: directory) }

    /// Returns when it has taken the bytes before these, which it takes while the next come.
    func write(_ buffers: [ByteBuffer]) async throws {
        try await last.withLock(\.self)?.value
        last.withLock { [thread, work] last in
            last = Task { try await thread.run { try work.write(buffers) } }
        }
    }

    /// Nothing more comes: returns when all files are written.
    func finish() async throws {
        try await last.withLock(\.self)?.value
        try await thread.run { [work] in try work.finish() }
    }
}

// Unchecked: touched by jobs of the owner's thread only.
private final class UnpackingWork: @unchecked Sendable {
    private var decoder = BackupStreamDecoder()
    private var files: BackupFiles

    init(directory: String) { files = BackupFiles(directory: directory) }

    func write(_ buffers: [ByteBuffer]) throws {
        for buffer in buffers {
            try buffer.withUnsafeReadableBytes { try decoder.decode($0, into: &files) }
        }
    }

    func finish() throws {
        try decoder.finish()
        try files.finish()
    }
}
