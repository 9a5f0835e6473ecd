import Testing

@testable import Agent

@Suite struct AccountsTests {
    /// The hashes are those of `SELECT PASSWORD('secret')`.
    @Test func hashesAsTheServerDoes() {
        #expect(Accounts.hash("secret") == "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7")
        #expect(Accounts.hash("x") == "*B69027D44F6E5EDC07F1AEAD1477967B16F28227")
    }

    @Test func readsPasswordFiles() throws {
        let directory = try TemporaryDirectory()
        try directory.write("app", "secret\n")
        try directory.write("admin", "x")
        try directory.write("empty", "")
        try directory.write("..data", "x")
        try directory.write("o'brien", "x")
        #expect(
            Accounts(directory: directory.path).wanted() == [
                Accounts.Account(name: "admin", hash: Accounts.hash("x")),
                Accounts.Account(name: "app", hash: Accounts.hash("secret")),
            ]
        )
        #expect(Accounts(directory: "/nonexistent").wanted().isEmpty)
    }

    /// The lines are those of a server.
    @Test func readsGrants() throws {
        let all = try #require(Accounts.Grant("GRANT ALL PRIVILEGES ON `%`.* TO `app`@`%`"))
        #expect(all == Accounts.Grant(["ALL PRIVILEGES"], on: "`%`.*"))
        #expect(!all.covers(Accounts.Grant(["ALL PRIVILEGES"], on: "`%`.*", mayGrant: true)))
        #expect(!all.covers(Accounts.Grant(["SELECT"], on: "`xdb`.*")))
        let line = "GRANT PROCESS, SHOW DATABASES ON *.* TO `admin`@`%` IDENTIFIED BY PASSWORD '*1' WITH GRANT OPTION"
        let global = try #require(Accounts.Grant(line))
        #expect(global.covers(Accounts.Grant(["SHOW DATABASES"], on: "*.*")))
        #expect(global.mayGrant)
        #expect(!global.covers(Accounts.Grant(["PROCESS", "FILE"], on: "*.*")))
        #expect(Accounts.Grant("GRANT `reader` TO `app`@`%`") == nil)
        #expect(Accounts.Grant("SET DEFAULT ROLE NONE FOR `app`@`%`") == nil)
    }

    @Test(arguments: ["app", "admin"])
    func withholdsWhatIsDangerous(_ name: String) {
        let grants = Accounts.grants(name).map { $0.statement(for: "'\(name)'@'%'") }.joined(separator: ";")
        for right in [
            "SUPER", "CONNECTION ADMIN", "READ_ONLY ADMIN", "BINLOG ADMIN", "BINLOG REPLAY", "REPLICATION", "SET USER",
            "FEDERATED", "FILE", "RELOAD", "CREATE USER",
        ] {
            #expect(!grants.contains(right))
        }
        #expect(grants.contains("GRANT LOCK TABLES ON `mysql`.*"))
        #expect(!grants.contains("ALL PRIVILEGES ON *.*"))
    }
}
