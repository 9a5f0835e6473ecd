import FoundationEssentials
import Synchronization
import XDB

@testable import Operator

/// Agents that answer what the test says.
final class FakeTransport: AgentTransport {
    /// A request that came.
    struct Request: Hashable {
        /// Whom it was sent to, by the name that the certificate has to carry.
        var to: String
        var path: String
        var body: String
    }

    private let requests = Mutex<[Request]>([])
    private let answer: @Sendable (Request) -> AgentAnswer

    /// - Parameter answer: By default every request is fulfilled.
    init(_ answer: @escaping @Sendable (Request) -> AgentAnswer = { _ in AgentAnswer(status: 200, body: []) }) {
        self.answer = answer
    }

    /// What was asked, in the order of the names.
    var asked: [Request] { requests.withLock { $0.sorted { ($0.to, $0.path) < ($1.to, $1.path) } } }

    /// What was asked first.
    var first: Request? { requests.withLock(\.first) }

    func send(
        _ method: String,
        _ path: String,
        body: [UInt8]?,
        to endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        timeout: Duration
    ) async throws -> AgentAnswer {
        let request = Request(
            to: endpoint.certificateName,
            path: "\(method) \(path)",
            body: String(decoding: body ?? [], as: UTF8.self)
        )
        requests.withLock { $0.append(request) }
        return answer(request)
    }

    func lines(
        _ path: String,
        from endpoint: AgentEndpoint,
        as credentials: AgentCredentials,
        idle: Duration,
        _ body: @Sendable ([UInt8]) throws -> Void
    ) async throws {
        // A stream that says nothing and ends.
    }
}

extension AgentAnswer {
    /// An answer with a body.
    static func json(_ value: some Encodable) throws -> AgentAnswer {
        AgentAnswer(status: 200, body: [UInt8](try JSONEncoder().encode(value)))
    }
}
