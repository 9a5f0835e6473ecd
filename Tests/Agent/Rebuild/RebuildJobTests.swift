import Logging
import Testing
import XDB

@testable import Agent

@Suite struct RebuildJobTests {
    @Test(
        arguments: [
            (0, 0, 64 << 20, true), (0, 0, (64 << 20) - 1, false),
            (1 << 30, 0, (1 << 30) + (1 << 30) / 10 + (64 << 20), true),
            (1 << 30, 0, (1 << 30) + (1 << 30) / 10 + (64 << 20) - 1, false),
            (1 << 30, 96 << 20, (1 << 30) + (1 << 30) / 10 + (64 << 20), false),
            (.max, .max, .max - 1, false),
        ] as [(UInt64, UInt64, UInt64, Bool)]
    )
    func aCopyNeedsRoom(data: UInt64, log: UInt64, available: UInt64, fits: Bool) {
        let failure = FreeSpace.check(CopyHeader(dataBytes: data, logBytes: log), available: available)
        #expect((failure == nil) == fits)
        guard let failure else { return }
        #expect(failure.result.reason == "NoSpace")
        #expect(failure.result.isWorthRetrying == false)
        #expect(failure.result.message.contains("\(available)"))
    }

    @Test func freeSpaceIsThatOfTheVolume() throws {
        #expect(try FreeSpace.available("/tmp") > 0)
        #expect(throws: SystemError.self) { try FreeSpace.available("/nonexistent/xdb") }
    }

    @Test(
        arguments: [
            ("binlog.000001\t342\t0-17-5\n", "0-17-5"), ("binlog.000001\t342\t0-17-5", "0-17-5"),
            ("binlog.000001\t342\t\n", nil), ("binlog.000001\t342\n", nil), ("", nil),
            ("binlog.000001\t342\t0-17-5,1-17-9\n", nil), ("binlog.000001\t342\t1-17-9\n", nil),
        ] as [(String, String?)]
    )
    func readsWhereABackupEnds(line: String, gtid: String?) {
        #expect(BackupInfo.gtid(line)?.description == gtid)
    }

    /// Either the exit code or the words alone are not enough.
    @Test(
        arguments: [
            (.exited(0), ["[00] 2026-01-01 completed OK!"], true), (.exited(0), ["[00] copying", ""], false),
            (.exited(1), ["[00] 2026-01-01 completed OK!"], false),
            (.signalled(9), ["[00] 2026-01-01 completed OK!"], false), (.exited(0), [], false),
            (.exited(0), ["completed OK!", "one", "two", "three"], false),
        ] as [(ProcessEnd, [String], Bool)]
    )
    func aBackupHasSucceeded(end: ProcessEnd, lines: [String], success: Bool) {
        let outcome = BackupProcess.Outcome(end: end, lines: lines)
        #expect(outcome.isSuccess == success)
        #expect(outcome.message.isEmpty == success)
    }

    @Test(
        arguments: [
            (["operator.orders.default.xdb", "orders-1.orders.default.xdb"], .operator),
            (["localhost", "orders-1-i2.orders.default.xdb"], .member("orders-1-i2")),
            (["orders-1.others.default.xdb"], nil), ([".orders.default.xdb"], nil),
            (["a.b.orders.default.xdb"], nil), ([], nil),
        ] as [([String], ControlClient?)]
    )
    func knowsWhoAsks(names: [String], client: ControlClient?) {
        #expect(CertificateNames(group: "orders", namespace: "default").client(names) == client)
    }

    @Test func knowsWhenCommitsWait() {
        let lines = ["[00] Starting BACKUP STAGE FLUSH", "[01] Streaming ./shop/t.frm"]
        #expect(!BackupProcess.holdsCommits(lines))
        #expect(BackupProcess.holdsCommits(lines + ["[00] Starting BACKUP STAGE BLOCK_COMMIT", "[01] Streaming"]))
    }

    /// A directory of another member is read and no more.
    @Test func aForeignDirectoryIsLeftAlone() async throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        let theirs = Identity(group: "uid", member: "orders-1", ordinal: 1, incarnation: 1, kind: .data)
        try state.write(theirs)
        for work in Self.works {
            let (result, succeeded) = await Self.job(directory.path, work).run()
            #expect(!succeeded)
            #expect(result.reason == "WrongIdentity")
            #expect(result.isWorthRetrying == false)
        }
        #expect(try directory.names() == ["identity.json"])
        #expect(try state.identity() == theirs)
    }

    @Test func aFinishedDirectoryIsLeftAlone() async throws {
        let directory = try TemporaryDirectory()
        let identity = Identity(group: "uid", member: "orders-1-i2", ordinal: 1, incarnation: 2, kind: .data)
        try DurableState(directory: directory.path).write(identity)
        for work in Self.works {
            let (result, succeeded) = await Self.job(directory.path, work).run()
            #expect(succeeded)
            #expect(result.reason == "DoneBefore")
        }
        #expect(try directory.names() == ["identity.json"])
    }

    @Test func withoutACopyThereIsNothingToPrepare() async throws {
        let directory = try TemporaryDirectory()
        for work in [RebuildJob.Work.prepare, .refresh] {
            let (result, succeeded) = await Self.job(directory.path, work).run()
            #expect(!succeeded)
            #expect(result.reason == "CopyAgain")
        }
    }

    private static let works: [RebuildJob.Work] = [
        .prepare, .refresh, .copy(from: PeerAddress(name: "orders-0", host: "::1"), port: 1, bytesPerSecond: nil),
    ]

    private static func job(_ directory: String, _ work: RebuildJob.Work) -> RebuildJob {
        let configuration = AgentConfiguration(
            member: "orders-1-i2",
            ordinal: 1,
            incarnation: 2,
            group: "orders",
            namespace: "default",
            kind: .data,
            directory: directory,
            runDirectory: directory,
            tlsDirectory: directory,
            usersDirectory: "",
            serverConfiguration: ""
        )
        return RebuildJob(configuration: configuration, group: "uid", work: work, logger: Logger(label: "test"))
    }
}
