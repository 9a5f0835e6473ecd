import CMariaDB
import Dispatch
import Glibc
import Synchronization

/// A thread of its own for calls that block, so that none of them holds a thread of Swift's pool.
///
/// Jobs run in order, one at a time. The thread ends when the object is released and its last job is done.
final class WorkerThread: Sendable {
    private final class Shared: Sendable {
        let jobs = Mutex<[@Sendable () -> Void]>([])
        let ready = DispatchSemaphore(value: 0)

        func run() {
            while true {
                ready.wait()
                let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                guard let job else { return }
                job()
            }
        }
    }

    private let shared: Shared

    init(_ name: String) {
        let shared = Shared()
        self.shared = shared
        Self.start(name) { shared.run() }
    }

    deinit {
        shared.ready.signal()
    }

    /// Runs a job on the thread.
    ///
    /// When the waiting task is cancelled, the call throws at once; a job that has begun still ends, and jobs after it
    /// wait for it.
    func run<Value: Sendable>(_ job: @escaping @Sendable () throws -> Value) async throws -> Value {
        let box = Box<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                box.set(continuation)
                if Task.isCancelled {
                    box.take()?.resume(throwing: CancellationError())
                    return
                }
                shared.jobs.withLock {
                    $0.append {
                        guard box.waiting else { return }
                        let result = Result { try job() }
                        box.take()?.resume(with: result)
                    }
                }
                // The thread would end with the object, which may be released as soon as it is not used any more.
                withExtendedLifetime(self) { _ = shared.ready.signal() }
            }
        } onCancel: {
            box.take()?.resume(throwing: CancellationError())
        }
    }

    /// The continuation of one call: whoever takes it first, the job or the cancellation, resumes it.
    private final class Box<Value: Sendable>: Sendable {
        private let continuation = Mutex<CheckedContinuation<Value, any Error>?>(nil)

        var waiting: Bool { continuation.withLock { $0 != nil } }

        func set(_ value: CheckedContinuation<Value, any Error>) { continuation.withLock { $0 = value } }

        func take() -> CheckedContinuation<Value, any Error>? {
            continuation.withLock { value in
                defer { value = nil }
                return value
            }
        }
    }

    /// Starts a detached thread with a small stack.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        final class Body {
            let name: String
            let run: @Sendable () -> Void
            init(_ name: String, _ run: @escaping @Sendable () -> Void) {
                self.name = name
                self.run = run
            }
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Body(name, body))
        let result = pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                xdb_name_thread(body.name)
                body.run()
                return nil
            },
            argument.toOpaque()
        )
        // Out of threads or memory: nothing in this process can go on, and its supervisor starts it again.
        precondition(result == 0, "pthread_create: \(String(cString: strerror(result)))")
    }
}
