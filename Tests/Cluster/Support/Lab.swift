import Foundation
import KubernetesModel

/// The local cluster, as its scripts and `kubectl` show it.
///
/// The suite runs only when XDB_CLUSTER is set: it takes minutes, and it kills things.
enum Lab {
    static let isWanted = ProcessInfo.processInfo.environment["XDB_CLUSTER"] != nil
    static let reason = "set XDB_CLUSTER=1 with the local cluster up (hack/cluster up) and the operator applied"

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
    static let state = ProcessInfo.processInfo.environment["XDB_LAB"] ?? "/tmp/xdb-lab"

    /// Runs `kubectl` and returns what it prints.
    @discardableResult
    static func kubectl(_ arguments: String..., input: String = "") async throws -> String {
        try await command(["kubectl", "--kubeconfig", "\(state)/kubeconfig"] + arguments, input: input)
    }

    /// Runs `hack/cluster`.
    @discardableResult
    static func cluster(_ arguments: String...) async throws -> String {
        try await command(["\(root)/hack/cluster"] + arguments)
    }

    /// The number of a node of the local cluster, from its name.
    private static func number(of node: String) -> String { String(node.drop { !$0.isNumber }) }

    /// Cuts the power of a node.
    static func power(off node: String) async throws { try await cluster("kill", number(of: node)) }

    /// Switches a node on again, on the disk that it had.
    static func power(on node: String, zone: String) async throws { try await cluster("node", number(of: node), zone) }

    /// Unplugs a node from the network.
    static func cut(_ node: String) async throws { try await cluster("cut", number(of: node)) }

    /// Plugs it in again.
    static func heal(_ node: String) async throws { try await cluster("heal", number(of: node)) }

    /// Kills a process of a member from inside its node, without the API server.
    static func kill(_ process: String, of member: String, on node: String) async throws {
        let script =
            "for p in $(pgrep -x \(process)); do grep -qx \(member) /proc/$p/root/etc/hostname && kill -9 $p; done; true"
        try await cluster("exec", number(of: node), "sh", "-c", script)
    }

    /// What the agent of a member has said, as the container runtime keeps it on the node.
    static func agentLog(of member: String, in group: TestGroup, on node: String) async throws -> String {
        let path = "/var/log/pods/\(group.namespace)_\(member)_*/engine/*.log"
        return try await cluster("exec", number(of: node), "sh", "-c", "cat \(path) 2>/dev/null || true")
    }

    /// Sets the switch for all groups.
    static func setFailover(_ mode: String) async throws {
        let patch = "{\"data\": {\"failover\": \"\(mode)\"}}"
        try await kubectl("-n", "xdb-system", "patch", "configmap", "xdb-operator", "--type", "merge", "-p", patch)
    }

    /// The files and folders under a path of a node; empty when it is not there.
    static func files(on node: String, under path: String) async throws -> [String] {
        try await cluster("exec", number(of: node), "sh", "-c", "find '\(path)' 2>/dev/null || true")
            .split(separator: "\n").map(String.init)
    }

    /// Removes a path from a node.
    static func remove(_ path: String, on node: String) async throws {
        try await cluster("exec", number(of: node), "rm", "-rf", path)
    }

    /// Adds nodes until there are so many.
    static func ensureNodes(_ count: Int) async throws {
        let present = try await kubectl("get", "nodes", "-o", "name").split(separator: "\n").count
        guard present < count else { return }
        for number in (present + 1)...count { try await cluster("node", "\(number)", "b") }
        try await eventually("\(count) nodes ready") { () -> Bool? in
            let ready = try await kubectl(
                "get",
                "nodes",
                "-o",
                "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
            )
            return ready.split(separator: " ").count { $0 == "True" } >= count ? true : nil
        }
    }

    /// Runs a program to its end, on a thread of its own.
    @discardableResult
    static func command(_ words: [String], input: String = "") async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try runToEnd(words, input) }) }
        }
    }

    private static func runToEnd(_ words: [String], _ input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        // Files, not pipes: what the scripts leave running may hold a pipe open for ever.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("xdb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ contents: String = "") throws -> URL {
            let file = folder.appendingPathComponent(name)
            try Data(contents.utf8).write(to: file)
            return file
        }
        let (stdin, output, errors) = (try file("in", input), try file("out"), try file("err"))
        process.standardInput = try FileHandle(forReadingFrom: stdin)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let complaints = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
            throw CommandFailed(words: words, code: process.terminationStatus, text: complaints)
        }
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
    }
}

/// A program ended with another code than 0.
struct CommandFailed: Error, CustomStringConvertible {
    var words: [String]
    var code: Int32
    var text: String

    var description: String { "\(words.joined(separator: " ")): code \(code): \(text)" }
}

/// Something that was waited for did not come in time.
struct NotInTime: Error, CustomStringConvertible {
    var what: String
    var last: String

    var description: String { "not in time: \(what); last seen: \(last)" }
}

/// Asks again and again until the answer is there.
///
/// The deadline is far off: only what never comes makes a test fail, however slow the machine.
@discardableResult
func eventually<Value>(
    _ what: String,
    every pause: Duration = .milliseconds(300),
    _ body: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + .seconds(240)
    var last = "nothing"
    while ContinuousClock.now < end {
        do {
            if let value = try await body() { return value }
        } catch {
            last = "\(error)"
        }
        try await Task.sleep(for: pause)
    }
    throw NotInTime(what: what, last: last)
}
