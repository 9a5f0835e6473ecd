import FoundationEssentials
import XDB

/// What the agent asks and tells its server: the statements, and nothing of when to send them.
enum ServerCommands {
    /// What one look at the server shows.
    struct Observation: Sendable {
        var id: ServerID
        var readOnly: Bool
        var version: String
        var applied: GTID?
        /// Commits without an acknowledgement, `Rpl_semi_sync_master_no_tx`.
        var unacknowledged: UInt64?
        /// The newest heartbeat row.
        var heartbeat: Heartbeat?
        /// `SHOW SLAVE STATUS`; nil when no source is configured.
        var replica: ReplicaStatus?
    }

    /// Looks at the server.
    static func observe(_ sql: ServerSQL) async throws -> Observation {
        let variables = try await sql.query(
            "SELECT @@server_id AS id, @@read_only AS ro, @@version AS version, @@gtid_binlog_pos AS gtid"
        )
        guard let row = variables.first, let id = row["id"].flatMap(UInt32.init) else {
            throw SQLError(code: 2027, message: "no row", statement: "SELECT @@server_id")
        }
        var observation = Observation(
            id: ServerID(rawValue: id),
            readOnly: row["ro"] != "0",
            version: row["version"] ?? "",
            applied: row["gtid"].flatMap(GTID.init)
        )
        observation.unacknowledged = try await sql.query("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_no_tx'")
            .first?["Value"].flatMap(UInt64.init)
        observation.replica = try await sql.query("SHOW SLAVE STATUS").first.map(ReplicaStatus.init)
        observation.heartbeat = try? await sql.query(Heartbeat.select).first.flatMap(Heartbeat.init)
        return observation
    }

    /// What the server says of these system variables, by their names in small letters.
    static func variables(_ sql: ServerSQL, _ names: [String]) async throws -> [String: OptionChange.Variable] {
        let list = names.map { ServerSQL.literal($0) }.joined(separator: ", ")
        let rows = try await sql.query(
            """
            SELECT LOWER(variable_name) AS name, variable_type AS type, variable_scope AS scope, read_only AS ro \
            FROM information_schema.system_variables WHERE LOWER(variable_name) IN (\(list))
            """
        )
        return rows.reduce(into: [:]) { variables, row in
            guard let name = row["name"], let type = row["type"] else { return }
            let isDynamic = row["ro"] == "NO" && row["scope"] != "SESSION ONLY"
            variables[name] = OptionChange.Variable(isDynamic: isDynamic, type: type)
        }
    }

    /// Only how far a server has applied: the quick look while that is waited for.
    static func applied(_ sql: ServerSQL) async throws -> GTID? {
        try await sql.query("SELECT @@gtid_binlog_pos AS gtid").first?["gtid"].flatMap(GTID.init)
    }

    /// Makes a fail-safe server apply what the agent feeds it.
    ///
    /// The order is that of the protocol's notes: semi-sync off first, since a server that applies and waits for an
    /// acknowledgement would wait for ever; and the server goes on where its binlog ends, not where an older table
    /// says.
    static func feed(port: Int, user: String, password: String, applied: GTID?) -> [String] {
        var statements = [
            "STOP SLAVE",
            "SET GLOBAL rpl_semi_sync_slave_enabled=0",
            "SET GLOBAL rpl_semi_sync_master_enabled=0",
        ]
        if applied != nil { statements.append("SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos") }
        statements += [
            """
            CHANGE MASTER TO master_host='127.0.0.1', master_port=\(port), master_user=\(ServerSQL.literal(user)), \
            master_password=\(ServerSQL.literal(password)), master_use_gtid=slave_pos, master_connect_retry=1, \
            master_heartbeat_period=1, master_delay=0, master_ssl=0
            """,
            "START SLAVE",
        ]
        return statements
    }

    /// Makes a server that has applied everything this epoch's leader.
    ///
    /// `server_id` comes last: it is by this that everybody knows a leader's server, so it has to be one by then.
    static func promote(_ id: ServerID) -> [String] {
        [
            "STOP SLAVE",
            "RESET SLAVE ALL",
            "SET GLOBAL rpl_semi_sync_slave_enabled=0",
            "SET GLOBAL rpl_semi_sync_master_enabled=1",
            "SET GLOBAL server_id=\(id)",
        ]
    }

    /// Ends the sessions that were there before the server led: a session keeps the server id that it began with.
    ///
    /// The server is read-only, so that none of them waits for an acknowledgement.
    static func closeSessions(_ sql: ServerSQL) async throws {
        let sessions = try await sql.query(
            """
            SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() \
            AND user NOT IN ('system user', 'event_scheduler') AND command NOT LIKE 'Binlog Dump%' AND host <> 'localhost'
            """
        )
        for session in sessions {
            guard let id = session["id"] ?? session["ID"] else { continue }
            do {
                _ = try await sql.query("KILL CONNECTION \(id)")
            } catch let error as SQLError where error.code == 1094 {
                // It has gone by itself.
            }
        }
    }

    /// Opens a leader for writes.
    static let open = ["SET GLOBAL read_only=0"]

    /// The names of old binlogs that nobody needs: the agent's log has what they hold.
    static func purge(_ sql: ServerSQL, keeping count: Int) async throws {
        let files = try await sql.query("SHOW BINARY LOGS").compactMap { $0["Log_name"] }
        guard files.count > count else { return }
        _ = try await sql.query("PURGE BINARY LOGS TO \(ServerSQL.literal(files[files.count - count]))")
    }
}

/// The row by which a leader shows that it commits, and by which everybody else measures how old what it has is.
struct Heartbeat: Hashable, Sendable {
    var epoch: Epoch
    var ordinal: UInt32
    /// Microseconds since 1970 on the leader's clock.
    var time: Int64

    static let database = "xdb"

    /// The row that an epoch begins with.
    var firstTransaction: FirstTransaction {
        FirstTransaction(database: Self.database, content: .statements([statement]))
    }

    /// What stands before it in a log that has no table for it yet.
    static let schema = [
        FirstTransaction(database: "", content: .schemaChange("CREATE DATABASE IF NOT EXISTS xdb")),
        FirstTransaction(
            database: database,
            content: .schemaChange(
                """
                CREATE TABLE IF NOT EXISTS heartbeat (id TINYINT UNSIGNED NOT NULL PRIMARY KEY, epoch INT UNSIGNED \
                NOT NULL, member TINYINT UNSIGNED NOT NULL, time BIGINT NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4
                """
            )
        ),
    ]

    static let select = "SELECT epoch, member, time FROM xdb.heartbeat WHERE id = 1"

    var statement: String {
        "REPLACE INTO xdb.heartbeat (id, epoch, member, time) VALUES (1, \(epoch), \(ordinal), \(time))"
    }

    init(epoch: Epoch, ordinal: UInt32, time: Int64) {
        self.epoch = epoch
        self.ordinal = ordinal
        self.time = time
    }

    init?(_ row: SQLRow) {
        guard let epoch = row["epoch"].flatMap(UInt32.init), let ordinal = row["member"].flatMap(UInt32.init),
            let time = row["time"].flatMap(Int64.init)
        else { return nil }
        self.init(epoch: Epoch(rawValue: epoch), ordinal: ordinal, time: time)
    }

    static func now(epoch: Epoch, ordinal: UInt32) -> Heartbeat {
        Heartbeat(epoch: epoch, ordinal: ordinal, time: microseconds(Date()))
    }

    /// Seconds between the row and a moment; clocks that disagree do not make it negative.
    func age(at date: Date) -> Double { max(0, Double(Self.microseconds(date) - time) / 1_000_000) }

    private static func microseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1_000_000) }
}
