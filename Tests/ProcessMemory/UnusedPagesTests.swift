import Foundation
import Testing

@testable import ProcessMemory

@Suite struct UnusedPagesTests {
    /// How much of the process's files is mapped now, in KiB, by the kernel's count.
    private func residentFiles() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }

    @Test func whatIsNotUsedIsUnmappedAndTheRestComesBack() throws {
        // Code of libraries that is used here and nowhere else in these tests.
        _ = try JSONSerialization.jsonObject(with: Data("[1, 2]".utf8))
        let before = try residentFiles()
        UnusedPages.unmap()
        let after = try residentFiles()
        // Most of it: what the test and the runtime use is back.
        #expect(after < before * 3 / 4)
        let again = try #require(JSONSerialization.jsonObject(with: Data("[1, 2]".utf8)) as? [Int])
        #expect(again == [1, 2])
    }

    @Test func onlyWhatItsFileHasIsUnmapped() throws {
        let text = """
            5581f0400000-5581f0452000 r-xp 00010000 08:02 173521                     /usr/local/bin/xdb-operator
            Size:                328 kB
            Anonymous:             0 kB
            Swap:                  0 kB
            VmFlags: rd ex mr mw me
            5581f0452000-5581f0460000 r--p 00052000 08:02 173521                     /usr/local/bin/xdb operator
            Anonymous:             0 kB
            Swap:                  0 kB
            5581f0460000-5581f0468000 r--p 00060000 08:02 173521                     /relocated
            Anonymous:             4 kB
            Swap:                  0 kB
            5581f0468000-5581f0470000 r--p 00068000 08:02 173521                     /swapped
            Anonymous:             0 kB
            Swap:                  8 kB
            5581f0470000-5581f0478000 rw-p 00070000 08:02 173521                     /data
            Anonymous:             0 kB
            Swap:                  0 kB
            5581f0478000-5581f0480000 r--s 00078000 08:02 173521                     /shared
            Anonymous:             0 kB
            7f2a00000000-7f2a00010000 r--p 00000000 00:00 0
            Anonymous:             0 kB
            7ffc0dbf4000-7ffc0dbf6000 r-xp 00000000 00:00 0                          [vdso]
            Anonymous:             0 kB
            7ffc0dbf6000-7ffc0dbf8000 r--p 00000000 08:02 173521                     /unreadable
            Anonymous:             ? kB
            """
        let mappings = UnusedPages.Mapping.all(in: text)
        #expect(mappings.count == 9)
        let unmapped = mappings.filter(\.isAsInItsFile).map(\.bounds)
        #expect(unmapped == [0x5581_f040_0000..<0x5581_f045_2000, 0x5581_f045_2000..<0x5581_f046_0000])
    }

    /// All of it: what is read until a page is not full ends after the program itself, the first file that there is.
    @Test func theKernelsOwnTextIsRead() throws {
        let mappings = UnusedPages.Mapping.all(in: ProcessFile.text(at: "/proc/self/smaps"))
        #expect(mappings.contains { $0.name == "[stack]" })
        #expect(mappings.contains { $0.name.contains("libswiftCore") && $0.isAsInItsFile && $0.permissions == "r-xp" })
        #expect(mappings.contains { $0.name.contains("libswiftCore") && !$0.isAsInItsFile && $0.ownKilobytes > 0 })
    }
}
