import CMariaDB
import Glibc

/// Makes the files of a backup in a directory.
///
/// They are written past the page cache (`O_DIRECT`) where the file system can: a copy reads none of what it has written,
/// and would drive the pages of everybody else on the host from memory and have the kernel write them to the disk in
/// bursts, at nobody's priority, while others wait for their commits.
struct BackupFiles: BackupStreamSink {
    private let directory: String
    private var files: [String: BackupFile] = [:]
    private var made: Set<String> = []

    /// More than a backup has open at a time.
    private static let mostOpen = 256

    init(directory: String) { self.directory = directory }

    mutating func write(_ bytes: UnsafeRawBufferPointer, to path: String, at offset: UInt64) throws {
        let file = try files[path] ?? create(path)
        guard offset == file.position else {
            throw CopyError.corrupt("the bytes at \(offset) of \(path) come when those at \(file.position) should")
        }
        try file.write(bytes)
    }

    mutating func end(_ path: String) throws {
        let file = try files[path] ?? create(path)
        try file.finish()
        files[path] = nil
    }

    mutating func seek(_ path: String, to offset: UInt64) throws {
        try (files[path] ?? create(path)).seek(to: offset)
    }

    mutating func rename(_ path: String, to new: String) throws {
        guard files[path] == nil, files[new] == nil else {
            throw CopyError.corrupt("\(path) is given the name \(new) while it is written")
        }
        try makeParents(of: new)
        guard Glibc.rename("\(directory)/\(path)", "\(directory)/\(new)") == 0 else {
            throw SystemError("rename \(path) to \(new)")
        }
    }

    mutating func remove(_ path: String) throws {
        guard files[path] == nil else { throw CopyError.corrupt("\(path) is removed while it is written") }
        guard unlink("\(directory)/\(path)") == 0 else { throw SystemError("unlink \(path)") }
    }

    /// Nothing more comes: every file must be whole.
    func finish() throws {
        guard let path = files.keys.min() else { return }
        throw CopyError.corrupt("the backup ends before \(path) does")
    }

    private mutating func create(_ path: String) throws -> BackupFile {
        guard files.count < Self.mostOpen else {
            throw CopyError.corrupt("more than \(Self.mostOpen) files are written at the same time")
        }
        try makeParents(of: path)
        let file = try BackupFile(path: "\(directory)/\(path)")
        files[path] = file
        return file
    }

    private mutating func makeParents(of path: String) throws {
        guard let end = path.lastIndex(of: "/") else { return }
        let parent = "\(directory)/\(path[..<end])"
        guard !made.contains(parent) else { return }
        try DurableFile.makeDirectories(parent)
        made.insert(parent)
    }
}

/// A file that is written from its begin to its end, in pieces of a whole buffer.
final class BackupFile {
    private let path: String
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    /// How much of the buffer is filled, and where in the file that belongs.
    private var filled = 0
    private var written = UInt64(0)
    private var isDirect: Bool

    /// Where the next bytes belong.
    var position: UInt64 { written + UInt64(filled) }

    /// Large enough for a disk to be busy with one, small enough to have one per open file.
    private static let bufferSize = 1 << 20
    /// What `O_DIRECT` asks of memory, offsets and lengths: the block of any usual disk divides it.
    private static let alignment = 4096

    init(path: String) throws(SystemError) {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        var descriptor = open(path, flags | xdb_direct(), 0o640)
        isDirect = descriptor >= 0
        // Not every file system can, and some have made the file when they say so.
        if descriptor < 0, errno == EINVAL {
            unlink(path)
            descriptor = open(path, flags, 0o640)
        }
        guard descriptor >= 0 else { throw SystemError("create \(path)") }
        self.descriptor = descriptor
        buffer = .allocate(byteCount: Self.bufferSize, alignment: Self.alignment)
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(Self.bufferSize - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: .init(rebasing: taken))
            filled += taken.count
            rest = rest.dropFirst(taken.count)
            if filled == Self.bufferSize { try flush(Self.bufferSize) }
        }
    }

    /// Writes what is left.
    func finish() throws(SystemError) {
        try flush(filled / Self.alignment * Self.alignment)
        if filled > 0 { try bufferFromNowOn() }
        try flush(filled)
    }

    /// Goes on elsewhere, which need not be at a block's begin.
    func seek(to offset: UInt64) throws(SystemError) {
        try finish()
        try bufferFromNowOn()
        written = offset
    }

    private func bufferFromNowOn() throws(SystemError) {
        guard isDirect else { return }
        guard fcntl(descriptor, F_SETFL, 0) == 0 else { throw SystemError("fcntl \(path)") }
        isDirect = false
    }

    /// Writes so many bytes of the buffer, and moves the others to its begin.
    private func flush(_ count: Int) throws(SystemError) {
        var done = 0
        while done < count {
            let result = pwrite(descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(written))
            if result < 0 {
                if errno == EINTR { continue }
                guard isDirect, errno == EINVAL else { throw SystemError("write \(path)") }
                // The file system has larger blocks, or can only say so here.
                try bufferFromNowOn()
                continue
            }
            done += result
            written += UInt64(result)
            // After a part of a block, which a full disk may lead to, nothing is aligned any more.
            if done % Self.alignment != 0 { try bufferFromNowOn() }
        }
        guard done > 0 else { return }
        buffer.copyMemory(from: .init(rebasing: buffer[done..<filled]))
        filled -= done
    }
}
