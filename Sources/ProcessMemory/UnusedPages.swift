import Glibc
public import ServiceLifecycle

/// Unmaps the code and the constants that a process has read and does not use any more.
///
/// Most of what our programs have resident are pages of files that only their start or a change of role needs: a third of an
/// agent's memory. They are unmapped once a minute. What is in use comes back from the page cache by itself, in a few hundred
/// minor faults that take less than a millisecond together; the rest is the kernel's to drop as soon as it wants the memory,
/// which it is slow to do with pages that a process has mapped.
public struct UnusedPages: Service {
    /// Unmaps nothing before it runs.
    public init() {}

    /// Runs until the service group or the task ends it.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(60))) != nil { Self.unmap() }
        }
    }

    /// Unmaps all code and constants of the process, of which the next instructions bring back what they need.
    static func unmap() {
        for mapping in Mapping.all(in: ProcessFile.text(at: "/proc/self/smaps")) where mapping.isAsInItsFile {
            madvise(
                UnsafeMutableRawPointer(bitPattern: mapping.bounds.lowerBound),
                mapping.bounds.count,
                MADV_DONTNEED
            )
        }
    }

    /// A part of the process's memory, as proc(5) describes it.
    struct Mapping: Hashable {
        var bounds: Range<UInt>
        var permissions: Substring
        /// A path, `[heap]` and the like, or nothing.
        var name: Substring
        /// Pages that are the process's own, by what it or the linker wrote to them: in memory, and in swap.
        var ownKilobytes = 0

        /// Whether its file has all that is in it, so that nothing is lost: nothing can be written there now, and nothing was
        /// before, unlike in what the linker has relocated and then protected.
        var isAsInItsFile: Bool {
            name.hasPrefix("/") && ownKilobytes == 0 && (permissions == "r-xp" || permissions == "r--p")
        }

        /// Those in a text of /proc/PID/smaps.
        static func all(in text: String) -> [Mapping] {
            var mappings: [Mapping] = []
            for line in text.split(separator: "\n") {
                if let mapping = Mapping(header: line) {
                    mappings.append(mapping)
                } else if line.hasPrefix("Anonymous:") || line.hasPrefix("Swap:") {
                    // Anonymous:             0 kB
                    let number = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                    // What cannot be read is as good as written to.
                    if !mappings.isEmpty { mappings[mappings.count - 1].ownKilobytes += number ?? 1 }
                }
            }
            return mappings
        }

        /// From a line like `00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus-daemon`.
        private init?(header line: Substring) {
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count >= 5 else { return nil }
            let bounds = fields[0].split(separator: "-").map { UInt($0, radix: 16) }
            guard bounds.count == 2, let start = bounds[0], let end = bounds[1], start < end else { return nil }
            self.bounds = start..<end
            permissions = fields[1]
            name = fields.count == 6 ? fields[5].drop { $0 == " " } : ""
        }
    }
}
