import Synchronization

/// Lets one task at a time go on, in the order in which they asked.
final class Turn: Sendable {
    private struct State {
        var taken = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Runs the body when everybody who asked before is done.
    func take<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        await acquire()
        defer { release() }
        return try await body()
    }

    private func acquire(isolation: isolated (any Actor)? = #isolation) async {
        await withCheckedContinuation { continuation in
            let free = state.withLock { state in
                if !state.taken {
                    state.taken = true
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if free { continuation.resume() }
        }
    }

    private func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiters.isEmpty {
                state.taken = false
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}
