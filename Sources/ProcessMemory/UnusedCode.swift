import FoundationEssentials
import Glibc
public import ServiceLifecycle

/// Unmaps the code that a process has run through and does not use any more.
///
/// Most of what our programs have resident is code that only their start or a change of role needs: a third of an agent's
/// memory. It is unmapped once a minute. What is in use comes back from the page cache by itself, in a few hundred minor
/// faults that take less than a millisecond together; the rest is the kernel's to drop as soon as it wants the memory, which it
/// is slow to do with pages that a process has mapped.
public struct UnusedCode: Service {
    /// Unmaps nothing before it runs.
    public init() {}

    /// Runs until the service group or the task ends it.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(60))) != nil { Self.unmap() }
        }
    }

    /// Unmaps all code of the process, of which the next instructions bring back what they need.
    ///
    /// Code is what is mapped of files for reading and execution only, so nothing can be lost: programs and libraries are
    /// position-independent, and neither the linker nor they themselves have written to these pages. Data are left alone.
    static func unmap() {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return }
        for line in maps.split(separator: "\n") {
            // proc(5): 00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus-daemon
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].contains("/") else { continue }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2 else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
        }
    }
}
