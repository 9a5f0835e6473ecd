import Testing

@testable import Agent

/// Last lines as MariaDB 10.11 writes them.
@Suite struct ServerFailureTests {
    @Test(arguments: [
        ("2026-11-21  3:12:06 0 [ERROR] mariadbd: unknown variable 'foo_bar=3'", "foo_bar"),
        ("2026-11-21  3:12:06 0 [ERROR] mariadbd: unknown option '--foo'", "foo"),
        (
            "2026-11-21  3:12:06 0 [ERROR] mariadbd: Error while setting value 'abc' to 'innodb-buffer-pool-size'",
            "innodb-buffer-pool-size"
        ),
    ])
    func namesTheOption(_ line: String, _ option: String) {
        let failure = ServerFailure.explain([
            "2026-11-21  3:12:06 0 [Note] InnoDB: log sequence number 44894", line,
            "2026-11-21  3:12:06 0 [ERROR] Aborting",
        ])
        #expect(failure.reason == "InvalidConfiguration")
        #expect(failure.message.contains("option \(option) "))
        #expect(failure.isRefusal)
    }

    @Test func aFileWithoutAGroup() {
        let failure = ServerFailure.explain([
            "error: Found option without preceding group in config file: /etc/xdb/configuration/user.cnf at line: 1",
            "Fatal error in defaults handling. Program aborted",
        ])
        #expect(failure.reason == "InvalidConfiguration")
    }

    @Test func aFullDisk() {
        let failure = ServerFailure.explain([
            "2026-11-21  3:12:06 0 [ERROR] mariadbd: Disk is full writing './binlog.000003' (Errcode: 28 \"No space\")"
        ])
        #expect(failure.reason == "DiskFull")
        #expect(!failure.isRefusal)
    }

    @Test func aKill() {
        let failure = ServerFailure.explain([
            "2026-11-21  3:35:19 6 [ERROR] Slave I/O: error connecting to master",
            "2026-11-21  3:35:19 0 [Note] mariadbd: ready for connections.",
        ])
        #expect(failure == .crashed(lines: [], ends: 1))
        #expect(!failure.message.contains("Slave"))
    }

    /// One that is started in vain again and again is told by another word than one that has ended once.
    @Test(arguments: [(1, "ServerCrashed"), (2, "ServerCrashed"), (3, "CrashLoop"), (40, "CrashLoop")])
    func aLoop(_ ends: Int, _ reason: String) {
        let line = "2026-11-21  3:12:06 0 [ERROR] InnoDB: Inconsistent tablespace ID in ./ibdata1"
        let failure = ServerFailure.explain([line], ends: ends)
        #expect(failure.reason == reason)
        #expect(failure.isLoop == (reason == "CrashLoop"))
        #expect(failure.message.contains("Inconsistent tablespace ID"))
        #expect(failure.message.contains("again and again") == failure.isLoop)
        #expect(!ServerFailure.explain(["[ERROR] No space left on device"], ends: ends).isLoop)
    }
}
