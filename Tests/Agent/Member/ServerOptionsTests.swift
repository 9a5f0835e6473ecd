import Testing
import XDB

@testable import Agent

@Suite struct ServerOptionsTests {
    static let options = ServerOptions(
        program: "/usr/sbin/mariadbd",
        configuration: "/etc/xdb/configuration/user.cnf",
        dataDirectory: "/var/lib/xdb/data",
        temporaryDirectory: "/var/lib/xdb/tmp",
        socket: "/run/xdb/mysqld.sock",
        pidFile: "/run/xdb/mysqld.pid",
        address: "0.0.0.0",
        port: 3306,
        serverID: ServerOptions.failSafeID(ordinal: 3),
        asRoot: false
    )

    @Test func theUsersFileComesFirst() {
        let arguments = Self.options.arguments
        #expect(
            Array(arguments.prefix(2)) == ["/usr/sbin/mariadbd", "--defaults-file=/etc/xdb/configuration/user.cnf"]
        )
        for required in [
            "--init-rpl-role=SLAVE", "--read-only=1", "--skip-slave-start=1", "--rpl-semi-sync-master-enabled=1",
            "--rpl-semi-sync-master-wait-no-slave=1", "--rpl-semi-sync-master-timeout=18446744073709551615",
            "--rpl-semi-sync-master-wait-point=AFTER_SYNC", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1",
            "--gtid-strict-mode=1", "--log-slave-updates=1", "--enforce-storage-engine=InnoDB",
            "--server-id=4294967283",
        ] {
            #expect(arguments.contains(required), "\(required)")
        }
        #expect(!arguments.contains("--user=root"))
    }

    @Test func withoutAFileNoOtherIsRead() {
        var options = Self.options
        options.configuration = nil
        #expect(options.arguments[1] == "--no-defaults")
    }

    @Test func noTransactionHasAFailSafeID() {
        for ordinal in UInt32(0)..<16 {
            #expect(ServerOptions.failSafeID(ordinal: ordinal).epoch == .max)
        }
    }

    @Test(arguments: [
        ("server-id", "server_id"), ("Server_ID", "server_id"), ("loose-sync-binlog", "sync_binlog"),
        ("skip-slave-start", "skip_slave_start"), ("skip-log-slave-updates", "log_slave_updates"),
        ("disable-log-bin", "log_bin"), ("loose_skip_grant_tables", "skip_grant_tables"),
    ])
    func names(_ written: String, _ normal: String) {
        #expect(OptionFile.normal(written) == normal)
    }

    @Test func complaints() {
        let file = """
            # a comment
            [mysqld]
            innodb_buffer_pool_size = 1G
              max-connections=500
            sync_binlog=0
            replicate-do-db = shop
            ; another
            skip-grant-tables
            !include /etc/other.cnf
            """
        #expect(
            OptionFile.complaints(file) == [
                .ignored("sync_binlog"), .forbidden("replicate_do_db"), .forbidden("skip_grant_tables"),
                .forbidden("!include"),
            ]
        )
    }
}
