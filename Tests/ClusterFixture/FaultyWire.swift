import Foundation
import Synchronization

/// A wire between two nodes that fails once: what pods of one ask of a member's agent on the other goes over it.
package final class FaultyWire: Sendable {
    /// What becomes of the answer.
    package enum Fault: String, Sendable {
        case flip, cut
    }

    private static let port = "17700"

    private let node: String
    private let rule: [String]
    private let input: FileHandle
    private let lines = Mutex<[String]>([])

    private init(node: String, rule: [String], input: FileHandle) {
        self.node = node
        self.rule = rule
        self.input = input
    }

    /// Lays a wire in the node of a member, for what comes from the pods of another node.
    ///
    /// - Parameter bytes: How much of an answer passes before the wire fails.
    package static func lay(
        to member: LabGroup.Member,
        from other: String,
        _ fault: Fault,
        after bytes: Int
    ) async throws -> FaultyWire {
        guard let node = member.node, let address = member.podIP else {
            throw NotInTime(what: "a wire to \(member.name)", last: "it has no address")
        }
        // The third number of a pod's address is that of its node.
        let numbers = address.split(separator: ".").prefix(2) + [Substring(Lab.number(of: other))]
        let rule = [
            "PREROUTING", "-p", "tcp", "-s", "\(numbers.joined(separator: ".")).0/24", "-d", address, "--dport", "7700",
            "-j", "REDIRECT", "--to-ports", port,
        ]
        let (input, output) = (Pipe(), Pipe())
        for end in [input.fileHandleForWriting, output.fileHandleForReading] {
            _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        let wire = FaultyWire(node: node, rule: rule, input: input.fileHandleForWriting)
        let child = try Child(
            [
                "\(Lab.root)/hack/cluster", "exec", Lab.number(of: node), "\(Lab.programs)/xdb-wire", port, address,
                "7700", fault.rawValue, "\(bytes)",
            ],
            input: input.fileHandleForReading.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor
        )
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        Thread.detachNewThread {
            while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
                let words = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
                wire.lines.withLock { $0 += words }
            }
            _ = child.wait()
        }
        try await eventually("a wire to \(member.name)") { () -> Bool? in wire.has("ready") ? true : nil }
        try await Lab.command(
            ["\(Lab.root)/hack/cluster", "exec", Lab.number(of: node), "iptables", "-w", "-t", "nat", "-I"] + rule
        )
        return wire
    }

    /// Whether it has failed.
    package var hasFailed: Bool { has("failed") }

    /// Takes the wire away.
    package func remove() async throws {
        try await Lab.command(
            ["\(Lab.root)/hack/cluster", "exec", Lab.number(of: node), "iptables", "-w", "-t", "nat", "-D"] + rule
        )
        try input.close()
    }

    private func has(_ line: String) -> Bool { lines.withLock { $0.contains(line) } }
}
