import Testing

@testable import XDB

struct ServerOptionTests {
    @Test(arguments: [
        ("innodb_buffer_pool_size", "1G"), ("innodb-buffer-pool-size", "1G"), ("max_connections", "500"),
        ("Max-Connections", "500"), ("loose-innodb_foo", "1"), ("sql_mode", "STRICT_ALL_TABLES"), ("sync_frm", "1"),
        ("long_query_time", "0.5"), ("innodb_flush_method", "O_DIRECT"), ("lc_messages", "en_US"),
        ("log_warnings", "2"), ("slow_query_log", "1"), ("tmp_table_size", "64M"), ("max_binlog_cache_size", "1G"),
        ("binlog_cache_size", "1M"), ("require_secure_transport", "1"), ("skip-show-database", ""),
    ])
    func othersAreTheUsers(_ option: String, _ value: String) {
        #expect(ServerOption.refusal(of: option, value: value) == nil)
    }

    @Test(arguments: [
        ("sync_binlog", "on disk"),
        ("innodb_flush_log_at_trx_commit", "on disk"),
        ("rpl_semi_sync_master_timeout", "majority"),
        ("rpl-semi-sync-master-enabled", "majority"),
        ("server_id", "epoch"),
        ("gtid_strict_mode", "GTID"),
        ("gtid_domain_id", "GTID"),
        ("log_bin", "binlog"),
        ("skip-log-bin", "binlog"),
        ("binlog_format", "binlog"),
        ("replicate_do_db", "completely"),
        ("slave_skip_errors", "completely"),
        ("skip-slave-start", "completely"),
        ("read_only", "leader"),
        ("event_scheduler", "leader"),
        ("wsrep_on", "Galera"),
        ("datadir", "files"),
        ("socket", "reached"),
        ("port", "reached"),
        ("skip-networking", "reached"),
        ("skip_name_resolve", "reached"),
        ("skip-grant-tables", "who may do"),
        ("init_connect", "who may do"),
        ("init_file", "who may do"),
        ("innodb_force_recovery", "InnoDB"),
    ])
    func whatSafetyStandsOnIsRefusedWithItsReason(_ option: String, _ reason: String) throws {
        let refusal = try #require(ServerOption.refusal(of: option, value: "1"))
        #expect(refusal.contains(reason))
        #expect(refusal.hasSuffix("remove it"))
    }

    @Test(arguments: [
        ("SYNC-BINLOG", "sync_binlog"), ("loose-sync_binlog", "sync_binlog"), ("loose-skip-log-bin", "log_bin"),
        ("sync_binl", "sync_binlog"), ("serv", "server_id"), ("enable-read-only", "read_only"),
        ("maximum-gtid_domain_id", "gtid_domain_id"), ("dat", "datadir"),
    ])
    func noSpellingIsAWayAround(_ option: String, _ meaning: String) throws {
        let refusal = try #require(ServerOption.refusal(of: option, value: "0"))
        #expect(refusal.contains("it means \(meaning)"))
    }

    @Test(arguments: [
        ("", "1"), ("a b", "1"), ("[mariadbd]", "1"), ("!include", "/etc/passwd"), ("max_connections=1\nport", "1"),
        ("max_connections", "1\nread_only=0"), ("sql_mode", "a\rb"), ("größe", "1"), ("-x", "1"),
    ])
    func nothingCanBeSmuggledIntoTheFile(_ option: String, _ value: String) {
        #expect(ServerOption.refusal(of: option, value: value) != nil)
    }
}
