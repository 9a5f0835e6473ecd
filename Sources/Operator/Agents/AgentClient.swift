import FoundationEssentials
import XDB

/// The control API of the agents of one group.
///
/// Every call can be repeated: agents answer a repetition without a second effect, and refuse what is older than what
/// they have promised.
struct AgentClient: Sendable {
    private let transport: any AgentTransport
    private let credentials: AgentCredentials
    /// For the calls that answer from memory or after a small write.
    private let timeout: Duration

    /// A client for one group.
    init(transport: any AgentTransport, credentials: AgentCredentials, timeout: Duration = .seconds(5)) {
        self.transport = transport
        self.credentials = credentials
        self.timeout = timeout
    }

    /// What the agent says of itself now.
    func status(of endpoint: AgentEndpoint) async throws -> AgentStatus {
        try await call("GET", "/v1/status", nil as Nothing?, endpoint)
    }

    /// Makes the member's identity and, with data, an empty database.
    func initialize(_ endpoint: AgentEndpoint, _ request: InitializeRequest) async throws {
        try await perform("POST", "/v1/initialize", request, endpoint, timeout: .seconds(60))
    }

    /// Has the member promise an epoch.
    ///
    /// A leader of an older epoch kills its server before it answers, so there is more time.
    func seal(_ endpoint: AgentEndpoint, _ request: SealRequest) async throws -> SealAnswer {
        try await call("POST", "/v1/seal", request, endpoint)
    }

    /// Has the member lead an epoch that is recorded.
    func lead(_ endpoint: AgentEndpoint, _ request: LeadRequest) async throws {
        try await perform("POST", "/v1/lead", request, endpoint)
    }

    /// Has the member follow the leader of an epoch.
    func follow(_ endpoint: AgentEndpoint, _ request: FollowRequest) async throws {
        try await perform("POST", "/v1/follow", request, endpoint)
    }

    /// Has the member send the copy of its data no faster than that.
    func limitCopy(_ endpoint: AgentEndpoint, _ request: CopyLimitRequest) async throws {
        try await perform("POST", "/v1/copy-limit", request, endpoint)
    }

    /// Has the member compare its data with another's.
    ///
    /// Agents from before there was such a request never know it.
    func verify(_ endpoint: AgentEndpoint, _ request: VerifyRequest) async throws {
        do {
            try await perform("POST", "/v1/verify", request, endpoint)
        } catch let error as AgentError where error.reason == "NotFound" {
            throw AgentRefusal(error: error)
        }
    }

    /// Calls the body with every status that the agent sends, until the stream ends.
    func watch(
        _ endpoint: AgentEndpoint,
        idle: Duration,
        _ body: @escaping @Sendable (AgentStatus) -> Void
    ) async throws {
        try await transport.lines("/v1/watch", from: endpoint, as: credentials, idle: idle) { line in
            // Lines without text keep the connection alive.
            if line.isEmpty { return }
            body(try JSONDecoder().decode(AgentStatus.self, from: Data(line)))
        }
    }

    // MARK: -

    private struct Nothing: Codable {}

    private func call<Answer: Decodable>(
        _ method: String,
        _ path: String,
        _ request: (some Encodable)?,
        _ endpoint: AgentEndpoint
    ) async throws -> Answer {
        let body = try await exchange(method, path, request, endpoint, timeout: timeout)
        return try JSONDecoder().decode(Answer.self, from: Data(body))
    }

    private func perform(
        _ method: String,
        _ path: String,
        _ request: some Encodable,
        _ endpoint: AgentEndpoint,
        timeout: Duration? = nil
    ) async throws {
        _ = try await exchange(method, path, request, endpoint, timeout: timeout ?? self.timeout)
    }

    private func exchange(
        _ method: String,
        _ path: String,
        _ request: (some Encodable)?,
        _ endpoint: AgentEndpoint,
        timeout: Duration
    ) async throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = try request.map { [UInt8](try encoder.encode($0)) }
        let answer = try await transport.send(
            method,
            path,
            body: body,
            to: endpoint,
            as: credentials,
            timeout: timeout
        )
        if (200..<300).contains(answer.status) { return answer.body }
        let error =
            (try? JSONDecoder().decode(AgentError.self, from: Data(answer.body)))
            ?? AgentError(reason: "HTTP\(answer.status)", message: "the agent of \(endpoint.life) gave no reason")
        throw answer.status == 409 ? AgentRefusal(error: error) : error
    }
}

/// An agent refused a request for good (status 409): asking again changes nothing.
struct AgentRefusal: Error, CustomStringConvertible {
    var error: AgentError

    var description: String { "\(error)" }
}
