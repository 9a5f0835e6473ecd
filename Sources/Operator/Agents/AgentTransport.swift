/// How bytes get to an agent and back: HTTP over mutual TLS.
///
/// The one seam between the operator's logic and the network to the agents, so that tests can put agents in its place.
protocol AgentTransport: Sendable {
    /// Sends a request and reads the whole answer. Throws when there is none within the time.
    func send(
        _ method: String,
        _ path: String,
        body: [UInt8]?,
        to endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        timeout: Duration
    ) async throws -> AgentAnswer

    /// Reads an answer line by line until it ends, or until nothing has come for the time.
    func lines(
        _ path: String,
        from endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        idle: Duration,
        _ body: @Sendable ([UInt8]) throws -> Void
    ) async throws
}

/// An answer of an agent.
struct AgentAnswer: Hashable, Sendable {
    /// The HTTP status.
    var status: Int
    /// The whole body.
    var body: [UInt8]

    /// Makes an answer.
    init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
