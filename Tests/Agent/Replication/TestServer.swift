import CMariaDB
import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// A real mariadbd in a temporary directory, reached over its unix socket only.
final class TestServer {
    static let binary = "/usr/sbin/mariadbd"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: binary) }

    let directory: String
    private var process: Process?

    var socket: String { "\(directory)/sock" }

    /// A fresh data directory: copied from one that is made once per run.
    init(in parent: String) throws {
        directory = parent + "/db-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.run("/bin/cp", ["-a", try Self.template.get(), "\(directory)/data"])
    }

    private static let template = Result<String, any Error> {
        let path = FileManager.default.temporaryDirectory.path + "/xdb-template-\(UUID().uuidString.prefix(8))"
        try run(
            "/usr/bin/mariadb-install-db",
            [
                "--no-defaults", "--datadir=\(path)", "--auth-root-authentication-method=socket",
                "--auth-root-socket-user=\(NSUserName())", "--skip-test-db", "--user=\(NSUserName())",
            ]
        )
        return path
    }

    private static func run(_ command: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command)")
    }

    /// Starts it as the agent does: fail-safe.
    func start(serverID: UInt32) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = [
            "--no-defaults", "--user=\(NSUserName())", "--datadir=\(directory)/data", "--socket=\(socket)",
            "--pid-file=\(directory)/pid", "--log-error=\(directory)/error.log", "--skip-networking",
            "--log-bin=bin", "--log-slave-updates=ON", "--binlog-format=ROW", "--gtid-strict-mode=ON",
            "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1", "--max-binlog-size=64M",
            "--innodb-buffer-pool-size=64M", "--max-allowed-packet=1G", "--slave-max-allowed-packet=1G",
            "--innodb-log-file-size=200M", "--skip-slave-start", "--read-only=1", "--init-rpl-role=SLAVE",
            "--server-id=\(serverID)", "--rpl-semi-sync-master-enabled=ON", "--rpl-semi-sync-slave-enabled=ON",
            "--rpl-semi-sync-master-timeout=18446744073709551615", "--rpl-semi-sync-master-wait-no-slave=ON",
            "--rpl-semi-sync-master-wait-point=AFTER_SYNC", "--slave-parallel-threads=4",
            "--slave-parallel-mode=optimistic", "--character-set-server=utf8mb4",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if (try? TestSQL(socket)) != nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record(
            "mariadbd does not start: \((try? String(contentsOfFile: "\(directory)/error.log", encoding: .utf8)) ?? "")"
        )
        throw CancellationError()
    }

    /// SIGKILL, as fencing does it.
    func kill() {
        guard let process else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func sql() throws -> TestSQL { try TestSQL(socket) }

    /// Lets it apply what its member's feed has.
    func follow(_ replication: Replication, serverID: UInt32) throws {
        let sql = try sql()
        for statement in [
            "SET GLOBAL server_id=\(serverID)",
            "SET GLOBAL rpl_semi_sync_slave_enabled=0",
            "SET GLOBAL rpl_semi_sync_master_enabled=0",
            "STOP SLAVE",
            "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos",
            """
            CHANGE MASTER TO master_host='127.0.0.1', master_port=\(replication.feedPort), \
            master_user='\(replication.feedUser)', master_password='\(replication.feedPassword)', \
            master_use_gtid=slave_pos, master_connect_retry=1, master_heartbeat_period=1
            """,
            "START SLAVE",
        ] { try sql.run(statement) }
    }

    /// Turns it into the leader's server, once it has applied everything up to a transaction.
    func lead(after gtid: GTID, serverID: ServerID) throws {
        let sql = try sql()
        let waited = try sql.value("SELECT MASTER_GTID_WAIT('\(gtid)', 60)")
        try #require(waited == "0", "the server does not apply \(gtid): \(sql.slaveErrors)")
        for statement in [
            "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL server_id=\(serverID)",
            "SET GLOBAL rpl_semi_sync_master_enabled=1",
        ] { try sql.run(statement) }
    }
}

/// A connection that blocks; every test thread that writes has its own.
// Unchecked: one thread at a time uses a connection.
final class TestSQL: @unchecked Sendable {
    private let mysql: UnsafeMutablePointer<MYSQL>

    struct Failure: Error, CustomStringConvertible {
        var code: UInt32
        var description: String
    }

    init(_ socket: String) throws {
        guard let mysql = xdb_mysql_new(5, 0, 0) else { throw Failure(code: 0, description: "no memory") }
        guard mysql_real_connect(mysql, nil, NSUserName(), nil, nil, 0, socket, 0) != nil else {
            let failure = Failure(code: mysql_errno(mysql), description: String(cString: mysql_error(mysql)))
            mysql_close(mysql)
            throw failure
        }
        self.mysql = mysql
    }

    deinit { mysql_close(mysql) }

    @discardableResult
    func run(_ statement: String) throws -> [[String: String]] {
        guard mysql_real_query(mysql, statement, UInt(statement.utf8.count)) == 0 else {
            throw Failure(
                code: mysql_errno(mysql),
                description: "\(statement.prefix(100)): \(String(cString: mysql_error(mysql)))"
            )
        }
        guard let result = mysql_store_result(mysql) else { return [] }
        defer { mysql_free_result(result) }
        var rows: [[String: String]] = []
        while let row = mysql_fetch_row(result) {
            var values: [String: String] = [:]
            for index in 0..<Int(mysql_num_fields(result)) {
                guard let field = mysql_fetch_field_direct(result, UInt32(index)), let text = row[index] else {
                    continue
                }
                values[String(cString: field.pointee.name)] = String(cString: text)
            }
            rows.append(values)
        }
        return rows
    }

    func value(_ statement: String) throws -> String? { try run(statement).first?.values.first }

    var slaveErrors: String {
        let status = (try? run("SHOW SLAVE STATUS").first) ?? [:]
        return ["Slave_IO_Running", "Last_IO_Error", "Slave_SQL_Running", "Last_SQL_Error", "Gtid_IO_Pos"]
            .map { "\($0)=\(status[$0] ?? "")" }.joined(separator: " ")
    }
}
