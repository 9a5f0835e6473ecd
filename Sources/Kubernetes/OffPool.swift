import Dispatch

/// Runs something that blocks (a file, a child process) on a thread that may block, and not on one of the few that all
/// tasks share.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}
