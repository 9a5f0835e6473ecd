import Foundation
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
        let needed = FreeSpace.needed(CopyHeader(dataBytes: data, logBytes: log))
        let failure = FreeSpace.check("the copy", needs: needed, available: available)
        #expect((failure == nil) == fits)
        guard let failure else { return }
        #expect(failure.result.reason == "NoSpace")
        #expect(failure.result.isWorthRetrying == false)
        #expect(failure.result.message.contains("\(available)"))
    }

    @Test(
        arguments: [
            (0, 0, 64 << 20), (96 << 20, 0, 160 << 20), (96 << 20, 32 << 20, 128 << 20),
            (96 << 20, 128 << 20, 64 << 20),
            (.max, 0, .max),
        ] as [(UInt64, UInt64, UInt64)]
    )
    func aServersFirstStartNeedsRoom(log: UInt64, present: UInt64, needed: UInt64) {
        #expect(FreeSpace.neededToRefresh(log: log, present: present) == needed)
        #expect(present > 0 || FreeSpace.neededToPrepare(log: log) == needed)
    }

    /// What is there stays as it is, for a volume that has room later.
    @Test(arguments: [
        (RebuildJob.Work.prepare, UInt64(64 << 20) + 5000, false), (.refresh, UInt64(160 << 20) - 5000, true),
    ])
    func aJobWithoutRoomFailsBeforeItWrites(_ work: RebuildJob.Work, _ needed: UInt64, _ isPrepared: Bool) async throws
    {
        let directory = try TemporaryDirectory()
        var job = Self.job(directory.path, work)
        let place = job.place
        try DurableFile.makeDirectories(place.backup)
        try Data(repeating: 0, count: 5000).write(to: URL(filePath: place.backup + "/ib_logfile0"))
        let gtid = try #require(GTID("0-17-5"))
        var record = CopyRecord(source: "orders-0", bytes: 12, gtid: gtid, log: [gtid], format: [])
        record.logBytes = 96 << 20
        try place.write(record)
        if isPrepared { try place.writePrepared() }
        job.available = { _ in needed - 1 }
        let (result, succeeded) = await job.run()
        #expect(!succeeded)
        #expect(result.reason == JobResult.noSpace, "\(result.message)")
        #expect(result.isWorthRetrying == false)
        #expect(result.message.contains("\(needed) bytes"), "\(result.message)")
        #expect(try directory.names() == ["rebuild"])
        #expect(place.hasRemains)
        #expect(try place.copied == record)
        #expect(try place.isPrepared == isPrepared)
    }

    @Test func freeSpaceIsThatOfTheVolume() throws {
        #expect(try FreeSpace.available("/tmp") > 0)
        let volume = try Volume(of: "/tmp")
        #expect(volume.size >= volume.available)
        #expect(throws: SystemError.self) { try FreeSpace.available("/nonexistent/xdb") }
    }

    /// Not the GTID in these words: a server that applies changes that after the commit.
    @Test(
        arguments: [
            (
                [
                    "[00] 2026-01-01 13:35:42 Backup created in directory '/var/lib/xdb/tmp/copy/'",
                    "[00] 2026-01-01 13:35:42 MySQL binlog position: filename 'binlog.000002', position '315618', "
                        + "GTID of the last change '0-114-32363'",
                    "[00] 2026-01-01 13:35:45 completed OK!",
                ], BinlogPlace(file: "binlog.000002", offset: 315_618)
            ),
            (
                ["MySQL binlog position: filename 'binlog.000002', position '4'"],
                BinlogPlace(file: "binlog.000002", offset: 4)
            ),
            (["MySQL binlog position: filename '', position '4'"], nil),
            (["MySQL binlog position: filename 'binlog.000002', position '99999999999999999999'"], nil),
            (["[00] 2026-01-01 13:35:45 completed OK!"], nil), ([], nil),
        ] as [([String], BinlogPlace?)]
    )
    func readsWhereABackupEnds(lines: [String], place: BinlogPlace?) {
        #expect(BackupProcess.Outcome(end: .exited(0), lines: lines).binlogEnd == place)
    }

    @Test(
        arguments: [
            ("0-17-5", nil), ("0-17-3", nil), (nil, "does not say with which transaction"),
            ("1-17-5", "does not say with which transaction"), ("0-17-6", "does not have"), ("0-18-5", "does not have"),
        ] as [(String?, String?)]
    )
    func recordsWhatHasBeenCopied(end: String?, refusal: String?) throws {
        let trailer = CopyTrailer(
            ok: true,
            message: "",
            bytes: 12,
            end: end.flatMap { GTID($0) },
            log: [try #require(GTID("0-17-5"))],
            format: "Zm9ybWF0"
        )
        let source = PeerAddress(name: "orders-1", host: "10.0.0.2")
        guard let refusal else {
            let record = try CopyRecord(source, trailer, 12)
            #expect("\(record.gtid)" == end && record.log == [record.gtid] && record.source == "orders-1")
            return
        }
        let failure = #expect(throws: JobFailure.self) { try CopyRecord(source, trailer, 12) }
        #expect(failure?.result.reason == "NoPosition")
        #expect(failure?.result.message.contains(refusal) == true, "\(String(describing: failure))")
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
