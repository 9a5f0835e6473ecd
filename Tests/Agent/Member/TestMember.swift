import CMariaDB
import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// A member of a made-up group: the real program with a real server, on a loopback address of its own.
final class TestMember: Sendable {
    let name: String
    let address: String
    let directory: String

    private let ordinal: Int
    private let life: Int
    private let kind: AgentConfiguration.Kind
    private let files: TestGroupFiles
    private let certificates: TestCertificates

    /// The ports that do not collide with a server which the machine may have.
    private static let serverPort: UInt32 = 13306

    init(
        _ ordinal: Int,
        life: Int = 1,
        kind: AgentConfiguration.Kind = .data,
        files: TestGroupFiles,
        certificates: TestCertificates = .shared
    ) {
        self.certificates = certificates
        self.ordinal = ordinal
        self.life = life
        self.kind = kind
        self.files = files
        name = life == 1 ? "orders-\(ordinal)" : "orders-\(ordinal)-i\(life)"
        address = "\(files.network).\(ordinal + 1 + 16 * (life - 1))"
        directory = "\(files.directory.path)/\(name)"
    }

    var peer: PeerAddress { PeerAddress(name: name, host: address) }

    // MARK: Processes

    /// Starts the agent.
    func start() throws -> WatchedProcess {
        try WatchedProcess.start([try Self.program()] + arguments, output: output)
    }

    private var arguments: [String] {
        [
            "run", "--member", name, "--ordinal", "\(ordinal)", "--incarnation", "\(life)", "--group",
            TestCertificates.group, "--namespace", TestCertificates.namespace, "--kind", kind.rawValue, "--directory",
            directory, "--run-directory", "\(directory)-run", "--tls", certificates.path(of: name), "--users",
            files.users, "--configuration", files.configuration, "--log-format", "text", "--log-level", "debug",
            "--address", address, "--feed-port", "0", "--server-port", "\(Self.serverPort)",
        ]
    }

    private var output: String { "\(files.directory.path)/\(name).log" }

    private var socket: String { "\(directory)-run/mysqld.sock" }

    /// Starts the first process of a member's container, which starts the agent.
    func startSupervised() throws -> WatchedProcess {
        try WatchedProcess.start([try Self.program(), "init", "--"] + arguments, output: output)
    }

    /// Starts a Job of a rebuild on the directory.
    func startJob(_ arguments: [String]) throws -> WatchedProcess {
        unlink(resultFile)
        return try WatchedProcess.start(
            [try Self.program(), "rebuild"] + arguments + [
                "--member", name, "--ordinal", "\(ordinal)", "--incarnation", "\(life)", "--group",
                TestCertificates.group, "--group-uid", "uid", "--namespace", TestCertificates.namespace, "--directory",
                directory, "--run-directory", "\(directory)-run", "--tls", certificates.path(of: name),
                "--configuration", files.configuration, "--log-format", "text", "--result", resultFile,
            ],
            output: output
        )
    }

    /// Starts the Job that copies.
    func startCopy(from source: TestMember, port: Int = 7700, limit: UInt64? = nil) throws -> WatchedProcess {
        let host = port == 7700 ? source.address : "127.0.0.1"
        let from = ["--source-name", source.name, "--source-host", host, "--source-port", "\(port)"]
        let arguments = ["copy"] + from + (limit.map { ["--bytes-per-second", "\($0)"] } ?? [])
        return try startJob(arguments)
    }

    /// How a Job has ended, and what it has left.
    func result(of job: WatchedProcess) async throws -> (end: ProcessEnd, words: JobResult) {
        let end = await job.ended()
        let json = try Data(contentsOf: URL(fileURLWithPath: resultFile))
        return (end, try JSONDecoder().decode(JobResult.self, from: json))
    }

    private var resultFile: String { "\(files.directory.path)/\(name).result" }

    /// The server, whoever started it.
    var server: WatchedProcess? {
        WatchedProcess.find(program: "/usr/sbin/mariadbd", argument: "--datadir=\(directory)/data").first
    }

    /// The agent's log, for the explanation of a failure.
    var log: String {
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(60).joined(separator: "\n")
    }

    /// The agent's program stands beside the program that runs the tests.
    static func program() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var directory = URL(fileURLWithPath: tests).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = directory.appendingPathComponent("xdb-agent").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            directory.deleteLastPathComponent()
        }
        throw CocoaError(.fileNoSuchFile)
    }

    // MARK: The control API

    func status() async throws -> AgentStatus { try await request("GET", "status", nil, as: AgentStatus.self) }

    @discardableResult
    func initialize() async throws -> AgentStatus {
        try await request("POST", "initialize", InitializeRequest(group: "uid"), as: AgentStatus.self)
    }

    /// Waits for its agent, and has it make its directory.
    func join() async throws {
        try await wait("there") { $0.phase == .uninitialized }
        try await initialize()
    }

    func seal(_ epoch: UInt32) async throws -> SealAnswer {
        try await request("POST", "seal", SealRequest(epoch: Epoch(rawValue: epoch)), as: SealAnswer.self)
    }

    @discardableResult
    func lead(_ request: LeadRequest) async throws -> AgentStatus {
        try await self.request("POST", "lead", request, as: AgentStatus.self)
    }

    /// Elects it, as the only voter of its group, and waits until it can be written to.
    @discardableResult
    func leadAlone(_ epoch: UInt32) async throws -> AgentStatus {
        let start = try await seal(epoch).position
        try await lead(MemberGroupTests.lead(epoch, start: start, voters: [name]))
        return try await wait("writable in epoch \(epoch)") { $0.phase == .writable }
    }

    func limitCopy(to member: TestMember, _ bytesPerSecond: UInt64?) async throws {
        let limit = CopyLimitRequest(to: member.name, bytesPerSecond: bytesPerSecond)
        _ = try await call("POST", "copy-limit", limit, certificate: "operator")
    }

    @discardableResult
    func verify(_ attempt: Int, with source: TestMember) async throws -> AgentStatus {
        let body = VerifyRequest(attempt: attempt, source: source.peer)
        return try await request("POST", "verify", body, as: AgentStatus.self)
    }

    /// What came of a comparison.
    func verification(_ attempt: Int) async throws -> AgentStatus.Verification {
        let status = try await wait("compared", seconds: 240) { status in
            status.verification?.attempt == attempt && status.verification?.state != .running
        }
        guard let verification = status.verification else { throw CancellationError() }
        return verification
    }

    @discardableResult
    func follow(_ epoch: UInt32, _ leader: TestMember) async throws -> AgentStatus {
        let body = FollowRequest(epoch: Epoch(rawValue: epoch), leader: leader.peer)
        return try await request("POST", "follow", body, as: AgentStatus.self)
    }

    /// Waits until the status is as wanted.
    @discardableResult
    func wait(_ what: String, seconds: Int = 60, _ condition: (AgentStatus) -> Bool) async throws -> AgentStatus {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let status = try? await status(), condition(status) { return status }
            guard .now < end else {
                let last = (try? await status()).map { "\($0)" } ?? "no answer"
                Issue.record("\(name) is not \(what): \(last)\n\(log)")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The end of the server's binlog: all that it has committed, at once.
    ///
    /// The status is as old as the agent's last look around, and may be without what was just acknowledged.
    func written() async throws -> Position {
        try #require(try await sql("SELECT @@global.gtid_binlog_pos").flatMap { GTID($0) }).position
    }

    /// Waits until everything up to a position can be read from the server.
    ///
    /// The status tells the end of the server's binlog, where a transaction is a moment before anybody can read it.
    func shows(_ end: Position) async throws {
        try await wait("caught up") { $0.server.applied ?? .zero >= end }
        let sampler = DataSampler(socket: socket, seconds: 60)
        try await sampler.open()
        while try await sampler.begin()?.position ?? .zero < end { try await Task.sleep(for: .milliseconds(10)) }
        await sampler.end()
    }

    private func request<Answer: Decodable>(
        _ method: String,
        _ path: String,
        _ body: (any Encodable)?,
        as type: Answer.Type,
        certificate: String = "operator"
    ) async throws -> Answer {
        let data = try await call(method, path, body, certificate: certificate)
        if let refusal = try? JSONDecoder().decode(AgentError.self, from: data) { throw refusal }
        return try JSONDecoder().decode(Answer.self, from: data)
    }

    /// The bytes of an answer; empty when the connection was refused.
    func call(_ method: String, _ path: String, _ body: (any Encodable)?, certificate: String) async throws -> Data {
        let output = "\(files.directory.path)/\(UUID().uuidString).answer"
        var arguments = curl(method, path, certificate, seconds: 20, output)
        if let body {
            arguments += ["--data", String(decoding: try JSONEncoder().encode(body), as: UTF8.self)]
        }
        _ = await (try WatchedProcess.start(arguments, output: "/dev/null")).ended()
        defer { unlink(output) }
        return (try? Data(contentsOf: URL(fileURLWithPath: output))) ?? Data()
    }

    /// Begins to watch the status; the process ends with code 0 when the agent has ended the stream in order.
    func watch() throws -> (curl: WatchedProcess, output: String) {
        let output = "\(files.directory.path)/\(UUID().uuidString).watch"
        let arguments = curl("GET", "watch", "operator", seconds: 120, output) + ["--no-buffer"]
        return (try WatchedProcess.start(arguments, output: "/dev/null"), output)
    }

    private func curl(
        _ method: String,
        _ path: String,
        _ certificate: String,
        seconds: Int,
        _ output: String
    ) -> [String] {
        let host = "\(name).\(TestCertificates.group).\(TestCertificates.namespace).xdb"
        let keys = certificates.path(of: certificate)
        return [
            "/usr/bin/curl", "--silent", "--max-time", "\(seconds)", "--cert", "\(keys)/tls.crt", "--key",
            "\(keys)/tls.key", "--cacert", "\(keys)/ca.crt", "--resolve", "\(host):7700:\(address)", "--request",
            method, "--output", output, "https://\(host):7700/v1/\(path)",
        ]
    }

    /// The certificate that the control API shows now, in PEM.
    func shownCertificate() async throws -> String {
        let output = "\(files.directory.path)/\(UUID().uuidString).pem"
        defer { unlink(output) }
        let keys = certificates.path(of: "operator")
        let script =
            "openssl s_client -connect \(address):7700 -cert \(keys)/tls.crt -key \(keys)/tls.key -CAfile \(keys)/ca.crt "
            + "</dev/null 2>/dev/null | openssl x509"
        _ = await (try WatchedProcess.start(["/bin/sh", "-c", script], output: output)).ended()
        return (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    }

    // MARK: SQL as the application

    /// How often a text stands in those files of the data directory whose names begin so.
    func occurrences(of text: String, inFiles prefix: String) throws -> Int {
        let data = "\(directory)/data"
        return try FileManager.default.contentsOfDirectory(atPath: data).filter { $0.hasPrefix(prefix) }.map { name in
            let contents = try Data(contentsOf: URL(fileURLWithPath: "\(data)/\(name)"))
            return String(decoding: contents, as: UTF8.self).components(separatedBy: text).count - 1
        }.reduce(0, +)
    }

    /// Runs statements as the agent does, none of which the log gets to know.
    func local(_ statements: [String]) async throws {
        let sql = connection("local")
        try await sql.execute(statements)
        await sql.disconnect()
    }

    /// A connection as the agent has it.
    func connection(_ name: String) -> ServerSQL {
        ServerSQL(
            socket: socket,
            user: DataDirectory.user,
            binlog: .off,
            deadline: 60,
            name: name
        )
    }

    /// Runs a statement over TCP as the application's user; returns the first column of the first row.
    @discardableResult
    func sql(_ statement: String, seconds: UInt32 = 20) async throws -> String? {
        let thread = WorkerThread("client")
        let address = address
        return try await thread.run {
            guard let mysql = xdb_mysql_new(5, seconds, seconds) else { return nil }
            defer { mysql_close(mysql) }
            guard mysql_real_connect(mysql, address, "app", "secret", nil, Self.serverPort, nil, 0) != nil,
                mysql_real_query(mysql, statement, UInt(statement.utf8.count)) == 0
            else {
                throw SQLError(
                    code: mysql_errno(mysql),
                    message: String(cString: mysql_error(mysql)),
                    statement: statement
                )
            }
            guard let result = mysql_store_result(mysql) else { return nil }
            defer { mysql_free_result(result) }
            guard let row = mysql_fetch_row(result), let column = row[0] else { return nil }
            return String(cString: column)
        }
    }
}

/// What the members of a made-up group share.
final class TestGroupFiles: Sendable {
    let directory: TemporaryDirectory
    /// Three numbers of loopback addresses; other tests and processes use other ones.
    let network: String

    init() throws {
        directory = try TemporaryDirectory()
        network = "127.\(Int.random(in: 2...250)).\(Int.random(in: 2...250))"
        try FileManager.default.createDirectory(atPath: users, withIntermediateDirectories: true)
        try directory.write("users/app", "secret")
        try directory.write("user.cnf", "[mysqld]\ninnodb_buffer_pool_size=32M\nmax_connections=40\n")
        TestCertificates.shared.issue("operator", into: TestCertificates.shared.path(of: "operator"))
    }

    var users: String { directory.path + "/users" }
    var configuration: String { directory.path + "/user.cnf" }

    /// Ends everything that was started on the directory.
    func end(_ agents: [WatchedProcess?], _ members: [TestMember]) async {
        for agent in agents { agent?.signal(SIGKILL) }
        for agent in agents { _ = await agent?.ended() }
        for member in members {
            let server = member.server
            server?.signal(SIGKILL)
            _ = await server?.ended()
        }
    }
}
