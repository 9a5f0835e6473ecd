import BinaryLog
import XDB

/// Reads a sample of a server's data in one consistent snapshot, whose position in the log is known.
///
/// Nothing of a table is locked any longer than it is read: a change of a table never waits for the whole snapshot.
struct DataSampler: Sendable {
    /// For how long one statement may take.
    let seconds: Int
    private let sql: ServerSQL

    /// A table that has another definition now, or that there was not time enough for.
    struct Skipped: Error {}

    /// Schemas that a server has of itself.
    private static let own = "('mysql', 'information_schema', 'performance_schema', 'sys')"
    /// More tables are not read; which ones depends on their names alone.
    static let mostTables = 200

    init(socket: String, seconds: Int) {
        self.seconds = seconds
        sql = ServerSQL(
            socket: socket,
            user: DataDirectory.user,
            binlog: .off,
            deadline: UInt32(seconds + 10),
            name: "sql-sample"
        )
    }

    // MARK: The snapshot

    /// Sets what decides what statements mean and show; to be done before anything else.
    func open() async throws {
        try await sql.execute([
            "SET NAMES utf8mb4",
            """
            SET SESSION time_zone='+00:00', tx_isolation='REPEATABLE-READ', sql_select_limit=18446744073709551615, \
            lock_wait_timeout=5
            """,
        ])
    }

    /// Begins a snapshot, and says which transaction is the last that it contains; nil when there is none yet.
    ///
    /// The server takes the snapshot and the place in its binlog in one moment, in which nothing is committed. On a leader
    /// this is a place before all that waits for an acknowledgement.
    func begin() async throws -> GTID? {
        try await sql.execute(["START TRANSACTION WITH CONSISTENT SNAPSHOT"])
        var place: [String: String] = [:]
        for row in try await sql.query("SHOW STATUS LIKE 'binlog\\_snapshot\\_%'") {
            guard let name = row["Variable_name"], let value = row["Value"] else { continue }
            place[name.lowercased()] = value
        }
        guard let file = place["binlog_snapshot_file"],
            let offset = place["binlog_snapshot_position"].flatMap(UInt64.init)
        else { return nil }
        return try await BinlogPlace(file: file, offset: offset).gtid(sql)
    }

    /// The last transaction of the server's binlog, which a snapshot may not have yet.
    func applied() async throws -> GTID? { try await ServerCommands.applied(sql) }

    /// Gives the snapshot up, and with it the connection.
    func end() async {
        await sql.disconnect()
    }

    // MARK: What there is

    /// All schemas and tables but the server's own.
    func names() async throws -> (schemas: [String], tables: [DataSample.Table]) {
        let schemas = try await sql.query(
            "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name NOT IN \(Self.own)"
        )
        let tables = try await sql.query(
            """
            SELECT table_schema AS db, table_name AS name, table_type AS kind FROM information_schema.tables \
            WHERE table_schema NOT IN \(Self.own)
            """
        )
        return (
            schemas.compactMap { $0["name"] }.sorted(),
            tables.compactMap { row in
                guard let schema = row["db"], let name = row["name"], let kind = row["kind"] else { return nil }
                return DataSample.Table(schema: schema, name: name, kind: kind)
            }
            .sorted { ($0.schema, $0.name) < ($1.schema, $1.name) }
        )
    }

    /// The tables that can be read, in an order that depends on nothing but their names.
    static func drawn(_ tables: [DataSample.Table]) -> [DataSample.Table] {
        let readable = tables.filter { ["BASE TABLE", "SYSTEM VERSIONED"].contains($0.kind) }
        let numbered = readable.map { table in
            (number: Array("\(table.schema).\(table.name)".utf8).withUnsafeBytes { CRC32.checksum($0) }, table: table)
        }
        return numbered.sorted { $0.number < $1.number }.map(\.table)
    }

    func definition(of table: DataSample.Table) async throws -> TableDefinition {
        let place = """
            table_schema=\(ServerSQL.literal(table.schema)) AND table_name=\(ServerSQL.literal(table.name))
            """
        let columns = try await sql.query(
            """
            SELECT column_name AS name, data_type, column_type AS type, extra, generation_expression AS expression \
            FROM information_schema.columns WHERE \(place) ORDER BY ordinal_position
            """
        )
        let key = try await sql.query(
            """
            SELECT column_name AS name, collation AS direction, sub_part AS part FROM information_schema.statistics \
            WHERE \(place) AND index_name='PRIMARY' ORDER BY seq_in_index
            """
        )
        // By the beginnings of values rows are in no order that would tell which come first.
        let isWhole = key.allSatisfy { $0["part"] == nil }
        return TableDefinition(
            columns: columns.compactMap(TableDefinition.Column.init),
            key: isWhole
                ? key.compactMap { row in
                    row["name"].map { TableDefinition.KeyPart(column: $0, isDescending: row["direction"] == "D") }
                } : []
        )
    }

    // MARK: Rows

    /// Reads a table, and says what was read; throws `Skipped` where that is not possible now.
    ///
    /// - Parameter definition: from before the snapshot. The server shows definitions as they are, not as they were: one that
    ///   is the same before the snapshot and while the table is read is that of the snapshot.
    func sample(_ table: DataSample.Table, _ definition: TableDefinition) async throws -> DataSample.TableSample {
        try await reading {
            guard !definition.columns.isEmpty else { throw Skipped() }
            let size = try await size(of: table)
            var ends: (low: Int128, high: Int128)?
            if size.rows > SampleSize.smallRows, let statement = definition.ends(of: table, seconds: seconds),
                let row = try await sql.query(statement).first,
                let low = row["low"].flatMap({ Int128($0) }), let high = row["high"].flatMap({ Int128($0) })
            {
                ends = (low, high)
            }
            let ranges = size.ranges(hasKey: !definition.key.isEmpty, ends: ends)
            let parts = try await parts(ranges, of: table, definition)
            // What has been read cannot be changed until it is let go of.
            guard try await self.definition(of: table) == definition else { throw Skipped() }
            return DataSample.TableSample(table: table, definition: definition.fingerprint, parts: parts)
        }
    }

    /// Reads the same of a table as another member has read; with its own definition, when that is another one.
    func repeated(_ other: DataSample.TableSample) async throws -> DataSample.TableSample {
        try await reading {
            let definition = try await definition(of: other.table)
            var sample = other
            sample.definition = definition.fingerprint
            guard sample.definition == other.definition else {
                sample.parts = []
                return sample
            }
            sample.parts = try await parts(other.parts.map(\.range), of: other.table, definition)
            return sample
        }
    }

    private func size(of table: DataSample.Table) async throws -> SampleSize {
        let rows = try await sql.query(
            """
            SELECT table_rows AS n, data_length AS bytes FROM information_schema.tables WHERE \
            table_schema=\(ServerSQL.literal(table.schema)) AND table_name=\(ServerSQL.literal(table.name))
            """
        )
        guard let row = rows.first, let count = row["n"].flatMap(Int.init) else { throw Skipped() }
        return SampleSize(rows: count, bytes: row["bytes"].flatMap(Int.init) ?? 0)
    }

    private func parts(
        _ ranges: [DataSample.Range],
        of table: DataSample.Table,
        _ definition: TableDefinition
    ) async throws -> [DataSample.Part] {
        var parts: [DataSample.Part] = []
        for range in ranges {
            let statement = definition.statement(range, of: table, seconds: seconds)
            guard let row = try await sql.query(statement).first, let count = row["n"].flatMap(Int.init) else {
                throw Skipped()
            }
            let isKnown = range.order != .none || count < range.limit
            parts.append(DataSample.Part(range: range, rows: count, checksum: isKnown ? row["s"] : nil))
        }
        return parts
    }

    /// Lets go of the table when it has been read.
    private func reading<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await sql.execute(["SAVEPOINT part"])
        do {
            let value = try await body()
            try await sql.execute(["ROLLBACK TO SAVEPOINT part"])
            return value
        } catch let error as SQLError where Self.passing.contains(error.code) {
            try await sql.execute(["ROLLBACK TO SAVEPOINT part"])
            throw Skipped()
        } catch is Skipped {
            try await sql.execute(["ROLLBACK TO SAVEPOINT part"])
            throw Skipped()
        }
    }

    /// What happens to a table that is changed meanwhile, or that takes too long: unknown column, table, key; lock wait;
    /// interrupted; changed definition; statement timeout.
    private static let passing: Set<UInt32> = [1054, 1072, 1146, 1176, 1205, 1317, 1412, 1932, 1969]
}
