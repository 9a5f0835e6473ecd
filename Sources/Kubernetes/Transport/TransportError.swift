/// Why no answer came, or not all of it.
///
/// A cancelled task gets a `CancellationError` instead.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong.
    public enum Reason: Hashable, Sendable {
        /// The name has no address.
        case unresolved
        /// Nobody listens there, or the way there is closed.
        case unreachable
        /// The other side's certificate is not trusted or carries another name.
        case untrusted
        /// TLS failed for another reason; often the other side wants a client certificate that it trusts.
        case tls
        /// The connection did not stand in time.
        case connectTimeout
        /// The exchange took longer than it may.
        case timeout
        /// Nothing came for longer than it may.
        case idleTimeout
        /// The connection ended within the exchange.
        case connectionLost
        /// What came is no HTTP.
        case malformed
        /// The body is larger than it may be.
        case tooLarge
        /// The request itself is wrong: its URL, its certificate or its key.
        case invalidRequest
        /// The transport has been shut down.
        case closed
        /// Anything else that libcurl reports.
        case other
    }

    /// What went wrong.
    public var reason: Reason
    /// What libcurl says.
    public var message: String
    /// The server, `host:port` or its URL.
    public var server: String

    /// An error.
    public init(_ reason: Reason, _ message: String, server: String = "") {
        self.reason = reason
        self.message = message
        self.server = server
    }

    /// True when the request cannot have reached the server, so that any request may be sent again.
    public var isBeforeRequest: Bool {
        switch reason {
        case .unresolved, .unreachable, .connectTimeout: true
        default: false
        }
    }

    /// True when sending the request again may succeed.
    public var isTransient: Bool {
        switch reason {
        case .unresolved, .unreachable, .connectTimeout, .timeout, .idleTimeout, .connectionLost, .malformed: true
        case .untrusted, .tls, .tooLarge, .invalidRequest, .closed, .other: false
        }
    }

    /// A sentence with the server's name.
    public var description: String { server.isEmpty ? message : "\(server): \(message)" }
}
