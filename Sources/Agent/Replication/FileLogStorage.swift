import BinaryLog
import FoundationEssentials
import Glibc

/// The files of a log in a directory of the file system.
final class FileLogStorage: LogStorage {
    /// A new file has this ending until its contents are durable.
    private static let temporarySuffix = ".new"
    /// An empty file that is there until the log has its first.
    private static let unbegun = "unbegun"

    private let directory: String

    /// Where the log of a member is.
    static func directory(of member: String) -> String { "\(member)/log" }

    /// Makes the directory where it is missing, and removes what a crash has left half made.
    init(directory: String) throws {
        self.directory = directory
        try DurableFile.makeDirectories(directory)
        for name in try list() where name.hasSuffix(Self.temporarySuffix) { unlink(path(name)) }
        if try !names().isEmpty { try begin() }
    }

    /// Says durably that no log has begun in a directory.
    ///
    /// A log that has begun always has a file. So one without files and without this mark has lost them, and is not to
    /// be taken for a new one.
    static func prepare(directory: String) throws(SystemError) {
        try DurableFile.makeDirectories(directory)
        try DurableFile(directory: directory, name: unbegun).write(Data())
    }

    /// Whether files that were durable are gone: all of them.
    func isLost() throws -> Bool {
        try names().isEmpty && access(path(Self.unbegun), F_OK) != 0
    }

    func names() throws -> [String] {
        try list().filter { !$0.hasSuffix(Self.temporarySuffix) && $0 != Self.unbegun }
    }

    func create(_ name: String, contents: [UInt8]) throws -> any LogFile {
        let temporary = path(name + Self.temporarySuffix)
        let file = try FileLogFile(temporary, flags: O_RDWR | O_CREAT | O_TRUNC)
        try contents.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
        guard rename(temporary, path(name)) == 0 else { throw SystemError("rename \(temporary)") }
        try DurableFile.syncDirectory(directory)
        try begin()
        return file
    }

    func open(_ name: String) throws -> any LogFile {
        try FileLogFile(path(name), flags: O_RDWR)
    }

    func delete(_ name: String) throws {
        guard unlink(path(name)) == 0 || errno == ENOENT else { throw SystemError("unlink \(path(name))") }
        try DurableFile.syncDirectory(directory)
    }

    /// Takes the mark away, before anything that is in the log's first file counts as durable.
    private func begin() throws {
        guard unlink(path(Self.unbegun)) == 0 else {
            guard errno == ENOENT else { throw SystemError("unlink \(path(Self.unbegun))") }
            return
        }
        try DurableFile.syncDirectory(directory)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func list() throws -> [String] {
        guard let stream = opendir(directory) else { throw SystemError("opendir \(directory)") }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if entry.pointee.d_type != UInt8(DT_DIR) { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw SystemError("readdir \(directory)") }
        return names
    }
}

/// One open segment.
///
/// Positioned reads and writes do not share an offset, so they may run on several threads at once; the descriptor is
/// closed when nobody has the file any more.
final class FileLogFile: LogFile {
    private let descriptor: CInt
    private let path: String

    init(_ path: String, flags: CInt) throws {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        Glibc.close(descriptor)
    }

    func size() throws -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("fstat \(path)") }
        return UInt64(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor,
                buffer.baseAddress?.advanced(by: done),
                buffer.count - done,
                off_t(offset) + off_t(done)
            )
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("pread \(path)")
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor,
                bytes.baseAddress?.advanced(by: done),
                bytes.count - done,
                off_t(offset) + off_t(done)
            )
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("pwrite \(path)")
            }
            done += count
        }
    }

    func truncate(to size: UInt64) throws {
        while ftruncate(descriptor, off_t(size)) != 0 {
            guard errno == EINTR else { throw SystemError("ftruncate \(path)") }
        }
        guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
    }

    func synchronize() throws {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw SystemError("fdatasync \(path)") }
        }
    }
}
