import Foundation
import Glibc

/// How busy the machine is that everything shares: what is measured on a busy one says little.
enum MachineLoad {
    /// The share of all processors that was in use, over some seconds.
    static func busy(for seconds: Double) async throws -> Double {
        let before = try times()
        try await Task.sleep(for: .seconds(seconds))
        let after = try times()
        return 1 - Double(after.idle - before.idle) / Double(max(1, after.all - before.all))
    }

    /// Waits until at most a share of the processors is in use, and returns how much is.
    ///
    /// - Throws: When that does not come in ten minutes.
    static func settles(below share: Double) async throws -> Double {
        let deadline = ContinuousClock.now + .seconds(600)
        var seen = 1.0
        while ContinuousClock.now < deadline {
            seen = try await busy(for: 5)
            if seen <= share { return seen }
        }
        throw CommandFailure(
            command: "waiting for an idle machine",
            status: -1,
            output: "after ten minutes \(percent(seen)) of the processors are in use, and \(percent(share)) are "
                + "allowed: end what runs besides, or allow more with --busy"
        )
    }

    /// The time that processes of these programs, and those of their children that have ended, have had on a processor up
    /// to now, in seconds.
    ///
    /// - Parameter programs: Parts of their command lines.
    static func processorTime(of programs: [String]) throws -> [String: Double] {
        let second = Double(sysconf(Int32(_SC_CLK_TCK)))
        var sums: [String: Double] = [:]
        for process in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(process) != nil {
            // One that ends meanwhile counts for nothing.
            guard let words = try? text("/proc/\(process)/cmdline").split(separator: "\0").joined(separator: " "),
                let program = programs.first(where: { words.contains($0) }),
                let fields = try? text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " "),
                fields.count > 14
            else { continue }
            sums[program, default: 0] += fields[11...14].compactMap { Double($0) }.reduce(0, +) / second
        }
        return sums
    }

    /// The kernel's mean number of tasks that run or wait, over the last minute.
    static func average() throws -> Double {
        try text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? .nan
    }

    /// As people read it.
    static func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }

    private static func times() throws -> (idle: Int, all: Int) {
        let words = try text("/proc/stat").split(separator: "\n").first?.split(separator: " ") ?? []
        let values = words.dropFirst().prefix(8).compactMap { Int($0) }
        guard values.count == 8 else {
            throw CommandFailure(command: "reading /proc/stat", status: -1, output: words.joined(separator: " "))
        }
        // Idle, and idle while a disk is waited for.
        return (values[3] + values[4], values.reduce(0, +))
    }

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}
