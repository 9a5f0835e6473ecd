import Logging
import Synchronization
import XDB

/// Compares a sample of this member's data with another member's, at the same position of the log.
///
/// Meanwhile the server is fed no further than that position, while the log goes on receiving: nobody waits for it. The
/// feed goes on in any case, since what holds it back is this task alone, and an agent that dies has none.
final class DataVerifier: Sendable {
    private struct State {
        var number = 0
        var request: VerifyRequest?
        var status: AgentStatus.Verification?
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let comparison: ComparisonAtPosition
    private let changed: @Sendable () -> Void
    private let logger: Logger

    /// How often the same difference has to be seen, at different positions.
    ///
    /// A server changes its tables a moment before it says so in its log: what differs for that reason does not differ the
    /// next time.
    static let confirmations = 3
    /// A comparison that cannot be made is tried again for so long.
    private static let patience = Duration.seconds(60)
    private static let pause = Duration.seconds(1)

    init(_ comparison: ComparisonAtPosition, logger: Logger, changed: @escaping @Sendable () -> Void) {
        self.comparison = comparison
        self.changed = changed
        self.logger = logger
    }

    /// What the status says of it; nil before one was asked for.
    var status: AgentStatus.Verification? { state.withLock { $0.status } }

    /// Begins a comparison, unless it is the one that was asked for last.
    func begin(_ request: VerifyRequest, _ log: Replication) {
        state.withLock { state in
            guard state.request != request else { return }
            state.request = request
            state.number += 1
            state.status = AgentStatus.Verification(
                attempt: request.attempt,
                source: request.source.name,
                state: .running,
                message: "the data are compared with those of \(request.source.name)"
            )
            let (number, earlier) = (state.number, state.task)
            earlier?.cancel()
            state.task = Task { [weak self] in
                // One at a time holds the feed.
                await earlier?.value
                guard !Task.isCancelled else { return }
                await self?.run(request, number, log)
            }
        }
    }

    /// Ends the comparison, if one is under way, and returns when the feed is not held any more.
    func end() async {
        let task = state.withLock { state in
            state.number += 1
            state.request = nil
            state.status = nil
            defer { state.task = nil }
            return state.task
        }
        task?.cancel()
        await task?.value
    }

    // MARK: The comparison

    private func run(_ request: VerifyRequest, _ number: Int, _ log: Replication) async {
        let (verdict, words) = await verdict(request, log)
        guard !Task.isCancelled else { return }
        logger.notice("compared the data", metadata: ["with": "\(request.source.name)", "result": "\(words)"])
        state.withLock { state in
            guard state.number == number else { return }
            state.status?.state = verdict
            state.status?.message = words
        }
        changed()
    }

    private func verdict(
        _ request: VerifyRequest,
        _ log: Replication
    ) async -> (AgentStatus.Verification.State, String) {
        let deadline = ContinuousClock.now + Self.patience
        var suspects: [SampleDifference] = []
        var seen = 0
        while true {
            let words: String
            do {
                let comparison = try await comparison.compare(with: request.source, log)
                let found = comparison.differences
                if found.isEmpty { return (.matched, Self.words(of: comparison)) }
                let subjects = Set(suspects.map(\.subject))
                let again = found.filter { subjects.contains($0.subject) }
                (suspects, seen) = again.isEmpty ? (found, 1) : (again, seen + 1)
                if seen == Self.confirmations { return (.differs, Self.words(of: comparison, suspects)) }
                words = Self.words(of: comparison, suspects)
            } catch let error as AgentError where Self.isFinal(error) {
                return (.failed, Self.words(of: error, request.source.name))
            } catch {
                words = (error as? AgentError)?.message ?? "\(error)"
            }
            guard .now < deadline else { return (.failed, words) }
            guard (try? await Task.sleep(for: Self.pause)) != nil else { return (.failed, words) }
        }
    }

    /// An agent that does not know the request never will.
    private static func isFinal(_ error: AgentError) -> Bool {
        ["NotFound", "NotTheOperator", "NoData"].contains(error.reason)
    }

    private static func words(of error: AgentError, _ source: String) -> String {
        error.reason == "NoData"
            ? error.message
            : "the agent of \(source) gives no samples of its data; it may be an older one (\(error.message))"
    }

    private static func words(of comparison: SampleComparison) -> String {
        let (own, other) = (comparison.own, comparison.other)
        let left = other.left == 0 ? "" : "; \(other.left) tables were left out"
        return
            "the data match those of \(comparison.source) at \(own.position.position): \(own.schemas.count) schemas, "
            + "\(own.tables.count) tables, \(comparison.rows) rows of \(own.samples.count) tables\(left)"
    }

    private static func words(of comparison: SampleComparison, _ differences: [SampleDifference]) -> String {
        let shown = differences.prefix(3).map(\.description).joined(separator: "; ")
        let more = differences.count > 3 ? "; and \(differences.count - 3) more" : ""
        return
            "the data differ from those of \(comparison.source) at \(comparison.own.position.position): \(shown)\(more)"
    }
}

/// One comparison: both samples are of the same position.
struct ComparisonAtPosition: Sendable {
    let member: String
    let socket: String
    let peers: PeerClient

    /// For how long the other side may take: what it allows itself, and a connection.
    private static let answerLimit = SampleSource.limit + .seconds(25)
    /// For how long this server may take until it is where the other one is.
    private static let applyLimit = Duration.seconds(60)
    /// For how long the sample may take here, where nobody else needs anything.
    private static let readLimit = Duration.seconds(60)
    private static let statementSeconds = 30

    func compare(with source: PeerAddress, _ log: Replication) async throws -> SampleComparison {
        let held = try await log.holdFeed()
        defer { log.releaseFeed() }
        let other: DataSample = try await peers.post(
            "/v1/sample",
            SampleRequest(to: member, after: held.position),
            to: source,
            within: Self.answerLimit
        )
        guard other.position.sequence >= held.sequence else {
            throw AgentError(reason: "NotYetThere", message: "\(source.name) has answered for an older position")
        }
        try await log.holdFeed(upTo: other.position)
        let sampler = DataSampler(socket: socket, seconds: Self.statementSeconds)
        do {
            try await sampler.open()
            try await wait(for: other.position, sampler)
            let own = try await read(sampler, like: other)
            await sampler.end()
            let comparison = SampleComparison(own: own, other: other, source: source.name)
            // Something must have been looked at before nothing can be said to differ.
            if other.samples.isEmpty, comparison.differences.isEmpty {
                throw AgentError(reason: "NoSample", message: "\(source.name) could read none of its tables in time")
            }
            return comparison
        } catch {
            await sampler.end()
            throw error
        }
    }

    /// Waits until the server's snapshot ends exactly there: it is fed no further.
    private func wait(for position: GTID, _ sampler: DataSampler) async throws {
        let deadline = ContinuousClock.now + Self.applyLimit
        var last: GTID?
        while .now < deadline {
            last = try await sampler.applied()
            if last == position, try await sampler.begin() == position { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw AgentError(
            reason: "NotYetThere",
            message: "the server is at \(last.map { "\($0.position)" } ?? "no position"), and has not applied "
                + "\(position.position) within \(Self.applyLimit.components.seconds) s"
        )
    }

    private func read(_ sampler: DataSampler, like other: DataSample) async throws -> DataSample {
        let deadline = ContinuousClock.now + Self.readLimit
        let (schemas, tables) = try await sampler.names()
        var own = DataSample(position: other.position, schemas: schemas, tables: tables)
        let present = Set(tables)
        for sample in other.samples where present.contains(sample.table) {
            guard .now < deadline else {
                throw AgentError(
                    reason: "TooSlow",
                    message: "the sample was not read within \(Self.readLimit.components.seconds) s"
                )
            }
            do {
                own.samples.append(try await sampler.repeated(sample))
            } catch is DataSampler.Skipped {
                throw AgentError(
                    reason: "TooSlow",
                    message: "table \(SampleComparison.name(sample.table)) could not be read in time"
                )
            }
        }
        return own
    }
}
