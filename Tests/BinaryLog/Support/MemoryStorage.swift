import BinaryLog
import Synchronization

/// Files in memory that remember what is durable, fail on command, and crash.
///
/// A crash keeps of every file what was synchronized, and of what was written since then any part: whole blocks of it, in
/// any combination, cut anywhere.
final class MemoryStorage: LogStorage {
    struct PowerCut: Error {}
    struct Missing: Error {}

    struct Contents: Sendable {
        var bytes: [UInt8]
        var durable: [UInt8]
    }

    struct Disk: Sendable {
        var files: [String: Contents] = [:]
        /// How many more changes of the disk succeed.
        var credit = Int.max
        var synchronizations = 0

        mutating func spend() throws {
            guard credit > 0 else { throw PowerCut() }
            credit -= 1
        }
    }

    private let disk: Mutex<Disk>

    init(_ disk: Disk = Disk()) {
        self.disk = Mutex(disk)
    }

    var contents: [String: Contents] { disk.withLock { $0.files } }
    var synchronizations: Int { disk.withLock { $0.synchronizations } }

    /// Lets only so many more changes succeed.
    func cutPower(after changes: Int) {
        disk.withLock { $0.credit = changes }
    }

    /// Changes a file behind the log's back.
    func corrupt(_ name: String, _ body: (inout [UInt8]) -> Void) {
        disk.withLock { disk in
            guard var contents = disk.files[name] else { return }
            body(&contents.bytes)
            contents.durable = contents.bytes
            disk.files[name] = contents
        }
    }

    /// What is found after a crash.
    func crashed(using random: inout SeededGenerator) -> MemoryStorage {
        var after = Disk()
        for (name, contents) in contents.sorted(by: { $0.key < $1.key }) {
            var bytes = contents.durable
            if contents.bytes.count > bytes.count {
                let size = Int.random(in: bytes.count...contents.bytes.count, using: &random)
                bytes += [UInt8](repeating: 0, count: size - bytes.count)
            }
            // Blocks that were on their way: some arrived, some did not.
            let block = [64, 512, 4096].randomElement(using: &random) ?? 512
            for start in stride(from: 0, to: bytes.count, by: block) where Bool.random(using: &random) {
                for index in start..<min(start + block, bytes.count) where index < contents.bytes.count {
                    bytes[index] = contents.bytes[index]
                }
            }
            after.files[name] = Contents(bytes: bytes, durable: bytes)
        }
        return MemoryStorage(after)
    }

    func names() throws -> [String] { disk.withLock { Array($0.files.keys) } }

    func create(_ name: String, contents: [UInt8]) throws -> any LogFile {
        try disk.withLock { disk in
            try disk.spend()
            disk.files[name] = Contents(bytes: contents, durable: contents)
        }
        return File(storage: self, name: name)
    }

    func open(_ name: String) throws -> any LogFile { File(storage: self, name: name) }

    func delete(_ name: String) throws {
        try disk.withLock { disk in
            try disk.spend()
            disk.files[name] = nil
        }
    }

    final class File: LogFile {
        private let storage: MemoryStorage
        private let name: String

        init(storage: MemoryStorage, name: String) {
            self.storage = storage
            self.name = name
        }

        private func withContents<Result: Sendable>(
            changes: Bool,
            _ body: (inout Contents) throws -> Result
        ) throws -> Result {
            try storage.disk.withLock { disk in
                if changes { try disk.spend() }
                guard var contents = disk.files[name] else { throw Missing() }
                disk.files[name] = nil
                defer { disk.files[name] = contents }
                return try body(&contents)
            }
        }

        func size() throws -> UInt64 { try withContents(changes: false) { UInt64($0.bytes.count) } }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
            try withContents(changes: false) { contents in
                let start = min(Int(offset), contents.bytes.count)
                let count = min(buffer.count, contents.bytes.count - start)
                contents.bytes.withUnsafeBytes { bytes in
                    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
                }
                return count
            }
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            try withContents(changes: true) { contents in
                let end = Int(offset) + bytes.count
                if contents.bytes.count < end {
                    contents.bytes += [UInt8](repeating: 0, count: end - contents.bytes.count)
                }
                contents.bytes.withUnsafeMutableBytes { all in
                    UnsafeMutableRawBufferPointer(rebasing: all[Int(offset)..<end]).copyMemory(from: bytes)
                }
            }
        }

        func truncate(to size: UInt64) throws {
            try withContents(changes: true) { contents in
                contents.bytes.removeLast(contents.bytes.count - Int(size))
                contents.durable = contents.bytes
            }
        }

        func synchronize() throws {
            try withContents(changes: true) { $0.durable = $0.bytes }
            storage.disk.withLock { $0.synchronizations += 1 }
        }
    }
}
