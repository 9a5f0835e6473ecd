import KubernetesModel
import Logging

extension KubernetesClient {
    /// Sends a request until it has an answer that stands, and returns the body of a good one.
    func send(_ request: APIRequest, timeout: Duration? = nil) async throws -> [UInt8] {
        try await retrying(request) { http in
            var http = http
            http.timeout = timeout ?? limits.timeout
            let response = try await transport.send(http)
            if response.head.status < 300 { return .success((response.body, response.head.status)) }
            return .failure(Refusal(response.head, response.body, request))
        }
    }

    /// Sends a request on a connection of its own and returns the body of a good answer as it comes.
    func stream(_ request: APIRequest, idleTimeout: Duration?) async throws -> HTTPBody {
        try await retrying(request) { http in
            var http = http
            http.connection = .own
            http.timeout = nil
            http.idleTimeout = idleTimeout
            let (head, body) = try await transport.stream(http)
            if head.status < 300 { return .success((body, head.status)) }
            let text = try await body.collect(upTo: 1 << 20)
            body.cancel()
            return .failure(Refusal(head, text, request))
        }
    }

    /// An answer that is no success.
    private struct Refusal: Error {
        let error: APIError
        var retryAfter: Duration? { error.status.retryAfterSeconds.map { .seconds($0) } }

        init(_ head: HTTPResponseHead, _ body: [UInt8], _ request: APIRequest) {
            // Proxies and broken servers answer with text or HTML.
            var status =
                (try? APIStatus(json: body))
                ?? APIStatus(code: head.status, message: String(decoding: body.prefix(1024), as: UTF8.self))
            status.code = head.status
            let wait = head["Retry-After"].flatMap { RetryAfter.seconds($0, now: .now) }
            status.retryAfterSeconds = wait ?? status.retryAfterSeconds
            error = APIError(status, request: request.description)
        }
    }

    private func retrying<Value: Sendable>(
        _ request: APIRequest,
        _ exchange: (HTTPRequest) async throws -> Result<(value: Value, status: Int), Refusal>
    ) async throws -> Value {
        var attempt = 1
        var hasRenewed = false
        while true {
            let authorization = try await credentials.current()
            let http = self.http(request, authorization)
            let start = ContinuousClock.now
            let pause: Duration
            do {
                let answer = try await exchange(http)
                switch answer {
                case .success(let answer):
                    report(request, code: answer.status, since: start)
                    return answer.value
                case .failure(let refusal):
                    report(request, code: refusal.error.status.code, since: start)
                    if refusal.error.isUnauthorized, !hasRenewed {
                        hasRenewed = true
                        if await credentials.renew(insteadOf: authorization) { continue }
                    }
                    guard attempt < limits.attempts, let wait = Self.pause(refusal, request, attempt) else {
                        throw refusal.error
                    }
                    pause = wait
                }
            } catch let error as TransportError {
                report(request, code: nil, since: start)
                guard attempt < limits.attempts, error.isTransient,
                    error.isBeforeRequest || (request.isIdempotent && error.reason != .timeout)
                else { throw error }
                pause = Self.backoff(attempt)
                logger.debug(
                    "request is sent again",
                    metadata: ["request": "\(request.description)", "error": "\(error)", "attempt": "\(attempt)"]
                )
            }
            attempt += 1
            try await Task.sleep(for: pause)
        }
    }

    /// How long to wait before an answer of the server that asks for patience is asked again; nil for all others.
    private static func pause(_ refusal: Refusal, _ request: APIRequest, _ attempt: Int) -> Duration? {
        switch refusal.error.status.code {
        // The server has not begun with the request. An eviction's 429 is an answer: the budget forbids it.
        case 429: if request.path.hasSuffix("/eviction") { return nil }
        case 503: if refusal.retryAfter == nil, !request.isIdempotent { return nil }
        case 500, 502, 504: if refusal.retryAfter == nil || !request.isIdempotent { return nil }
        default: return nil
        }
        guard let wanted = refusal.retryAfter else { return backoff(attempt) }
        // Jitter on top, so that all who were told the same do not come back together.
        return min(wanted, .seconds(30)) + .milliseconds(Int64.random(in: 0..<250))
    }

    /// 100 ms, doubled with each attempt, of which a random half is waited at least.
    private static func backoff(_ attempt: Int) -> Duration {
        .milliseconds(100 << min(attempt - 1, 6)) * Double.random(in: 0.5...1)
    }

    private func report(_ request: APIRequest, code: Int?, since start: ContinuousClock.Instant) {
        observe(
            Observation(
                method: request.method,
                host: configuration.server,
                resource: request.resource,
                code: code,
                duration: .now - start
            )
        )
    }

    private func http(_ request: APIRequest, _ authorization: Credentials.Authorization) -> HTTPRequest {
        var http = HTTPRequest(
            method: request.method,
            url: authorization.server + request.target,
            headers: [HTTPHeader("Accept", request.accept), HTTPHeader("User-Agent", userAgent)],
            body: request.body
        )
        if request.body != nil { http.headers.append(HTTPHeader("Content-Type", request.contentType)) }
        http.headers += authorization.headers
        http.tls = authorization.tls
        http.connectTo = authorization.connectTo
        http.proxy = configuration.proxy
        return http
    }
}

extension ContinuousClock.Instant {
    fileprivate static func - (left: Self, right: Self) -> Duration { right.duration(to: left) }
}
