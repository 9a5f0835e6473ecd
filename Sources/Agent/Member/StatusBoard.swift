import Synchronization
import XDB

/// The member's last status, and everybody who watches it.
final class StatusBoard: Sendable {
    private struct State {
        var status: AgentStatus
        var isPublished = false
        var watchers: [Int: AsyncStream<AgentStatus>.Continuation] = [:]
        var next = 0
    }

    private let state: Mutex<State>

    init(_ status: AgentStatus) {
        state = Mutex(State(status: status))
    }

    var status: AgentStatus { state.withLock { $0.status } }

    /// The status once the directory has been read; nil before.
    ///
    /// What an agent that starts does not know yet looks like a member that has lost its data.
    var published: AgentStatus? { state.withLock { $0.isPublished ? $0.status : nil } }

    /// Replaces the status; watchers are told when something changed that they should know at once.
    func publish(_ status: AgentStatus) {
        let watchers = state.withLock { state -> [AsyncStream<AgentStatus>.Continuation] in
            let news = !state.isPublished || Self.isNews(state.status, status)
            state.status = status
            state.isPublished = true
            return news ? Array(state.watchers.values) : []
        }
        for watcher in watchers { watcher.yield(status) }
    }

    /// The statuses from now on, the present one first.
    ///
    /// A slow reader gets the newest one only.
    func watch() -> AsyncStream<AgentStatus> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AgentStatus.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let (number, status) = state.withLock { state in
            state.next += 1
            state.watchers[state.next] = continuation
            return (state.next, state.status)
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: number) }
        }
        continuation.yield(status)
        return stream
    }

    /// Positions move with every commit and wait for the stream's next heartbeat; anything else does not wait.
    static func isNews(_ old: AgentStatus, _ new: AgentStatus) -> Bool {
        quiet(old) != quiet(new)
    }

    private static func quiet(_ status: AgentStatus) -> AgentStatus {
        var quiet = status
        quiet.first = nil
        quiet.position = .zero
        quiet.committed = .zero
        quiet.logBytes = 0
        quiet.server.applied = nil
        quiet.server.lagSeconds = nil
        quiet.server.busySeconds = nil
        quiet.server.dataBytes = nil
        quiet.copy?.bytes = 0
        quiet.copy?.bytesPerSecond = 0
        for index in quiet.peers.indices { quiet.peers[index].durable = nil }
        return quiet
    }
}
