import BinaryLog
import FoundationEssentials
import Glibc
import XDB

extension RebuildJob {
    /// Makes the prepared copy this member's data directory, and a log that goes on where it ends.
    ///
    /// The identity comes last. Everything before it is done again after a crash: what is there without an identity is
    /// left over from an earlier attempt of this life.
    func refresh() async throws -> JobResult {
        guard let record = try place.copied, try place.isPrepared else {
            throw copyAgain("there is no prepared copy")
        }
        await HelperProgram.endAll(
            configuration.serverProgram,
            argument: "--datadir=\(configuration.dataDirectory)"
        )
        let isMoved = access(place.backup, F_OK) != 0
        let present = (try? DataSize(of: isMoved ? configuration.dataDirectory : place.backup).log) ?? 0
        try checkSpace(
            "the server's first start",
            needs: FreeSpace.neededToRefresh(log: record.logBytes ?? 0, present: present)
        )
        try moveData()
        try await RefreshServer(configuration: configuration, output: place.output).refresh(record)
        try removeBackupFiles()
        try makeLog(record)
        try HelperProgram.synchronize(configuration.directory)
        try state.write(Promise.none)
        try state.write(identity)
        try place.remove()
        return JobResult(
            reason: "Done",
            message: "\(isMoved ? "gone on with after an earlier attempt: " : "")the directory is that of "
                + "\(configuration.member), with everything up to \(record.gtid)",
            bytes: record.bytes,
            position: record.gtid.position
        )
    }

    private func moveData() throws {
        let data = configuration.dataDirectory
        guard access(place.backup, F_OK) == 0 else {
            guard access(data, F_OK) == 0 else {
                try place.removeCopy()
                throw copyAgain("the prepared copy is gone")
            }
            // An earlier attempt has moved it.
            return
        }
        try RebuildPlace.remove(data)
        guard rename(place.backup, data) == 0 else { throw SystemError("rename \(place.backup)") }
        try DurableFile.syncDirectory(configuration.directory)
    }

    /// What the backup says of itself is of no use to a server.
    private func removeBackupFiles() throws {
        let data = configuration.dataDirectory
        for name in try FileManager.default.contentsOfDirectory(atPath: data)
        where name.hasPrefix("xtrabackup_") || name.hasPrefix("mariadb_backup_") || name == "backup-my.cnf" {
            try RebuildPlace.remove("\(data)/\(name)")
        }
    }

    private func makeLog(_ record: CopyRecord) throws {
        let directory = configuration.directory
        let logDirectory = FileLogStorage.directory(of: directory)
        try RebuildPlace.remove(logDirectory)
        try RebuildPlace.remove("\(directory)/committed")
        let format = try record.format.withUnsafeBytes { bytes in
            try FormatDescription(header: EventHeader(bytes), bytes: bytes)
        }
        let store = try LogStore.open(try FileLogStorage(directory: logDirectory))
        try store.begin(after: try LogState(record.log), format: format)
        try CommitFile(directory: directory, logger: logger).write(record.gtid)
    }
}

/// The server that is started on a restored data directory, for nobody but the Job, to tell it where it is.
struct RefreshServer: Sendable {
    let configuration: AgentConfiguration
    let output: String

    /// A large redo log takes its time.
    private static let startLimit = Duration.seconds(600)
    private static let stopLimit = Duration.seconds(300)

    /// Makes the server's binlog begin after the copy's last transaction, as if it had written all before it itself.
    func refresh(_ record: CopyRecord) async throws {
        try DurableFile.makeDirectories(configuration.runDirectory)
        try DurableFile.makeDirectories(configuration.temporaryDirectory)
        unlink(output)
        let server = try WatchedProcess.start(arguments, output: output)
        do {
            let sql = ServerSQL(
                socket: configuration.socket,
                user: DataDirectory.user,
                binlog: .off,
                deadline: 60,
                name: "sql"
            )
            try await wait(for: server, sql)
            try await sql.execute(Self.statements(record))
            let position = try await sql.query("SELECT @@gtid_binlog_pos AS gtid").first?["gtid"]
            guard position == "\(record.gtid)" else {
                throw JobFailure(
                    "RefreshFailed",
                    "the restored server stands at \(position ?? "nothing") and not at \(record.gtid)"
                )
            }
            await sql.disconnect()
        } catch {
            server.signal(SIGKILL)
            _ = await server.ended()
            throw error
        }
        try await stop(server)
    }

    /// The restored table of positions is older than the data, and the binlog is none.
    static func statements(_ record: CopyRecord) -> [String] {
        let log = record.log.map(\.description).joined(separator: ",")
        return [
            "SET GLOBAL rpl_semi_sync_slave_enabled=0",
            "SET GLOBAL rpl_semi_sync_master_enabled=0",
            "STOP SLAVE",
            "RESET SLAVE ALL",
            "RESET MASTER",
            "SET GLOBAL gtid_binlog_state=\(ServerSQL.literal(log))",
            "SET GLOBAL gtid_slave_pos=\(ServerSQL.literal(record.gtid.description))",
        ]
    }

    private var arguments: [String] {
        let hasFile = access(configuration.serverConfiguration, R_OK) == 0
        let options = ServerOptions(
            program: configuration.serverProgram,
            configuration: hasFile ? configuration.serverConfiguration : nil,
            dataDirectory: configuration.dataDirectory,
            temporaryDirectory: configuration.temporaryDirectory,
            socket: configuration.socket,
            pidFile: configuration.pidFile,
            address: "127.0.0.1",
            port: configuration.serverPort,
            serverID: ServerOptions.failSafeID(ordinal: configuration.ordinal),
            asRoot: getuid() == 0
        )
        return options.arguments + ["--skip-networking"]
    }

    private func wait(for server: WatchedProcess, _ sql: ServerSQL) async throws {
        let deadline = ContinuousClock.now + Self.startLimit
        while true {
            if (try? await sql.query("SELECT 1")) != nil { return }
            if let end = server.end { throw failure("the restored server \(end)") }
            guard .now < deadline else { throw failure("the restored server does not answer") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func stop(_ server: WatchedProcess) async throws {
        server.signal(SIGTERM)
        let killer = Task {
            try await Task.sleep(for: Self.stopLimit)
            server.signal(SIGKILL)
        }
        let end = await server.ended()
        killer.cancel()
        guard end == .exited(0) else { throw failure("the restored server did not end in order: \(end)") }
    }

    private func failure(_ what: String) -> JobFailure {
        let lines = ProcessOutput.lastLines(of: output).filter { $0.contains("[ERROR]") }.suffix(3)
        let text = lines.joined(separator: "; ")
        if HelperProgram.saysNoSpace(text) {
            return JobFailure(JobResult.noSpace, "\(what): \(text); free some room", isWorthRetrying: false)
        }
        return JobFailure("RefreshFailed", "\(what): \(text)")
    }
}
