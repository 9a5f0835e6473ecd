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

    @Test func aThreadThatNobodyHoldsDoesItsJobFirst() async throws {
        for number in 0..<1000 { #expect(try await WorkerThread("test").run { number } == number) }
    }

    @Test func passesErrorsOn() async {
        let thread = WorkerThread("test")
        await #expect(throws: SystemError.self) { try await thread.run { throw SystemError("test", code: 1) } }
    }

    /// Whoever waits may stop waiting, while the job goes on; the next job still waits for it.
    @Test func cancellationEndsTheWaitAndNotTheJob() async throws {
        let thread = WorkerThread("test")
        let started = Flag()
        let released = Flag()
        let task = Task {
            try await thread.run {
                started.set()
                while !released.isSet { usleep(1000) }
            }
        }
        while !started.isSet { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        // The job cannot end before it is released, so only the wait has.
        await #expect(throws: CancellationError.self) { try await task.value }
        released.set()
        #expect(try await thread.run { released.isSet })
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }
}
