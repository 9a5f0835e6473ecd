import BinaryLog

/// What a backup's stream has done to files, one after the other.
protocol BackupStreamSink {
    /// More bytes of a file, which is made when these are its first.
    mutating func write(_ bytes: UnsafeRawBufferPointer, to path: String, at offset: UInt64) throws
    /// The file is whole.
    mutating func end(_ path: String) throws
    /// The next bytes of a file begin elsewhere.
    mutating func seek(_ path: String, to offset: UInt64) throws
    mutating func rename(_ path: String, to new: String) throws
    mutating func remove(_ path: String) throws
}

/// Takes the stream of `mariabackup --stream=mbstream` apart, in whatever pieces it comes.
///
/// A stream is a sequence of chunks, in MariaDB 10.11 of these (extra/mariabackup/xbstream.h of its source; integers are
/// little-endian): the magic `XBSTCK01`, a byte of flags, a byte with the type, four bytes with the length of a path, the
/// path, and then
///
/// | Type | |
/// |---|---|
/// | `P` | bytes of the file: their number (8), their offset (8), their CRC-32 (4), and they themselves |
/// | `E` | nothing: the file is whole |
/// | `S` | the offset of the file's next bytes (8) |
/// | `R` | the file's new path, after its length (4) |
/// | `D` | nothing: the file is removed |
///
/// The CRC-32 is computed by the backup when it has read the bytes, and checked here: it covers all of their way.
struct BackupStreamDecoder {
    /// What is being read.
    private enum Part {
        case head
        case path
        case payloadHead
        case payload
        case offset
        case newLength
        case newPath
    }

    private static let magic = Array("XBSTCK01".utf8)
    private static let headSize = 14
    /// Of a path: what MariaDB's own reader allows.
    private static let longestPath = 511

    private var part = Part.head
    /// The bytes that have come of a part, and how many it has; those of a payload are passed on at once.
    private var collected: [UInt8] = []
    private var needed = Self.headSize
    private var type = UInt8(0)
    private var path = ""
    /// Of the payload under way.
    private var remaining = UInt64(0)
    private var offset = UInt64(0)
    private var expected = UInt32(0)
    private var crc = UInt32(0)
    /// How many bytes have been read.
    private(set) var position = UInt64(0)

    /// Reads the next bytes.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, into sink: inout some BackupStreamSink) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard part == .payload else {
                let taken = rest.prefix(needed - collected.count)
                collected += taken
                rest = rest.dropFirst(taken.count)
                position += UInt64(taken.count)
                if collected.count == needed { try finishPart(&sink) }
                continue
            }
            let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(min(remaining, UInt64(rest.count)))))
            crc = CRC32.checksum(taken, continuing: crc)
            try sink.write(taken, to: path, at: offset)
            offset += UInt64(taken.count)
            remaining -= UInt64(taken.count)
            position += UInt64(taken.count)
            rest = rest.dropFirst(taken.count)
            if remaining == 0 { try finishPayload() }
        }
    }

    /// Nothing more comes: what has come must end with a chunk.
    func finish() throws(CopyError) {
        guard part == .head, collected.isEmpty else { throw .corrupt("the backup ends amid a chunk, at \(position)") }
    }

    private mutating func begin(_ next: Part, _ size: Int) {
        part = next
        needed = size
        collected.removeAll(keepingCapacity: true)
    }

    private mutating func finishPart(_ sink: inout some BackupStreamSink) throws {
        switch part {
        case .head:
            guard collected.starts(with: Self.magic) else {
                throw CopyError.corrupt("no chunk of a backup begins at \(position - UInt64(needed))")
            }
            type = collected[9]
            begin(.path, try pathLength(integer(at: 10, UInt32.self)))
        case .path:
            path = try text()
            switch type {
            case UInt8(ascii: "P"): begin(.payloadHead, 20)
            case UInt8(ascii: "S"): begin(.offset, 8)
            case UInt8(ascii: "R"): begin(.newLength, 4)
            case UInt8(ascii: "E"):
                try sink.end(path)
                begin(.head, Self.headSize)
            case UInt8(ascii: "D"):
                try sink.remove(path)
                begin(.head, Self.headSize)
            default:
                throw CopyError.corrupt("a chunk of the unknown type \(type) of \(path), at \(position)")
            }
        case .payloadHead:
            remaining = integer(at: 0, UInt64.self)
            offset = integer(at: 8, UInt64.self)
            expected = integer(at: 16, UInt32.self)
            crc = 0
            guard remaining <= UInt64(Int64.max), offset <= UInt64(Int64.max) - remaining else {
                throw CopyError.corrupt("a chunk of \(remaining) bytes at \(offset) of \(path)")
            }
            part = .payload
            // A file may have nothing in it.
            if remaining == 0 {
                try sink.write(UnsafeRawBufferPointer(start: nil, count: 0), to: path, at: offset)
                try finishPayload()
            }
        case .offset:
            let offset = integer(at: 0, UInt64.self)
            guard offset <= UInt64(Int64.max) else { throw CopyError.corrupt("the offset \(offset) of \(path)") }
            try sink.seek(path, to: offset)
            begin(.head, Self.headSize)
        case .newLength:
            begin(.newPath, try pathLength(integer(at: 0, UInt32.self)))
        case .newPath:
            try sink.rename(path, to: try text())
            begin(.head, Self.headSize)
        case .payload:
            break
        }
    }

    private mutating func finishPayload() throws(CopyError) {
        guard crc == expected else {
            throw .corrupt("the bytes of \(path) before \(offset) have the CRC-32 \(crc), and had \(expected)")
        }
        begin(.head, Self.headSize)
    }

    private func integer<Value: FixedWidthInteger>(at index: Int, _ type: Value.Type) -> Value {
        collected.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: index, as: Value.self)) }
    }

    private func pathLength(_ length: UInt32) throws(CopyError) -> Int {
        guard (1...Self.longestPath).contains(Int(length)) else { throw .corrupt("a path of \(length) bytes") }
        return Int(length)
    }

    /// A path below the directory that the backup is for: nothing else is touched, whatever comes.
    private func text() throws(CopyError) -> String {
        guard let path = String(validating: collected, as: UTF8.self), !path.utf8.contains(0), !path.hasPrefix("/"),
            !path.split(separator: "/", omittingEmptySubsequences: false).contains("..")
        else { throw .corrupt("the path \(String(decoding: collected, as: UTF8.self))") }
        return path
    }
}
