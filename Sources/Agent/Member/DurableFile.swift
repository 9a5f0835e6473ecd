import FoundationEssentials
import Glibc

/// A small file that is replaced as a whole and survives a loss of power: after `write` returns, a reader finds the new
/// contents, and at any moment before that the old or the new ones, never a mixture.
struct DurableFile: Sendable {
    var directory: String
    var name: String

    private var path: String { "\(directory)/\(name)" }

    /// The contents; nil when the file is not there.
    ///
    /// - Parameter limit: a longer file is refused: it is not one of ours.
    func read(limit: Int = 1 << 20) throws(SystemError) -> Data? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open \(path)")
        }
        defer { close(descriptor) }
        var contents = Data()
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("read \(path)")
            }
            if count == 0 { return contents }
            contents.append(contentsOf: buffer[..<count])
            guard contents.count <= limit else { throw SystemError("read \(path)", code: EFBIG) }
        }
    }

    /// Replaces the contents durably.
    func write(_ contents: Data) throws(SystemError) {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SystemError("create \(temporary)") }
        do {
            defer { close(descriptor) }
            try Self.writeAll(contents, to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw SystemError("fsync \(temporary)") }
        }
        guard rename(temporary, path) == 0 else { throw SystemError("rename \(temporary)") }
        try Self.syncDirectory(directory)
    }

    private static func writeAll(_ contents: Data, to descriptor: Int32, path: String) throws(SystemError) {
        let bytes = [UInt8](contents)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write \(path)")
            }
            written += count
        }
    }

    /// Makes the names in a directory durable.
    static func syncDirectory(_ directory: String) throws(SystemError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(directory)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("fsync \(directory)") }
    }

    /// Makes a directory and its parents where they are missing.
    static func makeDirectories(_ path: String, mode: mode_t = 0o750) throws(SystemError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            if mkdir(prefix, mode) == 0 || errno == EEXIST { continue }
            // A parent that cannot be made may still be there, on a read-only file system for example.
            let code = errno
            guard access(prefix, X_OK) == 0 else { throw SystemError("mkdir \(prefix)", code: code) }
        }
    }
}
