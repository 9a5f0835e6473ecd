import Testing

@testable import Console

@Suite struct ArchiveTests {
    /// Whether tar reads it is tested where a report is made on a cluster.
    @Test func itIsCompressedByGzip() throws {
        var archive = Archive(modified: 1_700_000_000)
        archive.add("a/b.txt", [UInt8](repeating: UInt8(ascii: "x"), count: 100_000))
        let bytes = try archive.compressed()
        #expect(bytes.prefix(3) == [0x1F, 0x8B, 8])
        #expect(bytes.count < 1000)
    }
}
