import Synchronization

/// HTTP over libcurl: for the API server, and for anyone else with a certificate of ours.
///
/// A transport has one thread and its own connections. Requests that must not wait for the others (the lease) get a
/// transport of their own. All of its functions may be called from any task; cancelling the task ends the exchange.
public final class Transport: Sendable {
    private struct State {
        var engine = Engine()
        /// Timeouts since the last answer.
        var timeouts = 0
    }

    /// So many timeouts in a row, and the connections are given up: one of them may be a connection whose other end
    /// accepts bytes and never answers, and libcurl would go on sharing it.
    private static let timeoutsBeforeNewConnections = 2

    private let state = Mutex(State())

    /// Starts the thread.
    public init() {}

    deinit { close() }

    /// Ends everything that is under way, with `TransportError.Reason.closed`.
    public func close() {
        state.withLock(\.engine).close()
    }

    /// Sends a request and waits for all of its answer, whatever its status.
    ///
    /// Throws `TransportError`, or `CancellationError` when the task is cancelled.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let transfer = Transfer(request, isStream: false)
        let engine = try start(transfer)
        do {
            let response = try await withCancellation(of: transfer, engine) { try await transfer.response() }
            state.withLock { $0.timeouts = 0 }
            return response
        } catch let error as TransportError {
            if error.reason == .timeout || error.reason == .idleTimeout { countTimeout(engine) }
            throw error
        }
    }

    /// Sends a request and returns when the header of its answer is there.
    ///
    /// The body comes as it is received: a slow consumer slows the sender down. Letting go of the body, or cancelling
    /// the task that reads it, ends the exchange.
    public func stream(_ request: HTTPRequest) async throws -> (head: HTTPResponseHead, body: HTTPBody) {
        let transfer = Transfer(request, isStream: true)
        let engine = try start(transfer)
        let body = HTTPBody(transfer, engine, self)
        let head = try await withCancellation(of: transfer, engine) { try await transfer.head() }
        return (head, body)
    }

    /// Under the lock, so that an engine cannot retire between being chosen and being used.
    private func start(_ transfer: Transfer) throws -> Engine {
        try Task.checkCancellation()
        return state.withLock { state in
            state.engine.start(transfer)
            return state.engine
        }
    }

    private func withCancellation<Value: Sendable>(
        of transfer: Transfer,
        _ engine: Engine,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            transfer.finish(.failure(CancellationError()))
            engine.stop(transfer)
        }
    }

    private func countTimeout(_ engine: Engine) {
        state.withLock { state in
            guard state.engine === engine else { return }
            state.timeouts += 1
            guard state.timeouts >= Self.timeoutsBeforeNewConnections else { return }
            state.timeouts = 0
            // What is under way on the old connections may still end well.
            engine.retire()
            state.engine = Engine()
        }
    }
}

/// The body of an answer, read once, by one task.
public struct HTTPBody: AsyncSequence, Sendable {
    /// Bytes as they came.
    public typealias Element = [UInt8]
    /// A `TransportError`, or `CancellationError`.
    public typealias Failure = any Error

    /// Ends the exchange when nobody can read it any more.
    private final class Owner: Sendable {
        let transfer: Transfer
        let engine: Engine
        /// Kept, since its end would end the exchange.
        let transport: Transport

        init(_ transfer: Transfer, _ engine: Engine, _ transport: Transport) {
            self.transfer = transfer
            self.engine = engine
            self.transport = transport
        }

        deinit { engine.stop(transfer) }
    }

    private let owner: Owner

    init(_ transfer: Transfer, _ engine: Engine, _ transport: Transport) {
        owner = Owner(transfer, engine, transport)
    }

    /// Ends the exchange.
    public func cancel() {
        owner.transfer.finish(.failure(CancellationError()))
        owner.engine.stop(owner.transfer)
    }

    /// The rest of the body, at most so many bytes; for the answers that are no stream after all.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            bytes += chunk
            if bytes.count >= limit { return Array(bytes.prefix(limit)) }
        }
        return bytes
    }

    /// Begins to read; a body can be read once.
    public func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    /// Reads the body.
    public struct Iterator: AsyncIteratorProtocol {
        let body: HTTPBody

        /// The next bytes; nil at the end.
        public mutating func next() async throws -> [UInt8]? {
            let owner = body.owner
            return try await withTaskCancellationHandler {
                try await owner.transfer.chunk { owner.engine.resume(owner.transfer) }
            } onCancel: {
                owner.transfer.finish(.failure(CancellationError()))
                owner.engine.stop(owner.transfer)
            }
        }
    }
}
