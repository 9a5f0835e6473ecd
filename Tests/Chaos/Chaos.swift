import ClusterFixture
import Foundation

/// Random faults under several writers, and whether anything that was acknowledged is lost; `hack/chaos` starts it.
///
/// Every line of its log says when, what and to whom. The same seed draws the same faults.
@main
enum Chaos {
    static func main() async {
        let words = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        guard words.count == 2, CommandLine.arguments.count == 3 else {
            FileHandle.standardError.write(Data("usage: xdb-chaos SECONDS SEED\n".utf8))
            exit(2)
        }
        let run = Run(seconds: words[0], seed: words[1])
        do {
            try await run.run()
        } catch {
            run.say("FAILED: \(error)")
            run.say("the same faults again: hack/chaos \(words[0]) \(words[1])")
            await run.show()
            exit(1)
        }
    }
}

/// One run.
struct Run: Sendable {
    static let writers = 3
    /// How many strikes there are between two looks at everything.
    static let strikesBetweenChecks = 5

    let seconds: UInt64
    let seed: UInt64
    private let group = LabGroup(name: "chaos")
    private let begin = Moment.now

    init(seconds: UInt64, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }

    func say(_ words: String) {
        let tenths = Moment.now.since(begin) / .milliseconds(100)
        let time = "\(Int(tenths) / 10).\(Int(tenths) % 10)"
        FileHandle.standardOutput.write(
            Data("\(String(repeating: " ", count: max(0, 7 - time.count)))\(time)  \(words)\n".utf8)
        )
    }

    func run() async throws {
        say("\(seconds) s of faults, seed \(seed)")
        try await group.apply()
        try await group.wait(for: "FullyRedundant")
        var writers: [Writer] = []
        for number in 1...Self.writers {
            writers.append(
                try await Writer.start(group, table: "ledger\(number)", patience: 3, pause: .milliseconds(10))
            )
        }
        let strikes = try await strikes(writers)
        try await check(writers)
        for writer in writers { try await group.expectSame(as: writer) }
        say("\(strikes) faults, \(writers.map(\.count).reduce(0, +)) acknowledged rows, all of them on every member")
        try await group.delete()
    }

    private func strikes(_ writers: [Writer]) async throws -> Int {
        var schedule = Schedule(seed: seed)
        var ends: [Fault.End] = []
        var count = 0
        let deadline = begin.microseconds + Int64(seconds) * 1_000_000
        while Moment.now.microseconds < deadline {
            let strike = schedule.next()
            if !strike.overlaps { try await finish(&ends) }
            try await Task.sleep(for: strike.pause)
            guard let victim = try await victim(strike.role) else { continue }
            count += 1
            say("\(count)  \(strike) (\(victim.name) on \(victim.node ?? "no node"))")
            let end = try await strike.fault.begin(on: victim, of: group)
            ends.append {
                try await end()
                if strike.fault.lasts { say("   \(strike.fault.rawValue) of \(victim.name) ends") }
            }
            if strike.fault.lasts { try await Task.sleep(for: strike.duration) }
            if count.isMultiple(of: Self.strikesBetweenChecks) {
                try await finish(&ends)
                try await check(writers)
            }
        }
        try await finish(&ends)
        return count
    }

    private func finish(_ ends: inout [Fault.End]) async throws {
        // The newest first: what was done to a node that has no power is undone when it has.
        while let end = ends.popLast() { try await end() }
    }

    /// The member that plays a part, or has played it last.
    ///
    /// Nil while the API server is away: nothing is known of members then.
    private func victim(_ role: String) async throws -> LabGroup.Member? {
        guard let members = try? await group.members() else { return nil }
        return members.first { $0.role == role } ?? members.first { $0.kind == (role == "Logger" ? role : "Candidate") }
    }

    /// With everything healed the group becomes whole by itself, with one leader, and has every acknowledged row.
    private func check(_ writers: [Writer]) async throws {
        try await group.wait(for: "FullyRedundant")
        try await group.wait(for: "Writable")
        for writer in writers { try await writer.progress(by: 10) }
        for writer in writers { try await group.expectRows(of: writer) }
        let writable = try await group.writableMembers()
        guard writable.count == 1 else { throw ContentsDiffer(description: "open for writes: \(writable)") }
        say(
            "whole again: \(writable[0]) leads epoch \(try await group.epoch()), "
                + "\(writers.map(\.count).reduce(0, +)) acknowledged rows are there"
        )
    }

    /// What the cluster looked like.
    func show() async {
        for words in [["describe", "xdb", "chaos"], ["get", "xop,pods", "-o", "wide"], ["get", "nodes"]] {
            print((try? await Lab.command(["kubectl", "--kubeconfig", "\(Lab.state)/kubeconfig"] + words)) ?? "")
        }
    }
}
