import BinaryLog
import Foundation
import Logging
import NIOCore
import Testing
import XDB

@testable import Agent

/// Members in one process, each on its own loopback address, with real TLS and real files.
final class LogGroup {
    let members: [LogMember]
    let directory: String

    init(_ count: Int, segmentBytes: UInt64 = 64 << 20) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/xdb-group-\(UUID().uuidString)"
        self.directory = directory
        // Below the ports that outgoing connections take: a member that is stopped finds its own free when it starts.
        let port = Int.random(in: 10_000..<30_000)
        let network = Int.random(in: 1...200)
        members = (0..<count).map { index in
            LogMember(
                name: "orders-\(index)",
                ordinal: UInt32(index),
                host: "127.\(network).\(index).1",
                port: port,
                directory: "\(directory)/orders-\(index)",
                segmentBytes: segmentBytes
            )
        }
        for member in members { try await member.start() }
    }

    subscript(_ index: Int) -> LogMember { members[index] }

    var names: [String] { members.map(\.name) }

    func close() async {
        for member in members { await member.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Seals everyone who runs, and lets one member lead with a first transaction.
    @discardableResult
    func elect(_ leader: Int, epoch: UInt32, voters: [String]? = nil, learners: [String] = []) async throws -> GTID {
        let epoch = Epoch(rawValue: epoch)
        for member in members where member.replication != nil { _ = try await member.running.seal(epoch: epoch) }
        return try await members[leader].lead(epoch: epoch, voters: voters ?? names, learners: learners)
    }

    func follow(
        _ follower: Int,
        _ leader: Int,
        epoch: UInt32,
        server: GTID? = nil,
        beginsAnywhere: Bool = false
    ) async throws {
        try await members[follower].running.follow(
            epoch: Epoch(rawValue: epoch),
            leader: members[leader].address,
            server: server,
            beginsAnywhere: beginsAnywhere
        )
    }
}

/// One member of a `LogGroup`.
final class LogMember {
    let name: String
    let ordinal: UInt32
    let host: String
    var configuration: ReplicationConfiguration
    private(set) var replication: Replication?
    var tls: String

    init(name: String, ordinal: UInt32, host: String, port: Int, directory: String, segmentBytes: UInt64) {
        self.name = name
        self.ordinal = ordinal
        self.host = host
        tls = TestCertificates.shared.path(of: name)
        configuration = ReplicationConfiguration(
            member: name,
            group: TestCertificates.group,
            namespace: TestCertificates.namespace,
            directory: directory
        )
        configuration.peerHost = host
        configuration.peerPort = port
        configuration.peersPort = port
        configuration.feedPort = 0
        configuration.segmentBytes = segmentBytes
        configuration.serverUser = NSUserName()
        try? FileLogStorage.prepare(directory: FileLogStorage.directory(of: directory))
    }

    var address: PeerAddress { PeerAddress(name: name, host: host) }

    var running: Replication {
        get throws { try #require(replication, "\(name) does not run") }
    }

    var snapshot: ReplicationSnapshot { replication?.snapshot ?? ReplicationSnapshot() }

    func start(epoch: UInt32 = 0) async throws {
        var logger = Logger(label: name)
        logger.logLevel =
            ProcessInfo.processInfo.environment["XDB_TEST_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .critical
        replication = try await Replication(
            configuration: configuration,
            tls: TLSMaterial(directory: tls),
            epoch: Epoch(rawValue: epoch),
            logger: logger
        )
        // The server behind the feed finds it at the same place after a restart.
        configuration.feedPort = replication?.feedPort ?? 0
    }

    func stop() async {
        await replication?.close()
        replication = nil
    }

    /// Makes it a new life, which has nothing yet; to be called while it does not run.
    func beginAnew() throws {
        try FileManager.default.removeItem(atPath: configuration.directory)
        try FileLogStorage.prepare(directory: FileLogStorage.directory(of: configuration.directory))
    }

    func lead(
        epoch: Epoch,
        start: Position? = nil,
        voters: [String],
        learners: [String] = [],
        newcomers: Set<String> = []
    ) async throws -> GTID {
        let end = try await running.seal(epoch: epoch).position
        return try await running.lead(
            epoch: epoch,
            ordinal: ordinal,
            start: start ?? end,
            voters: voters,
            learners: learners,
            newcomers: newcomers,
            firstTransactions: [
                FirstTransaction(database: "", content: .schemaChange("CREATE SCHEMA IF NOT EXISTS xdb")),
                FirstTransaction(
                    database: "xdb",
                    content: .schemaChange(
                        "CREATE TABLE IF NOT EXISTS xdb.heartbeat (id INT PRIMARY KEY, epoch BIGINT) ENGINE=InnoDB"
                    )
                ),
                FirstTransaction(
                    database: "xdb",
                    content: .statements(["REPLACE INTO xdb.heartbeat VALUES (1, \(epoch))"])
                ),
            ]
        )
    }

    /// Appends transactions of the leader's server id, as its server would.
    func write(_ count: Int = 1, statement: String = "REPLACE INTO xdb.heartbeat VALUES (2, 1)") async throws -> GTID {
        try await running.onLoop { core in
            guard case .leader(let leadership) = core.role else { throw ReplicationError.wrongRole("not leading") }
            for _ in 0..<count {
                let group = SynthesizedGroup(
                    gtid: GTID(serverID: leadership.serverID, sequence: core.log.openSequence + 1),
                    content: .changes([statement]),
                    database: "xdb",
                    timestamp: WallClock.seconds()
                )
                for event in group.events { try core.log.append(event: event) }
            }
            core.log.flush()
            return try #require(core.log.end)
        }
    }

    /// Waits until the snapshot is as wanted.
    func until(
        _ what: Comment,
        seconds: Double = 30,
        location: SourceLocation = #_sourceLocation,
        _ condition: (ReplicationSnapshot) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if condition(snapshot) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("\(name): \(what); \(snapshot)", sourceLocation: location)
        throw CancellationError()
    }
}

extension Replication {
    /// Appends one transaction of the leader's server id, as its server would.
    func appendForTests() async throws -> GTID? {
        try await onLoop { core in
            guard case .leader(let leadership) = core.role else { return nil }
            let group = SynthesizedGroup(
                gtid: GTID(serverID: leadership.serverID, sequence: core.log.openSequence + 1),
                content: .changes(["REPLACE INTO xdb.heartbeat VALUES (3, 1)"]),
                database: "xdb",
                timestamp: WallClock.seconds()
            )
            for event in group.events { try core.log.append(event: event) }
            core.log.flush()
            return core.log.end
        }
    }
}
