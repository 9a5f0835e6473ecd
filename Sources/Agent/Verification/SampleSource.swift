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
            let position = try await snapshot(sampler, after: request.after)
            let sample = try await read(sampler, position)
            await sampler.end()
            logger.info(
                "read a sample of the data",
                metadata: [
                    "for": "\(request.to)", "position": "\(position)", "tables": "\(sample.samples.count)",
                    "left": "\(sample.left)", "time": "\(ContinuousClock.now - begin)",
                ]
            )
            return sample
        } catch {
            await sampler.end()
            throw error
        }
    }

    private func snapshot(_ sampler: DataSampler, after: Position) async throws -> GTID {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            if let applied = try await sampler.applied(), applied.sequence >= after.sequence,
                let position = try await sampler.begin(), position.sequence >= after.sequence
            {
                return position
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

    private func read(_ sampler: DataSampler, _ position: GTID) async throws -> DataSample {
        let deadline = ContinuousClock.now + Self.limit
        let (schemas, tables) = try await sampler.names()
        var sample = DataSample(position: position, schemas: schemas, tables: tables, samples: [], left: 0)
        let drawn = DataSampler.drawn(tables)
        for table in drawn {
            guard .now < deadline, sample.samples.count < DataSampler.mostTables else { break }
            do {
                sample.samples.append(try await sampler.sample(table))
            } catch is DataSampler.Skipped {
                continue
            }
        }
        sample.left = drawn.count - sample.samples.count
        return sample
    }
}
