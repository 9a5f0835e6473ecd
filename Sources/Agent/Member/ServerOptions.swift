import XDB

/// The options with which a server is started: the user's file first, then everything that the group's safety stands
/// on, so that the file cannot change it.
struct ServerOptions: Sendable {
    var program: String
    /// The user's option file; nil where there is none.
    var configuration: String?
    var dataDirectory: String
    var temporaryDirectory: String
    var socket: String
    var pidFile: String
    var address: String
    var port: Int
    var serverID: ServerID
    /// The unacknowledged tail is committed and not truncated: only for one that the group has committed.
    var keepsTail = false
    /// A server that runs as root refuses to start without being told so; only tests run one.
    var asRoot: Bool

    /// The server id of a server that follows, or that only starts.
    ///
    /// A server skips events that carry its own id without a word, so it must have an id that no transaction of the
    /// group has: those of the largest epoch, which no group reaches.
    static func failSafeID(ordinal: UInt32) -> ServerID { ServerID(epoch: .max, ordinal: ordinal) }

    /// The whole command line.
    var arguments: [String] {
        var arguments = [program, configuration.map { "--defaults-file=\($0)" } ?? "--no-defaults"]
        if asRoot { arguments.append("--user=root") }
        arguments += [
            "--datadir=\(dataDirectory)",
            "--tmpdir=\(temporaryDirectory)",
            "--socket=\(socket)",
            "--pid-file=\(pidFile)",
            "--bind-address=\(address)",
            "--port=\(port)",
            "--server-id=\(serverID)",
        ]
        arguments += Self.owned.map { "--\($0.name)=\($0.value)" }
        if keepsTail { arguments.append("--init-rpl-role=MASTER") }
        return arguments
    }

    /// What a server is always started with, whatever it was before and whatever the user wants.
    static let owned: [(name: String, value: String)] = [
        // Fail-safe: what was not acknowledged is truncated, nobody writes, nothing is applied, nobody commits alone.
        ("init-rpl-role", "SLAVE"),
        ("rpl-semi-sync-slave-enabled", "1"),
        ("read-only", "1"),
        ("skip-slave-start", "1"),
        ("rpl-semi-sync-master-enabled", "1"),
        ("rpl-semi-sync-master-wait-no-slave", "1"),
        ("rpl-semi-sync-master-timeout", "18446744073709551615"),
        ("rpl-semi-sync-master-wait-point", "AFTER_SYNC"),
        // What is committed is on the disk.
        ("sync-binlog", "1"),
        ("innodb-flush-log-at-trx-commit", "1"),
        ("innodb-doublewrite", "1"),
        ("innodb-fast-shutdown", "1"),
        // One log for everything, the same on every member.
        ("log-bin", "binlog"),
        ("log-bin-index", "binlog.index"),
        ("relay-log", "relay"),
        ("relay-log-index", "relay.index"),
        ("relay-log-info-file", "relay.info"),
        ("master-info-file", "master.info"),
        ("relay-log-recovery", "1"),
        ("relay-log-purge", "1"),
        ("log-slave-updates", "1"),
        ("binlog-format", "ROW"),
        ("binlog-row-image", "FULL"),
        ("binlog-row-metadata", "MINIMAL"),
        ("binlog-checksum", "CRC32"),
        ("binlog-annotate-row-events", "1"),
        ("binlog-commit-wait-count", "0"),
        ("master-verify-checksum", "1"),
        ("slave-sql-verify-checksum", "1"),
        ("encrypt-binlog", "0"),
        ("log-bin-compress", "0"),
        ("gtid-strict-mode", "1"),
        ("gtid-domain-id", "0"),
        ("gtid-ignore-duplicates", "0"),
        ("gtid-cleanup-batch-size", "64"),
        ("max-binlog-size", "67108864"),
        ("expire-logs-days", "1"),
        ("enforce-storage-engine", "InnoDB"),
        // A follower applies all of it, and stops where it cannot.
        ("slave-parallel-mode", "optimistic"),
        ("slave-parallel-threads", "4"),
        ("slave-exec-mode", "STRICT"),
        ("slave-skip-errors", "OFF"),
        ("slave-type-conversions", ""),
        ("slave-run-triggers-for-rbr", "NO"),
        ("slave-net-timeout", "10"),
        ("replicate-events-marked-for-skip", "REPLICATE"),
        // Names of clients are not looked up: a member must not wait for a name server.
        ("skip-name-resolve", "1"),
        ("event-scheduler", "OFF"),
    ]

    /// Options that would break the group and that no later option takes back.
    static let forbidden: Set<String> = [
        "replicate_do_db", "replicate_do_table", "replicate_ignore_db", "replicate_ignore_table",
        "replicate_rewrite_db", "replicate_wild_do_table", "replicate_wild_ignore_table", "replicate_same_server_id",
        "binlog_do_db", "binlog_ignore_db", "skip_grant_tables", "skip_networking", "skip_log_bin", "init_file",
        "init_connect", "init_slave", "bootstrap", "wsrep_on", "wsrep_provider", "wsrep_cluster_address",
        "innodb_force_recovery", "innodb_read_only", "tc_heuristic_recover", "extra_port", "user", "chroot",
        "innodb_data_home_dir", "innodb_undo_directory", "innodb_log_group_home_dir", "basedir",
        "proxy_protocol_networks",
        "log_error", "skip_innodb", "innodb", "gtid_pos_auto_engines",
    ]

    /// Options that an operator's member sets by itself, by their normal names.
    static let reserved: Set<String> = Set(
        owned.map { OptionFile.normal($0.name) }
            + ["datadir", "tmpdir", "socket", "pid_file", "bind_address", "port", "server_id"]
    )
}
