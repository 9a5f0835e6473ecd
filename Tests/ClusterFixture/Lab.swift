import Foundation
package import Kubernetes
package import KubernetesModel

/// The local cluster, as its scripts and `kubectl` show it.
///
/// The suite runs only when XDB_CLUSTER is set: it takes minutes, and it kills things.
package enum Lab {
    package static let isWanted = ProcessInfo.processInfo.environment["XDB_CLUSTER"] != nil
    package static let reason = "set XDB_CLUSTER=1 with the local cluster up (hack/cluster up) and the operator applied"

    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    package static let state = ProcessInfo.processInfo.environment["XDB_LAB"] ?? "/tmp/xdb-lab"

    /// Where the package's programs are.
    package static let programs = "\(root)/.build/release"

    /// For what is read again and again; what users do is done with `kubectl`.
    ///
    /// It waits for nothing: the API server is away in some tests, and whoever asks asks again.
    package static let client: KubernetesClient = {
        do {
            return KubernetesClient(
                try Configuration.load(file: "\(state)/kubeconfig"),
                fieldManager: "xdb-tests",
                limits: KubernetesClient.Limits(attempts: 1, timeout: .seconds(20))
            )
        } catch {
            fatalError("\(error)")
        }
    }()

    /// Runs `kubectl` and returns what it prints.
    @discardableResult
    package static func kubectl(_ arguments: String..., input: String = "") async throws -> String {
        try await command(["kubectl", "--kubeconfig", "\(state)/kubeconfig"] + arguments, input: input)
    }

    /// Runs `hack/cluster`.
    @discardableResult
    package static func cluster(_ arguments: String...) async throws -> String {
        try await command(["\(root)/hack/cluster"] + arguments)
    }

    /// The names of the nodes.
    package static func nodes() async throws -> [String] {
        try await client.list(Node.self).items.map(\.metadata.name)
    }

    /// The zone of a node.
    package static func zone(of node: String) async throws -> String {
        let labels = try await client.get(Node.self, ObjectKey(name: node)).metadata.labels
        return labels["topology.kubernetes.io/zone"] ?? ""
    }

    /// Runs a command inside a node.
    @discardableResult
    package static func inside(_ node: String, _ words: String...) async throws -> String {
        try await command(["\(root)/hack/cluster", "exec", number(of: node)] + words)
    }

    /// Gives an image that every node has another name.
    package static func tag(_ image: String, as name: String) async throws {
        for node in try await nodes() { try await inside(node, "ctr", "images", "tag", "--force", image, name) }
    }

    /// The number of a node of the local cluster, from its name.
    static func number(of node: String) -> String { String(node.drop { !$0.isNumber }) }

    /// Cuts the power of a node.
    package static func power(off node: String) async throws { try await cluster("kill", number(of: node)) }

    /// Switches a node on again, on the disk that it had.
    package static func power(on node: String, zone: String) async throws {
        try await cluster("node", number(of: node), zone)
    }

    /// Unplugs a node from the network, or loses all that it receives (`in`) or sends (`out`).
    package static func cut(_ node: String, _ direction: String = "both") async throws {
        try await cluster("cut", number(of: node), direction)
    }

    /// Loses so many per cent of the packets that the node sends, and delays the others by so many milliseconds.
    package static func slow(_ node: String, loss: Int, delay: Int) async throws {
        try await cluster("slow", number(of: node), "\(loss)", "\(delay)")
    }

    /// Ends what `cut` and `slow` began.
    package static func heal(_ node: String) async throws { try await cluster("heal", number(of: node)) }

    /// How `pgrep` finds a member's server.
    package static let server = "-x mariadbd"
    /// How `pgrep` finds a member's agent; the process that restarts it is another.
    package static let agent = "-f 'xdb-agent run'"

    /// Sends a signal to a process of a member from inside its node, without the API server.
    ///
    /// - Parameter life: `LabGroup.Member.life`, which is the name of its pod and the host name in it.
    package static func signal(_ signal: String, _ process: String, of life: String, on node: String) async throws {
        let script =
            "for p in $(pgrep \(process)); do "
            + "[ \"$(nsenter -t $p -u uname -n)\" != \(life) ] || kill -\(signal) $p; done; true"
        try await inside(node, "sh", "-c", script)
    }

    /// Begins a statement on a member's server from inside its node, without the API server, and returns when a word of it
    /// is in the server's binlog.
    package static func begin(
        _ statement: String,
        with word: String,
        in life: String,
        on node: String
    ) async throws {
        let client = "mariadb -S /run/xdb/mysqld.sock -e '\(statement)' >/dev/null 2>&1 &"
        let wait = "until cat /var/lib/xdb/data/binlog.0* | grep -aqF '\(word)'; do sleep 0.1; done"
        let script =
            "for p in $(pgrep -x mariadbd); do [ \"$(nsenter -t $p -u uname -n)\" != \(life) ] || "
            + "nsenter -t $p -m -p -S 999 -G 999 timeout 120 sh -c \"\(client) \(wait)\" || exit 1; done"
        try await inside(node, "sh", "-c", script)
    }

    /// Its Deployment, its Lease and its ConfigMap.
    private static let operatorKey = ObjectKey(namespace: "xdb-system", name: "xdb-operator")
    private static let operatorLabel = "app.kubernetes.io/name=xdb-operator"

    /// The operator's pods.
    package static func operators() async throws -> [Pod] {
        try await client.list(Pod.self, in: "xdb-system", ListOptions(Selection(labels: operatorLabel))).items
    }

    /// Kills the operator's pods; new ones are made at once, which have to wait for the lease of the old.
    package static func replaceOperator() async throws {
        try await kubectl(
            "-n",
            "xdb-system",
            "delete",
            "pod",
            "-l",
            operatorLabel,
            "--force",
            "--grace-period=0",
            "--wait=false"
        )
    }

    /// Ends the operator's pods in order; the new ones need not wait.
    package static func restartOperator() async throws {
        try await kubectl("-n", "xdb-system", "rollout", "restart", "deployment/xdb-operator")
        try await kubectl("-n", "xdb-system", "rollout", "status", "deployment/xdb-operator")
    }

    /// True for the tests that take long, too.
    package static let isLong = ProcessInfo.processInfo.environment["XDB_LONG"] != nil

    /// Does something with which the operator comes to a step, and has it end after that step.
    package static func crashOperator(after point: String, _ body: () async throws -> Void) async throws {
        let before = try await restarts()
        try await setCrash(after: point)
        try await body()
        try await eventually("the operator ends after \(point)") { () -> Bool? in
            try await restarts() > before ? true : nil
        }
        try await setCrash(after: nil)
    }

    /// The kubelet waits longer before each restart of the same pod.
    ///
    /// A new one has to be there before the next point is set: what a process finds at its start does not make it end.
    package static func replaceCrashedOperators() async throws {
        for pod in try await operators() where !pod.metadata.isBeingDeleted && restarts(of: pod) > 0 {
            try await kubectl("-n", "xdb-system", "delete", "pod", pod.metadata.name)
        }
        try await kubectl("-n", "xdb-system", "rollout", "status", "deployment/xdb-operator")
    }

    private static func restarts() async throws -> Int {
        try await operators().filter { !$0.metadata.isBeingDeleted }.map { restarts(of: $0) }.reduce(0, +)
    }

    private static func restarts(of pod: Pod) -> Int {
        pod.status.containerStatuses.map(\.restartCount).reduce(0, +)
    }

    /// Has the operator crash once after a step; nil takes that back.
    package static func setCrash(after point: String?) async throws {
        let value = point.map { "\"\($0)\"" } ?? "null"
        let patch = "{\"data\": {\"crashAfter\": \(value)}}"
        try await kubectl("-n", "xdb-system", "patch", "configmap", "xdb-operator", "--type", "merge", "-p", patch)
    }

    /// Has the operator that works on one node, and the one that waits on another.
    package static func moveOperator(to node: String) async throws {
        try await onlyOn(node) { try await restartOperator() }
        let (works, others) = try await eventually("one of the operators works") { () -> (String, [String])? in
            let holder = try await client.get(Lease.self, operatorKey).spec.holderIdentity
            // Those that were there before may still end.
            let pods = try await operators().filter { !$0.metadata.isBeingDeleted }.map(\.metadata.name)
            return pods.contains(holder) && pods.count > 1 ? (holder, pods.filter { $0 != holder }) : nil
        }
        for other in others { try await kubectl("-n", "xdb-system", "delete", "pod", "--ignore-not-found", other) }
        try await eventually("the other operator waits elsewhere") { () -> Bool? in
            try await operators().contains { pod in
                pod.metadata.name != works && !pod.metadata.isBeingDeleted && pod.spec.nodeName != node && pod.isReady
            } ? true : nil
        }
    }

    /// Lets no new pod run elsewhere meanwhile.
    private static func onlyOn(_ node: String, _ body: () async throws -> Void) async throws {
        let others = try await nodes().filter { $0 != node }
        for other in others { try await kubectl("cordon", other) }
        do { try await body() } catch {
            for other in others { try await kubectl("uncordon", other) }
            throw error
        }
        for other in others { try await kubectl("uncordon", other) }
    }

    private static let smallDisk = "/var/lib/xdb/small"

    /// Gives every node a disk that can be filled.
    package static func giveSmallDisks(megabytes: Int) async throws {
        for node in try await nodes() {
            if try await inside(node, "sh", "-c", "mountpoint -q \(smallDisk) || echo none")
                .isEmpty
            {
                continue
            }
            try await cluster("disk", number(of: node), "\(megabytes)")
        }
    }

    /// Takes all the space of a node's small disk, but so many megabytes.
    package static func fillSmallDisk(of node: String, but rest: Int = 0) async throws {
        let script =
            "dd if=/dev/zero of=\(smallDisk)/filled bs=1M 2>/dev/null; "
            + "dd if=/dev/zero of=\(smallDisk)/filled-more bs=4k 2>/dev/null; "
            + "truncate -s -\(rest)M \(smallDisk)/filled"
        try await inside(node, "sh", "-c", script)
    }

    /// Gives it back.
    package static func emptySmallDisk(of node: String) async throws {
        try await inside(node, "sh", "-c", "rm -f \(smallDisk)/filled*")
    }

    /// What the agent of a life of a member has said, as the container runtime keeps it on the node.
    package static func agentLog(of life: String, in group: LabGroup, on node: String) async throws -> String {
        let path = "/var/log/pods/\(group.namespace)_\(life)_*/engine/*.log"
        return try await inside(node, "sh", "-c", "cat \(path) 2>/dev/null || true")
    }

    /// Sets the switch for all groups.
    ///
    /// Returns when the operator says that it has taken it over.
    package static func setFailover(_ mode: String) async throws {
        let present = try await client.get(ConfigMap.resource, operatorKey)[path: "data", "failover"]?.stringValue
        guard present != mode else { return }
        func told() async throws -> Int {
            try await kubectl("-n", "xdb-system", "logs", "-l", operatorLabel, "--tail=-1")
                .split(separator: "\n").count { $0.contains("failover of all groups") && $0.contains(mode) }
        }
        let before = try await told()
        let patch = "{\"data\": {\"failover\": \"\(mode)\"}}"
        try await kubectl("-n", "xdb-system", "patch", "configmap", "xdb-operator", "--type", "merge", "-p", patch)
        try await eventually("the operator takes over failover: \(mode)") { () -> Bool? in
            try await told() > before ? true : nil
        }
    }

    /// The groups, their pods and what the agents and the operator said last, for somebody who has to find out why
    /// something did not come.
    package static func scene() async -> String {
        let script = """
            kubectl get xdb --all-namespaces -o wide
            kubectl get xdb --all-namespaces -o jsonpath='{range .items[*]}{.metadata.name}{": "}{.status}{"\\n"}{end}'
            kubectl get pods --all-namespaces -o wide -L xdb-operator.github.io/role
            kubectl get pods --all-namespaces -l xdb-operator.github.io/group \\
                -o jsonpath='{range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}' |
            while read -r namespace name; do
                echo "== $name"; kubectl -n "$namespace" logs --tail 12 "$name"
            done
            kubectl -n xdb-system logs -l \(operatorLabel) --prefix --tail 20
            """
        return (try? await command(["env", "KUBECONFIG=\(state)/kubeconfig", "sh", "-c", "{ \(script)\n} 2>&1"])) ?? ""
    }

    /// The files and, unless they are of no interest, the folders under a path of a node; empty when it is not there.
    package static func files(on node: String, under path: String, folders: Bool = true) async throws -> [String] {
        let choice = folders ? "" : "-not -type d"
        return try await inside(node, "sh", "-c", "find '\(path)' \(choice) 2>/dev/null || true")
            .split(separator: "\n").map(String.init)
    }

    /// Removes a path from a node.
    package static func remove(_ path: String, on node: String) async throws {
        try await inside(node, "rm", "-rf", path)
    }

    /// Removes a path from the disk of a node that has no power.
    package static func removeFromDisk(_ path: String, of node: String) async throws {
        try await command(["rm", "-r", "\(state)/\(node)/disk\(path)"])
    }

    /// Adds nodes until there are so many.
    package static func ensureNodes(_ count: Int) async throws {
        let present = try await nodes().count
        guard present < count else { return }
        for number in (present + 1)...count { try await cluster("node", "\(number)", "b") }
        try await areReady(count)
    }

    /// Adds nodes until a zone has so many, and returns the names of those that were added.
    package static func ensureNodes(_ count: Int, in zone: String) async throws -> [String] {
        var (present, added) = (try await nodes(), [String]())
        var there = 0
        for node in present where try await self.zone(of: node) == zone { there += 1 }
        for _ in there..<max(there, count) {
            guard let number = (1...9).first(where: { !present.contains("node\($0)") }) else {
                throw NotInTime(what: "\(count) nodes in zone \(zone)", last: "a cluster has nine nodes at most")
            }
            try await cluster("node", "\(number)", zone)
            present.append("node\(number)")
            added.append("node\(number)")
        }
        try await areReady(present.count)
        return added
    }

    /// Takes a node out of the cluster for good, with nothing of a group on it.
    package static func takeOut(_ node: String) async throws {
        try await kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force")
        try await power(off: node)
        try await kubectl("delete", "node", node)
    }

    /// Waits until so many nodes are ready.
    private static func areReady(_ count: Int) async throws {
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
    package static func command(_ words: [String], input: String = "") async throws -> String {
        let ended = try await run(words, input: input)
        guard ended.code == 0 else { throw CommandFailed(words: words, code: ended.code, text: ended.errors) }
        return ended.output
    }

    /// What a program has said, and its exit code.
    package struct Ended: Sendable {
        package var code: Int32
        package var output: String
        package var errors: String
    }

    /// Runs a program to its end, whatever that is, on a thread of its own.
    package static func run(_ words: [String], input: String = "") async throws -> Ended {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try runToEnd(words, input) }) }
        }
    }

    private static func runToEnd(_ words: [String], _ input: String) throws -> Ended {
        // Files, not pipes: nobody has to read one while writing another.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("xdb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ contents: String = "") throws -> FileHandle {
            let file = folder.appendingPathComponent(name)
            try Data(contents.utf8).write(to: file)
            return try FileHandle(forUpdating: file)
        }
        let (stdin, output, errors) = (try file("in", input), try file("out"), try file("err"))
        let code = try Child(
            words,
            input: stdin.fileDescriptor,
            output: output.fileDescriptor,
            errors: errors.fileDescriptor
        ).wait()
        func text(_ file: FileHandle) throws -> String {
            try file.seek(toOffset: 0)
            return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        }
        return Ended(code: code, output: try text(output), errors: try text(errors))
    }
}

/// Something that was waited for did not come in time.
package struct NotInTime: Error, CustomStringConvertible {
    package var what: String
    package var last: String
    /// What the cluster looked like then; the tests that follow clear it away.
    package var scene: String

    package init(what: String, last: String, scene: String = "") {
        self.what = what
        self.last = last
        self.scene = scene
    }

    package var description: String { "not in time: \(what); last seen: \(last)\n\(scene)" }
}

/// Asks again and again until the answer is there.
///
/// The deadline is far off: only what never comes makes a test fail, however slow the machine.
@discardableResult
package func eventually<Value>(
    _ what: @autoclosure () -> String,
    every pause: Duration = .milliseconds(300),
    within patience: Duration = .seconds(240),
    _ body: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + patience
    var last = "nothing"
    while ContinuousClock.now < end {
        do {
            if let value = try await body() { return value }
        } catch {
            last = "\(error)"
        }
        try await Task.sleep(for: pause)
    }
    throw NotInTime(what: what(), last: last, scene: await Lab.scene())
}
