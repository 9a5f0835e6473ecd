import Logging
import Synchronization
import XDB

/// Samples of this member's data for other members: one at a time, each in one snapshot that is soon over.
final class SampleSource: Sendable {
    private let socket: String
    private let logger: Logger
    private let isBusy = Mutex(false)

    /// An old snapshot keeps the server from removing what only it can still see.
    static let limit = Duration.seconds(20)
    /// For how long the position that was asked for is waited for.
    private static let patience = Duration.seconds(10)
    /// A table of which not even its ends are read within this is left out.
    private static let statementSeconds = 5

    init(socket: String, logger: Logger) {
        self.socket = socket
        self.logger = logger
    }

    /// Reads a sample at a position that is not before the one that was asked for.
    func sample(_ request: SampleRequest) async throws -> DataSample {
        let begins = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard begins else {
            throw AgentError(reason: "SampleInProgress", message: "a sample is being read; ask again when it has ended")
        }
        defer { isBusy.withLock { $0 = false } }
        let begin = ContinuousClock.now
        let sampler = DataSampler(socket: socket, seconds: Self.statementSeconds)
        do {
            try await sampler.open()
            let sample = try await read(sampler, after: request.after)
            await sampler.end()
            logger.info(
                "read a sample of the data",
                metadata: [
                    "for": "\(request.to)", "position": "\(sample.position)", "tables": "\(sample.samples.count)",
                    "left": "\(sample.left)", "time": "\(ContinuousClock.now - begin)",
                ]
            )
            return sample
        } catch {
            await sampler.end()
            throw error
        }
    }

    /// What is there before a snapshot.
    private struct Inventory {
        var schemas: Set<String>
        var tables: [DataSample.Table]
        /// Of those that are to be read, in their order.
        var definitions: [(DataSample.Table, TableDefinition)] = []
    }

    private func inventory(_ sampler: DataSampler) async throws -> Inventory {
        let (schemas, tables) = try await sampler.names()
        var inventory = Inventory(schemas: Set(schemas), tables: tables)
        for table in DataSampler.drawn(tables).prefix(DataSampler.mostTables) {
            inventory.definitions.append((table, try await sampler.definition(of: table)))
        }
        return inventory
    }

    /// Names and definitions are not part of a snapshot: they are looked at before it and after, and what is not the same
    /// both times is left out.
    private func read(_ sampler: DataSampler, after: Position) async throws -> DataSample {
        let (before, position) = try await snapshot(sampler, after: after)
        let deadline = ContinuousClock.now + Self.limit
        let (schemas, tables) = try await sampler.names()
        let lasting = Set(tables).intersection(before.tables)
        let changing = Set(tables).symmetricDifference(before.tables)
        var sample = DataSample(
            position: position,
            schemas: schemas.filter { before.schemas.contains($0) },
            tables: tables.filter { lasting.contains($0) }
        )
        sample.changing =
            before.schemas.symmetricDifference(schemas).map(SampleComparison.subject)
            + changing.map(SampleComparison.subject)
        for (table, definition) in before.definitions where lasting.contains(table) {
            guard .now < deadline else { break }
            do {
                sample.samples.append(try await sampler.sample(table, definition))
            } catch is DataSampler.Skipped {
                continue
            }
        }
        sample.left = DataSampler.drawn(tables).count - sample.samples.count
        return sample
    }

    private func snapshot(_ sampler: DataSampler, after: Position) async throws -> (Inventory, GTID) {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            if let applied = try await sampler.applied(), applied.sequence >= after.sequence {
                let inventory = try await inventory(sampler)
                if let position = try await sampler.begin(), position.sequence >= after.sequence {
                    return (inventory, position)
                }
            }
            guard .now < deadline else {
                throw AgentError(
                    reason: "NotYetThere",
                    message: "its server has not applied \(after) within \(Self.patience.components.seconds) s"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
