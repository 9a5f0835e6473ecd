import Glibc
import Synchronization
import Testing

@testable import Agent

@Suite struct WorkerThreadTests {
    @Test func runsJobsInOrder() async throws {
        let thread = WorkerThread("test")
        let seen = Mutex<[Int]>([])
        for number in 0..<100 {
            let value = try await thread.run { number * 2 }
            seen.withLock { $0.append(value) }
        }
        #expect(seen.withLock { $0 } == (0..<100).map { $0 * 2 })
    }

    @Test func passesErrorsOn() async {
        let thread = WorkerThread("test")
        await #expect(throws: SystemError.self) { try await thread.run { throw SystemError("test", code: 1) } }
    }

    /// Whoever waits may stop waiting, while the job goes on; the next job still waits for it.
    @Test func cancellationEndsTheWaitAndNotTheJob() async throws {
        let thread = WorkerThread("test")
        let flag = Flag()
        let task = Task {
            try await thread.run {
                usleep(300_000)
                flag.set()
            }
        }
        try await Task.sleep(for: .milliseconds(50))
        let begin = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - begin < .milliseconds(200))
        let finished = try await thread.run { flag.isSet }
        #expect(finished)
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }
}
