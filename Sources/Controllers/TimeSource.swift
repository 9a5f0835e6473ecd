import Glibc
public import KubernetesModel

/// The clock that a part of the runtime goes by; tests hand in one that they move by hand.
///
/// A moment is the time since the source was made. Nothing in the runtime compares moments of two processes, so a
/// monotonic clock without a date is enough, and a jump of the wall clock changes nothing.
public struct TimeSource: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let sleepUntil: @Sendable (Duration) async throws -> Void

    /// Counts from now on by the clock.
    public init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        elapsed = { origin.duration(to: clock.now) }
        sleepUntil = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }

    /// The clock of the machine, which also counts while it is suspended.
    public static var continuous: TimeSource { TimeSource(ContinuousClock()) }

    /// The time since the source was made.
    public var now: Duration { elapsed() }

    /// Returns at the moment, or throws `CancellationError` when the task is cancelled before it.
    public func sleep(until moment: Duration) async throws {
        try await sleepUntil(moment)
    }

    /// Returns after the duration, or throws `CancellationError` when the task is cancelled before it.
    public func sleep(for duration: Duration) async throws {
        try await sleepUntil(elapsed() + duration)
    }
}

extension Duration {
    /// The duration in seconds, for metrics and for arithmetic with fractions.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

/// The date, for what is written into objects.
///
/// Nothing is decided by it except how old such a date is.
public enum WallClock {
    /// The moment by the machine's clock.
    public static let now: @Sendable () -> Time = {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Time(seconds: Int64(moment.tv_sec), nanoseconds: Int32(moment.tv_nsec))
    }
}

/// Something took longer than it may.
public struct DeadlineExceeded: Error, Hashable, Sendable, CustomStringConvertible {
    /// For messages.
    public var description: String { "it took too long" }
}

extension TimeSource {
    /// The operation's result, or `DeadlineExceeded` when there is none by the moment; the operation is cancelled
    /// then, and its end is waited for.
    func withDeadline<Value: Sendable>(
        _ moment: Duration,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { tasks in
            tasks.addTask { try await operation() }
            tasks.addTask {
                try await sleep(until: moment)
                throw DeadlineExceeded()
            }
            defer { tasks.cancelAll() }
            guard let first = try await tasks.next() else { throw CancellationError() }
            return first
        }
    }
}
