import Synchronization

/// Where the event loop leaves what others may see.
final class SnapshotPublisher: Sendable {
    let changes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let current = Mutex(ReplicationSnapshot())

    init() {
        (changes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var snapshot: ReplicationSnapshot { current.withLock { $0 } }

    func publish(_ snapshot: ReplicationSnapshot) {
        let changed = current.withLock { current in
            guard current != snapshot else { return false }
            current = snapshot
            return true
        }
        if changed { continuation.yield() }
    }

    func finish() {
        continuation.finish()
    }
}
