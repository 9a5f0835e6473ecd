import Foundation
import Testing

/// MariaDB's own programs, where they are installed.
enum MariaDB {
    static let server = find("mariadbd")
    static let binlog = find("mariadb-binlog")

    /// Whether servers can be run here.
    static var isInstalled: Bool {
        server != nil && binlog != nil && find("mariadb") != nil && find("mariadb-install-db") != nil
    }

    static func find(_ program: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        return folders.map { $0 + "/" + program }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs a program to its end.
    ///
    /// Returns what it wrote.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> String {
        guard let path = find(program) else { throw Failure(description: "\(program) is not installed") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let standardInput = Pipe()
        process.standardInput = standardInput
        try process.run()
        if let input { try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) failed with \(process.terminationStatus): \(text.suffix(2000))")
        }
        return text
    }
}

/// A server of its own in a temporary directory.
final class MariaDBServer {
    let directory: TemporaryDirectory
    private let process: Process

    var socket: String { directory.path + "/s" }

    /// Starts a server with a binlog, and waits until it answers.
    init(serverID: UInt32, _ options: [String] = []) throws {
        directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        let account = geteuid() == 0 ? ["--user=root"] : []
        let small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M"]
        try MariaDB.run(
            "mariadb-install-db",
            ["--no-defaults", "--datadir=\(data)", "--auth-root-authentication-method=normal", "--skip-test-db"]
                + account + small
        )
        process = Process()
        process.executableURL = URL(fileURLWithPath: MariaDB.server ?? "mariadbd")
        process.arguments =
            [
                "--no-defaults", "--datadir=\(data)", "--socket=\(directory.path)/s", "--skip-networking",
                "--pid-file=\(directory.path)/pid", "--log-error=\(directory.path)/err", "--server-id=\(serverID)",
                "--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-checksum=CRC32",
                "--gtid-strict-mode=ON", "--log-slave-updates=ON", "--sync-binlog=0",
                "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=256M", "--slave-max-allowed-packet=256M",
                "--enforce-storage-engine=InnoDB", "--skip-name-resolve",
            ] + account + small + options
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = Date().addingTimeInterval(60)
        while (try? query("SELECT 1")) == nil {
            guard process.isRunning, Date() < deadline else {
                throw MariaDB.Failure(description: "no server: \(errors)")
            }
            usleep(50_000)
        }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The end of the error log.
    var errors: String {
        let text = (try? String(contentsOfFile: directory.path + "/err", encoding: .utf8)) ?? ""
        return String(text.suffix(3000))
    }

    /// Runs statements.
    ///
    /// Returns the rows, columns separated by tabs.
    @discardableResult
    func query(_ statements: String, names: Bool = false) throws -> String {
        try MariaDB.run(
            "mariadb",
            ["--no-defaults", "--socket=\(socket)", "--user=root", "--batch", "--max-allowed-packet=256M"]
                + (names ? [] : ["--skip-column-names"]),
            input: statements
        ).trimmingCharacters(in: .newlines)
    }

    /// One field of SHOW SLAVE STATUS.
    func slaveStatus(_ field: String) throws -> String {
        let text = try query("SHOW SLAVE STATUS\\G", names: true)
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == field {
                return parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return ""
    }
}
