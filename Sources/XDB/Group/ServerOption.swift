/// What users may set in `spec.configuration`, and why not what they may not.
///
/// Options are refused for one of two reasons: the safety of the group stands on their value, or the operator sets them
/// because they name something that it owns. Everything else goes to the server as it is; whether the server knows it,
/// the server says (`InvalidConfiguration`).
public enum ServerOption {
    /// Why an option must not be set, as a sentence that follows its name; nil when it may.
    public static func refusal(of option: String, value: String) -> String? {
        guard option.first?.isLetter == true, option.utf8.allSatisfy(isNameByte) else {
            return "is not the name of a server option; use letters, digits, _ and -"
        }
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            return "has a line break or another control character in its value; remove it"
        }
        let name = normal(option)
        for rule in rules {
            if let match = rule.match(name) {
                let alias = match == option ? "" : " (it means \(match))"
                return "must not be set\(alias): \(rule.reason); remove it"
            }
        }
        return nil
    }

    /// The name without the spellings that mean the same: capitals, dashes, and the prefixes that the server strips.
    static func normal(_ option: String) -> String {
        var name = String(option.lowercased().map { $0 == "-" ? "_" : $0 })
        var isStripped = true
        while isStripped {
            isStripped = false
            for prefix in ["loose_", "skip_", "disable_", "enable_", "maximum_"] where name.hasPrefix(prefix) {
                name.removeFirst(prefix.count)
                isStripped = true
            }
        }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Options that are refused for one reason.
    struct Rule: Sendable {
        /// Beginnings of names.
        var families: [String] = []
        var names: [String] = []
        var reason: String

        /// The option that a name means; nil when the rule does not concern it.
        func match(_ name: String) -> String? {
            if names.contains(name) { return name }
            if families.contains(where: { name.hasPrefix($0) }) { return name }
            // The server takes any beginning of a name that is unambiguous, so that is no way around the rule.
            return names.first { $0.hasPrefix(name) } ?? families.first { $0.hasPrefix(name) }
        }
    }

    /// Read with `normal` names: `skip_grant_tables` is `grant_tables` here.
    static let rules: [Rule] = [
        Rule(
            names: ["sync_binlog", "innodb_flush_log_at_trx_commit", "innodb_doublewrite"],
            reason: "a commit that a client saw must be on disk"
        ),
        Rule(
            families: ["rpl_semi_sync_"],
            names: ["init_rpl_role"],
            reason: "acknowledgement by a majority, and what a restarted server truncates, depend on it"
        ),
        Rule(
            families: ["gtid_"],
            names: ["server_id"],
            reason: "transactions are ordered by GTIDs, whose server id carries the epoch"
        ),
        Rule(
            families: ["binlog_do_", "binlog_ignore_", "encrypt_binlog", "expire_logs", "binlog_expire"],
            names: [
                "log_bin", "log_bin_index", "log_bin_compress", "binlog_format", "binlog_row_image",
                "binlog_row_metadata", "binlog_checksum", "binlog_annotate_row_events", "binlog_commit_wait_count",
                "binlog_commit_wait_usec", "max_binlog_size", "log_slave_updates",
            ],
            reason: "the group's log is made from the server's binlog"
        ),
        Rule(
            families: ["replicate_", "relay_log", "slave_", "master_"],
            names: [
                "sync_relay_log", "sync_relay_log_info", "sync_master_info", "report_host", "report_port",
                "report_user",
                "report_password", "show_slave_auth_info",
            ],
            reason: "members are fed by their agents, completely and in order"
        ),
        Rule(
            names: ["read_only", "event_scheduler"],
            reason: "only the leader of the newest epoch writes, and its agent opens it"
        ),
        Rule(
            names: [
                "enforce_storage_engine", "default_storage_engine", "innodb", "innodb_read_only",
                "innodb_force_recovery", "tc_heuristic_recover",
            ],
            reason: "only InnoDB tables survive a crash and are equal on all members"
        ),
        Rule(
            families: ["wsrep"],
            reason: "Galera replication excludes the group's own"
        ),
        Rule(
            names: [
                "datadir", "tmpdir", "slave_load_tmpdir", "innodb_data_home_dir", "innodb_log_group_home_dir",
                "innodb_undo_directory", "innodb_data_file_path", "innodb_temp_data_file_path", "aria_log_dir_path",
                "basedir", "chroot", "pid_file", "log_error", "user", "plugin_dir",
            ],
            reason: "files are where the agent and backups expect them"
        ),
        Rule(
            names: [
                "socket", "port", "extra_port", "bind_address", "networking", "name_resolve", "proxy_protocol_networks",
            ],
            reason: "the operator decides where the server is reached"
        ),
        Rule(
            names: ["grant_tables", "init_file", "init_connect", "init_slave", "bootstrap", "unix_socket"],
            reason: "it would change who may do what before the agent has a say"
        ),
        Rule(
            names: ["innodb_fast_shutdown"],
            reason: "how the server is stopped is the agent's choice"
        ),
        Rule(
            names: ["defaults_file", "defaults_extra_file", "no_defaults", "print_defaults", "help", "version"],
            reason: "it says how the server is started, which is the agent's work"
        ),
    ]
}
