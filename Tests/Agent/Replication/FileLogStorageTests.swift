import Testing

@testable import Agent

@Suite struct FileLogStorageTests {
    /// The mark of a new log goes with its first file, whatever a crash leaves of that.
    @Test func aLogThatHasBegunIsNotNew() throws {
        let directory = try TemporaryDirectory()
        try FileLogStorage.prepare(directory: directory.path)
        let storage = try FileLogStorage(directory: directory.path)
        #expect(try !storage.isLost())
        #expect(try storage.names().isEmpty)
        _ = try storage.create("000001.log", contents: [1])
        #expect(try directory.names() == ["000001.log"])
        // The end between the file and the mark.
        try directory.write("unbegun", "")
        let next = try FileLogStorage(directory: directory.path)
        #expect(try directory.names() == ["000001.log"])
        #expect(try !next.isLost())
        try next.delete("000001.log")
        #expect(try next.isLost())
    }
}
