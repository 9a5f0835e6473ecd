import Foundation
import Testing

@testable import ProcessMemory

@Suite struct UnusedCodeTests {
    /// How much of the process's files is mapped now, in KiB, by the kernel's count.
    private func residentFiles() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }

    @Test func codeThatIsNotUsedIsUnmappedAndTheRestComesBack() throws {
        // Code of libraries that is used here and nowhere else in these tests.
        _ = try JSONSerialization.jsonObject(with: Data("[1, 2]".utf8))
        let before = try residentFiles()
        UnusedCode.unmap()
        let after = try residentFiles()
        #expect(after < before)
        let again = try #require(JSONSerialization.jsonObject(with: Data("[1, 2]".utf8)) as? [Int])
        #expect(again == [1, 2])
    }
}
