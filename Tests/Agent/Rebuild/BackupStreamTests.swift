import BinaryLog
import Foundation
import Testing

@testable import Agent

/// One change that a stream makes, as it is written and as it is read.
private enum Change: Equatable {
    case write(String, UInt64, [UInt8])
    case end(String)
    case seek(String, UInt64)
    case rename(String, String)
    case remove(String)

    /// The chunk, as MariaDB writes it.
    var chunk: [UInt8] {
        switch self {
        case .write(let path, let offset, let bytes):
            let crc = bytes.withUnsafeBytes { CRC32.checksum($0) }
            return Self.head("P", path) + Self.little(UInt64(bytes.count)) + Self.little(offset) + Self.little(crc)
                + bytes
        case .end(let path): return Self.head("E", path)
        case .seek(let path, let offset): return Self.head("S", path) + Self.little(offset)
        case .rename(let path, let new): return Self.head("R", path) + Self.little(UInt32(new.utf8.count)) + new.utf8
        case .remove(let path): return Self.head("D", path)
        }
    }

    static func head(_ type: Character, _ path: String) -> [UInt8] {
        Array("XBSTCK01".utf8) + [0, type.asciiValue ?? 0] + little(UInt32(path.utf8.count)) + path.utf8
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

@Suite struct BackupStreamTests {
    private func random(_ count: Int) -> [UInt8] {
        Array(FileHandle(forReadingAtPath: "/dev/urandom")?.readData(ofLength: count) ?? Data())
    }

    /// Makes the files of a stream that comes in pieces of any size.
    private func unpack(_ stream: [UInt8], into directory: String) throws {
        var decoder = BackupStreamDecoder()
        var files = BackupFiles(directory: directory)
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...300_000))
            try piece.withUnsafeBytes { try decoder.decode($0, into: &files) }
            rest = rest.dropFirst(piece.count)
        }
        try decoder.finish()
        try files.finish()
    }

    private func contents(of directory: String) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory),
                !isDirectory.boolValue
            else { continue }
            contents[path] = Array(try #require(FileManager.default.contents(atPath: "\(directory)/\(path)")))
        }
        return contents
    }

    private func unpack(_ changes: [Change]) throws -> [String: [UInt8]] {
        let place = try TemporaryDirectory()
        try unpack(changes.flatMap(\.chunk), into: place.path)
        return try contents(of: place.path)
    }

    /// Some files as MariaDB's own program packs them.
    private func packed(_ sizes: [Int]) async throws -> (stream: [UInt8], files: [String: [UInt8]]) {
        let place = try TemporaryDirectory()
        var files: [String: [UInt8]] = [:]
        try FileManager.default.createDirectory(atPath: "\(place.path)/app", withIntermediateDirectories: false)
        for (index, size) in sizes.enumerated() {
            let name = index.isMultiple(of: 2) ? "app/t\(index).ibd" : "ibdata\(index)"
            files[name] = random(size)
            try Data(files[name] ?? []).write(to: URL(fileURLWithPath: "\(place.path)/\(name)"))
        }
        let names = files.keys.sorted().joined(separator: " ")
        let script = "cd \(place.path) && mbstream -c \(names) >\(place.path)/stream"
        let process = try WatchedProcess.start(["/bin/sh", "-c", script], output: "\(place.path)/output")
        #expect(await process.ended() == .exited(0))
        return (Array(try #require(FileManager.default.contents(atPath: "\(place.path)/stream"))), files)
    }

    @Test func whatMariaDBPacksIsUnpacked() async throws {
        let (stream, files) = try await packed([0, 1, 4095, 4096, 4097, 1 << 20, 1 << 20 + 1, 3_000_000, 12_000_000])
        let place = try TemporaryDirectory()
        try unpack(stream, into: place.path)
        #expect(try contents(of: place.path) == files)
    }

    /// A backup's own log grows while tables come.
    @Test func filesThatTakeTurnsAreKeptApart() throws {
        for _ in 0..<10 {
            var files: [String: [UInt8]] = ["./ib_logfile0": [], "app/a.ibd": [], "app/b.ibd": []]
            var changes: [Change] = []
            for _ in 0..<60 {
                let name = try #require(files.keys.randomElement())
                let bytes = random(Int.random(in: 0...120_000))
                changes.append(.write(name, UInt64(files[name]?.count ?? 0), bytes))
                files[name]? += bytes
            }
            changes += files.keys.map { .end($0) }
            files["ib_logfile0"] = files.removeValue(forKey: "./ib_logfile0")
            #expect(try unpack(changes) == files)
        }
    }

    @Test func aFileMayBeGoneBackIn() throws {
        let (begin, more) = (random(1_500_000), random(10_000))
        var expected = begin
        expected.replaceSubrange(5...7, with: [1, 2, 3])
        let files = try unpack([
            .write("log", 0, begin), .seek("log", 5), .write("log", 5, [1, 2, 3]), .seek("log", 1_500_000),
            .write("log", 1_500_000, more), .end("log"),
        ])
        #expect(files == ["log": expected + more])
    }

    @Test func wholeFilesAreRenamedAndRemoved() throws {
        let files = try unpack([
            .write("app/a", 0, [1]), .end("app/a"), .write("app/b", 0, [2]), .end("app/b"), .rename("app/a", "new/c"),
            .remove("app/b"),
        ])
        #expect(files == ["new/c": [1]])
        #expect(throws: CopyError.self) { try unpack([.write("a", 0, [1]), .rename("a", "b")]) }
        #expect(throws: CopyError.self) { try unpack([.write("a", 0, [1]), .remove("a")]) }
    }

    /// Whichever bit it is: it is noticed, or of no effect. (Of a file without contents only TLS guards the name.)
    @Test func aFlippedBitIsNoticed() async throws {
        let (stream, files) = try await packed([700, 5000])
        let magic = Array("XBSTCK01".utf8)
        let places =
            stream.indices.filter { index in stream[index...].starts(with: magic) }
            .flatMap { $0..<min($0 + 60, stream.count) } + (0..<100).map { _ in Int.random(in: stream.indices) }
        for place in places {
            var damaged = stream
            damaged[place] ^= 1 << UInt8.random(in: 0..<8)
            let directory = try TemporaryDirectory()
            do {
                try unpack(damaged, into: directory.path)
                let found = try contents(of: directory.path)
                #expect(found == files, "byte \(place)")
            } catch is CopyError {} catch is SystemError {}
        }
    }

    @Test func aStreamThatIsCutIsNotWhole() async throws {
        let (stream, _) = try await packed([10, 5000])
        for count in [1, 13, 14, 20, 40] + (0..<50).map({ _ in Int.random(in: 1..<stream.count) }) {
            let directory = try TemporaryDirectory()
            var isWhole = false
            do {
                try unpack(Array(stream.prefix(count)), into: directory.path)
                // It was cut between two files: the frames around it say how many bytes there must be.
                isWhole = true
            } catch is CopyError {}
            let files = try contents(of: directory.path)
            #expect(!isWhole || files.count == 1)
        }
    }

    @Test(arguments: ["/etc/passwd", "../other", "app/../../other", "..", "", "a\0b"])
    func nothingElseIsTouched(path: String) throws {
        let place = try TemporaryDirectory()
        let inner = "\(place.path)/inner"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
        for change in [Change.write(path, 0, [1]), .end(path), .remove(path), .seek(path, 7), .rename("a", path)] {
            let stream = Change.write("a", 0, []).chunk + Change.end("a").chunk + change.chunk
            #expect(throws: CopyError.self) { try unpack(stream, into: inner) }
            try FileManager.default.removeItem(atPath: "\(inner)/a")
        }
        #expect(try contents(of: place.path).isEmpty)
    }

    @Test func nonsenseIsRefused() throws {
        let wrong: [[UInt8]] = [
            Array("XBSTCK02".utf8) + Change.head("E", "a").dropFirst(8), Change.head("?", "a"),
            Change.head("E", String(repeating: "a", count: 512)),
            Change.head("P", "a") + [UInt8](repeating: 0xFF, count: 20),
            Change.head("S", "a") + [UInt8](repeating: 0xFF, count: 8),
            Change.write("a", 1, [1]).chunk, Change.write("a", 0, [1]).chunk + Change.write("a", 0, [1]).chunk,
            (0..<1000).flatMap { Change.write("f\($0)", 0, [1]).chunk },
        ]
        for stream in wrong {
            let place = try TemporaryDirectory()
            #expect(throws: CopyError.self) { try unpack(stream, into: place.path) }
        }
        for _ in 0..<2000 {
            let place = try TemporaryDirectory()
            // Any end will do but a crash; a stream that begins right gets further.
            try? unpack((Bool.random() ? Change.head("P", "a") : []) + random(Int.random(in: 1...64)), into: place.path)
        }
    }
}
