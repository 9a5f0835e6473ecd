import Logging
import Synchronization
import XDB

/// The source of copies of this member's data: one at a time, and how fast.
final class CopySource: Sendable {
    private struct State {
        var current: OutgoingCopy?
        /// What was asked for copies that have not begun.
        var limits: [String: (bytesPerSecond: UInt64?, until: ContinuousClock.Instant)] = [:]
    }

    private let state = Mutex(State())
    private let board: StatusBoard
    private let logger: Logger

    /// For how long a limit for a copy that has not begun is remembered.
    private static let memory = Duration.seconds(60)

    /// - Parameter board: says whether this member leads.
    init(board: StatusBoard, logger: Logger) {
        self.board = board
        self.logger = logger
    }

    /// The copy that is being sent, for the status.
    var status: AgentStatus.Copy? { state.withLock { $0.current }?.status }

    /// Takes the place of the only copy.
    ///
    /// Another one to the same member is ended first: the Job that asked for it was started again. One to another member
    /// is gone on with, and this one refused.
    ///
    /// - Parameter hangUp: ends the connection of whoever asks.
    func begin(_ request: CopyRequest, hangUp: @escaping @Sendable () -> Void) async throws(AgentError) -> OutgoingCopy
    {
        while true {
            let now = ContinuousClock.now
            let (older, new) = state.withLock { state -> (OutgoingCopy?, OutgoingCopy?) in
                if let current = state.current, !current.isEnded { return (current, nil) }
                state.limits = state.limits.filter { $0.value.until > now }
                var limit = request.bytesPerSecond
                if let asked = state.limits.removeValue(forKey: request.to) { limit = asked.bytesPerSecond }
                let copy = OutgoingCopy(
                    to: request.to,
                    limit: limit,
                    board: board,
                    hangUp: hangUp,
                    logger: logger
                )
                state.current = copy
                return (nil, copy)
            }
            if let new { return new }
            guard let older else { continue }
            guard older.to == request.to else {
                throw AgentError(
                    reason: "CopyInProgress",
                    message: "a copy to \(older.to) is being sent; ask again when it has ended"
                )
            }
            older.cancel()
            await older.ended()
        }
    }

    /// Changes how fast the copy to a member is sent, or will be.
    func limit(_ request: CopyLimitRequest) {
        let current = state.withLock { state -> OutgoingCopy? in
            if let current = state.current, current.to == request.to, !current.isEnded { return current }
            state.limits[request.to] = (request.bytesPerSecond, .now + Self.memory)
            return nil
        }
        current?.change(limit: request.bytesPerSecond)
        logger.info(
            "limited a copy",
            metadata: [
                "to": "\(request.to)", "limit": "\(request.bytesPerSecond.map(String.init) ?? "none")",
                "runs": "\(current != nil)",
            ]
        )
    }

    /// Ends the copy that is being sent, and returns when nothing of it runs any more.
    func end() async {
        guard let current = state.withLock({ $0.current }) else { return }
        current.cancel()
        await current.ended()
    }
}
