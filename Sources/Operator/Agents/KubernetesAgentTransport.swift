import Kubernetes

/// The way to the agents over the transport of the Kubernetes client.
///
/// The certificate's name is in the URL and the pod's address beside it, so that the address need not be in the
/// certificate and nobody else at that address is taken for the member.
struct KubernetesAgentTransport: AgentTransport {
    private let transport: Transport
    /// An agent is near: one that does not take a connection in this time is not there.
    private let connectTimeout: Duration = .seconds(2)

    /// Uses a transport, which agents may have to themselves.
    init(_ transport: Transport) {
        self.transport = transport
    }

    func send(
        _ method: String,
        _ path: String,
        body: [UInt8]?,
        to endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        timeout: Duration
    ) async throws -> AgentAnswer {
        var request = request(method, path, endpoint, credentials)
        request.body = body
        if body != nil { request.headers.append(HTTPHeader("Content-Type", "application/json")) }
        request.connection = .exclusive
        request.timeout = timeout
        request.maximumBodySize = 1 << 20
        let response = try await transport.send(request)
        return AgentAnswer(status: response.head.status, body: response.body)
    }

    func lines(
        _ path: String,
        from endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        idle: Duration,
        _ body: @Sendable ([UInt8]) throws -> Void
    ) async throws {
        var request = request("GET", path, endpoint, credentials)
        request.connection = .own
        request.timeout = nil
        request.idleTimeout = idle
        let (head, stream) = try await transport.stream(request)
        guard head.status == 200 else {
            let text = String(decoding: try await stream.collect(upTo: 1 << 10), as: UTF8.self)
            throw StreamRefused(status: head.status, text: text)
        }
        var rest: [UInt8] = []
        for try await chunk in stream {
            rest += chunk
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                try body(Array(rest[..<end]))
                rest.removeSubrange(...end)
            }
            // A status is a few kilobytes. What never ends a line is no agent.
            guard rest.count < 1 << 20 else { throw StreamRefused(status: head.status, text: "a line without an end") }
        }
    }

    private func request(
        _ method: String,
        _ path: String,
        _ endpoint: AgentEndpoint,
        _ credentials: AgentCredentials
    ) -> HTTPRequest {
        var request = HTTPRequest(
            method: method,
            url: "https://\(endpoint.certificateName):\(AgentEndpoint.port)\(path)"
        )
        request.connectTo = Endpoint(host: endpoint.host, port: AgentEndpoint.port)
        request.connectTimeout = connectTimeout
        request.tls = TLSSettings(
            certificateAuthority: Array(credentials.authority.utf8),
            identity: TLSSettings.Identity(
                certificate: Array(credentials.identity.certificate.utf8),
                key: Array(credentials.identity.key.utf8)
            )
        )
        return request
    }
}

/// An agent does not give out its stream.
struct StreamRefused: Error, CustomStringConvertible {
    var status: Int
    var text: String

    var description: String { "the agent answered \(status): \(text)" }
}
