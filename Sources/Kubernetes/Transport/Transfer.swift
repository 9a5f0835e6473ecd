import Synchronization

/// One exchange between a task that waits and the thread that owns libcurl.
///
/// The state machine is all here, under one lock; the thread and the task each call in and do what is returned. At any
/// time at most one task waits: for the head, for the next bytes, or for everything.
final class Transfer: Sendable {
    /// More than this in the buffer pauses a stream, until its reader takes it.
    static let highWaterMark = 256 << 10

    let request: HTTPRequest
    let isStream: Bool
    private let state = Mutex(State())

    private enum Waiter {
        case head(CheckedContinuation<HTTPResponseHead, any Error>)
        case chunk(CheckedContinuation<[UInt8]?, any Error>)
        case response(CheckedContinuation<HTTPResponse, any Error>)
    }

    private struct State {
        var head: HTTPResponseHead?
        /// The fields of the head that is being received.
        var receiving = HTTPResponseHead(status: 0)
        var buffer: [UInt8] = []
        var isPaused = false
        var outcome: Result<Void, any Error>?
        var waiter: Waiter?

        /// Everything that has come of a stream, which ends its pause.
        mutating func takeBuffer() -> (chunk: [UInt8], wasPaused: Bool) {
            defer {
                buffer = []
                isPaused = false
            }
            return (buffer, isPaused)
        }
    }

    /// What the write callback tells libcurl.
    enum Acceptance {
        case accepted
        /// Offer the same bytes again after the pause.
        case paused
        case refused
    }

    init(_ request: HTTPRequest, isStream: Bool) {
        self.request = request
        self.isStream = isStream
    }

    // MARK: Called by the thread

    /// A line of the header, line end included.
    func receive(headerLine line: UnsafeBufferPointer<UInt8>) {
        var text = String(decoding: line, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        let ready = state.withLock { state -> (() -> Void)? in
            if text.isEmpty {
                // The end of an interim answer (1xx) is not the end of the header.
                guard state.receiving.status >= 200, state.head == nil else { return nil }
                state.head = state.receiving
                guard case .head(let continuation) = state.waiter else { return nil }
                state.waiter = nil
                let head = state.receiving
                return { continuation.resume(returning: head) }
            }
            if text.hasPrefix("HTTP/") {
                let parts = text.split(separator: " ", maxSplits: 2)
                state.receiving = HTTPResponseHead(
                    status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0,
                    version: String(parts[0].dropFirst(5))
                )
            } else if let colon = text.firstIndex(of: ":") {
                let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                state.receiving.headers.append(HTTPHeader(String(text[..<colon]), String(value)))
            }
            return nil
        }
        ready?()
    }

    /// Bytes of the body; a stream's reader learns of them by `deliver()`.
    func receive(body bytes: UnsafeBufferPointer<UInt8>) -> Acceptance {
        state.withLock { state in
            if state.outcome != nil { return .refused }
            if isStream {
                if !state.buffer.isEmpty, state.buffer.count + bytes.count > Self.highWaterMark {
                    state.isPaused = true
                    return .paused
                }
            } else if state.buffer.count + bytes.count > request.maximumBodySize {
                return .refused
            }
            state.buffer.append(contentsOf: bytes)
            return .accepted
        }
    }

    /// Gives the bytes that have come to the reader who waits for some; true when that ends a pause.
    func deliver() -> Bool {
        let (ready, wasPaused) = state.withLock { state -> ((() -> Void)?, Bool) in
            guard case .chunk(let continuation) = state.waiter, !state.buffer.isEmpty else { return (nil, false) }
            state.waiter = nil
            let (chunk, wasPaused) = state.takeBuffer()
            return ({ continuation.resume(returning: chunk) }, wasPaused)
        }
        ready?()
        return wasPaused
    }

    /// True while the consumer holds the stream up.
    var isPaused: Bool { state.withLock(\.isPaused) }

    /// True when a cancelled or failed transfer only waits to be removed.
    var isFinished: Bool { state.withLock { $0.outcome != nil } }

    /// The end: of the body, or of all hope for it.
    ///
    /// Only the first outcome counts.
    func finish(_ outcome: Result<Void, any Error>) {
        let ready = state.withLock { state -> (() -> Void)? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            let waiter = state.waiter
            state.waiter = nil
            switch waiter {
            case .head(let continuation):
                return { continuation.resume(with: outcome.flatMap { .failure(Self.noHead) }) }
            case .chunk(let continuation): return { continuation.resume(with: outcome.map { nil }) }
            case .response(let continuation):
                let response = Self.response(&state)
                return { continuation.resume(with: response) }
            case nil: return nil
            }
        }
        ready?()
    }

    // MARK: Called by the task

    /// Waits for the status line and the header.
    func head() async throws -> HTTPResponseHead {
        try await withCheckedThrowingContinuation { continuation in
            let ready = state.withLock { state -> (() -> Void)? in
                if let head = state.head { return { continuation.resume(returning: head) } }
                if let outcome = state.outcome {
                    return { continuation.resume(with: outcome.flatMap { .failure(Self.noHead) }) }
                }
                state.waiter = .head(continuation)
                return nil
            }
            ready?()
        }
    }

    /// Waits for the next bytes; nil at the end.
    ///
    /// `resume` is called when the pause of a full buffer is over.
    func chunk(resume: @Sendable () -> Void) async throws -> [UInt8]? {
        try await withCheckedThrowingContinuation { continuation in
            let (ready, wasPaused) = state.withLock { state -> ((() -> Void)?, Bool) in
                if !state.buffer.isEmpty {
                    let (chunk, wasPaused) = state.takeBuffer()
                    return ({ continuation.resume(returning: chunk) }, wasPaused)
                }
                if let outcome = state.outcome { return ({ continuation.resume(with: outcome.map { nil }) }, false) }
                state.waiter = .chunk(continuation)
                return (nil, false)
            }
            if wasPaused { resume() }
            ready?()
        }
    }

    /// Waits for everything.
    func response() async throws -> HTTPResponse {
        try await withCheckedThrowingContinuation { continuation in
            let ready = state.withLock { state -> (() -> Void)? in
                if state.outcome != nil {
                    let response = Self.response(&state)
                    return { continuation.resume(with: response) }
                }
                state.waiter = .response(continuation)
                return nil
            }
            ready?()
        }
    }

    private static let noHead = TransportError(.malformed, "the answer has no header")

    private static func response(_ state: inout State) -> Result<HTTPResponse, any Error> {
        switch state.outcome {
        case .failure(let error): return .failure(error)
        case .success, nil:
            guard let head = state.head else { return .failure(noHead) }
            let body = state.buffer
            state.buffer = []
            return .success(HTTPResponse(head: head, body: body))
        }
    }
}
