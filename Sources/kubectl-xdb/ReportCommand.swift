import ArgumentParser
import Console
import FoundationEssentials
import Glibc
import Kubernetes
import KubernetesModel
import XDB
import YAML

/// Collects what somebody who looks for a bug needs.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Collect a group's objects, events and logs in an archive for a bug report, without secrets.",
        discussion: """
            No Secret is read. Values of options and variables with the name of a password or the like, and passwords in \
            statements and addresses in logs, are replaced. Names of nodes, addresses and what a server logs of statements \
            that fail are in it: look before you send it.
            """
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Option(name: .shortAndLong, help: "The file, which must not exist; by default xdb-report-GROUP-TIME.tar.gz.")
    var output: String?

    @Option(help: "How many of the last lines of each log.")
    var logLines = 20000

    func validate() throws {
        guard output != "-" else { throw ValidationError("a report is a file: --output must be its name") }
        guard logLines > 0 else { throw ValidationError("--log-lines must be 1 or more") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        let group = try await connection.group(group)
        let now = Time.now
        let file = output ?? "xdb-report-\(group.metadata.name)-\(now.wholeSeconds).tar.gz"
        // Before the work is done, and for its owner alone.
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw Complaint("\(file): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var report = Report(connection, group, now: now, lines: logLines)
        do {
            try await report.collect()
            try Output.save(try report.archive.compressed(), to: descriptor, file)
        } catch {
            unlink(file)
            throw error
        }
        Output.write("\(file)\n")
        for sentence in report.hidden { Output.note("Not in it: \(sentence)") }
    }
}

/// What has been collected.
private struct Report {
    let connection: Connection
    let group: XDBGroup
    let lines: Int
    let folder: String
    var archive: Archive
    var hidden: [String] = []

    init(_ connection: Connection, _ group: XDBGroup, now: Time, lines: Int) {
        self.connection = connection
        self.group = group
        self.lines = lines
        folder = "xdb-report-\(group.metadata.name)"
        archive = Archive(modified: now.seconds)
    }

    mutating func collect() async throws {
        let scene = try await connection.scene(of: group)
        add("status.txt", GroupScreen.text(scene, Style()))
        add("explain.txt", GroupExplanation.text(scene, Style()))
        add("version.txt", "kubectl-xdb \(KubectlXDB.version)\n\(try await server())\n")
        let operators = try await connection.optional("the operator's logs") { [connection] in
            let label = Selection(labels: ["app.kubernetes.io/name": "xdb-operator"])
            return try await connection.client.list(Pod.self, in: connection.operatorNamespace, ListOptions(label))
                .items
        }
        hidden += [operators.hidden].compactMap(\.self)
        let plan = ReportPlan(
            group,
            operators: operators.value ?? [],
            operatorNamespace: connection.operatorNamespace
        )
        let names = Set(group.status.members.map(\.life) + (scene.operations ?? []).map(\.metadata.name))
        for objects in plan.objects { try await fetch(objects, names) }
        for log in plan.logs { try await fetch(log) }
        if !hidden.isEmpty { add("missing.txt", hidden.joined(separator: "\n") + "\n") }
    }

    private mutating func add(_ file: String, _ text: String) {
        archive.add("\(folder)/\(file)", Array(Redaction.text(text).utf8))
    }

    private func server() async throws -> String {
        try await connection.optional("") { [connection] in
            "Kubernetes \(try await connection.client.discovery.version)"
        }.value ?? "Kubernetes of an unknown version"
    }

    private mutating func fetch(_ objects: ReportPlan.Objects, _ names: Set<String>) async throws {
        let found = try await connection.optional(objects.file) { [connection] in
            try JSONValue(json: try await connection.client.get(path: objects.target))
        }
        hidden += [found.hidden].compactMap(\.self)
        guard var value = found.value else { return }
        if objects.isFiltered { value = ReportPlan.filtered(value, group: group.metadata.name, names: names) }
        archive.add("\(folder)/\(objects.file)", Array(YAML.text(Redaction.object(value)).utf8))
    }

    /// A container that has not been restarted has no log from before, and one that does not run may have none at all.
    private mutating func fetch(_ log: ReportPlan.Log) async throws {
        let options = LogOptions(container: log.container, tailLines: lines, isPrevious: log.isPrevious)
        do {
            let key = ObjectKey(namespace: log.namespace, name: log.pod)
            add(log.file, try await connection.client.logs(key, options))
        } catch let error as APIError where error.isForbidden || !log.isPrevious {
            if !hidden.contains(where: { $0.hasPrefix(log.file) }) {
                hidden.append("\(log.file): \(Complaint(refusal: error).message)")
            }
        } catch is APIError {}
    }
}
