import Testing

@testable import Agent

/// What a running server is told when its option file changes.
@Suite struct OptionChangeTests {
    static let variables: [String: OptionChange.Variable] = [
        "max_connections": .init(isDynamic: true, type: "BIGINT UNSIGNED"),
        "innodb_buffer_pool_size": .init(isDynamic: true, type: "BIGINT UNSIGNED"),
        "slow_query_log": .init(isDynamic: true, type: "BOOLEAN"),
        "long_query_time": .init(isDynamic: true, type: "DOUBLE"),
        "tx_isolation": .init(isDynamic: true, type: "ENUM"),
        "sql_mode": .init(isDynamic: true, type: "SET"),
        "ft_boolean_syntax": .init(isDynamic: true, type: "VARCHAR"),
        "innodb_log_file_size": .init(isDynamic: false, type: "BIGINT UNSIGNED"),
    ]

    struct Row: Sendable, CustomTestStringConvertible {
        var old = ""
        var new: String
        var statements: [String] = []
        var waiting: [String] = []
        var refused: [String] = []
        var testDescription: String { "\(old) | \(new)" }
    }

    static let rows = [
        Row(old: "max_connections=40", new: "# another comment\nmax-connections = 40\n"),
        Row(new: "max_connections=50", statements: ["SET GLOBAL `max_connections` = 50"]),
        Row(old: "max_connections=40", new: "", statements: ["SET GLOBAL `max_connections` = DEFAULT"]),
        Row(new: "innodb_buffer_pool_size=64M", statements: ["SET GLOBAL `innodb_buffer_pool_size` = 67108864"]),
        Row(new: "max_connections=many", statements: ["SET GLOBAL `max_connections` = 'many'"]),
        Row(new: "slow_query_log", statements: ["SET GLOBAL `slow_query_log` = 1"]),
        Row(new: "skip-slow-query-log", statements: ["SET GLOBAL `slow_query_log` = 0"]),
        Row(old: "slow_query_log=ON", new: "slow_query_log=OFF", statements: ["SET GLOBAL `slow_query_log` = 0"]),
        Row(new: "long_query_time=0.5", statements: ["SET GLOBAL `long_query_time` = 0.5"]),
        Row(new: "tx_isolation=READ-COMMITTED", statements: ["SET GLOBAL `tx_isolation` = 'READ-COMMITTED'"]),
        Row(new: "sql_mode=\"ANSI,TRADITIONAL\"", statements: ["SET GLOBAL `sql_mode` = 'ANSI,TRADITIONAL'"]),
        Row(new: "sql_mode=", statements: ["SET GLOBAL `sql_mode` = ''"]),
        Row(new: #"ft_boolean_syntax="a\"\\'b" # why"#, statements: [#"SET GLOBAL `ft_boolean_syntax` = 'a"\\''b'"#]),
        Row(new: "ft_boolean_syntax", waiting: ["ft_boolean_syntax"]),
        Row(new: "innodb_log_file_size=200M", waiting: ["innodb_log_file_size"]),
        Row(old: "innodb_log_file_size=200M", new: "", waiting: ["innodb_log_file_size"]),
        Row(new: "no_such_option=1", waiting: ["no_such_option"]),
        Row(new: "max_connections=1\nmax_connections=2", waiting: ["max_connections"]),
        // What the operator sets by itself is left to it, and what the group's safety stands on is not touched.
        Row(new: "server_id=7\ntmpdir=/tmp"),
        Row(new: "sync_binlog=0"),
        Row(new: "gtid_binlog_state=x\nskip_grant_tables", refused: ["gtid_binlog_state", "skip_grant_tables"]),
    ]

    @Test(arguments: rows)
    func changes(_ row: Row) {
        let change = OptionChange(
            from: OptionFile.settings("[mariadbd]\n\(row.old)\n"),
            to: OptionFile.settings("[mariadbd]\n\(row.new)\n"),
            variables: Self.variables
        )
        #expect(change.steps.map(\.statement) == row.statements)
        #expect(change.waiting == row.waiting)
        #expect(change.refused == row.refused)
    }

    @Test func whatTheServerHasTakenIsNotedWithTheRest() {
        let old = OptionFile.settings("[mariadbd]\nmax_connections=40\ninnodb_log_file_size=100M\nsql_mode=ANSI\n")
        let new = OptionFile.settings("[mysqld]\nmax_connections = 50\ninnodb_log_file_size = 200M\n")
        let noted = OptionFile.contents(OptionFile.taking(["max_connections", "sql_mode"], of: new, into: old))
        #expect(noted == "[mariadbd]\ninnodb_log_file_size=100M\nmax_connections = 50\n")
        #expect(OptionChange.names(from: OptionFile.settings(noted), to: new) == ["innodb_log_file_size"])
    }
}
