import BinaryLog
import Foundation

/// Files in a directory, for what other programs are to read.
struct FileStorage: LogStorage {
    let directory: String

    struct Failure: Error {
        var call: String
        var code: Int32
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
    }

    func path(_ name: String) -> String { directory + "/" + name }

    func create(_ name: String, contents: [UInt8]) throws -> any LogFile {
        try Data(contents).write(to: URL(fileURLWithPath: path(name)), options: .atomic)
        return try open(name)
    }

    func open(_ name: String) throws -> any LogFile {
        let descriptor = Glibc.open(path(name), O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(call: "open", code: errno) }
        return OpenFile(descriptor: descriptor)
    }

    func delete(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    final class OpenFile: LogFile {
        private let descriptor: Int32

        init(descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit {
            close(descriptor)
        }

        func size() throws -> UInt64 {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw Failure(call: "fstat", code: errno) }
            return UInt64(status.st_size)
        }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
            var total = 0
            while total < buffer.count {
                let count = pread(
                    descriptor,
                    buffer.baseAddress.map { $0 + total },
                    buffer.count - total,
                    off_t(offset) + total
                )
                guard count >= 0 else { throw Failure(call: "pread", code: errno) }
                if count == 0 { break }
                total += count
            }
            return total
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            var total = 0
            while total < bytes.count {
                let count = pwrite(
                    descriptor,
                    bytes.baseAddress.map { $0 + total },
                    bytes.count - total,
                    off_t(offset) + total
                )
                guard count > 0 else { throw Failure(call: "pwrite", code: errno) }
                total += count
            }
        }

        func truncate(to size: UInt64) throws {
            guard ftruncate(descriptor, off_t(size)) == 0 else { throw Failure(call: "ftruncate", code: errno) }
            try synchronize()
        }

        func synchronize() throws {
            guard fdatasync(descriptor) == 0 else { throw Failure(call: "fdatasync", code: errno) }
        }
    }
}

/// A directory that is removed with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "xdb-binlog-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
