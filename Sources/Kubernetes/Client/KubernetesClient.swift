public import Logging

/// Talks to one API server.
///
/// Every function throws `APIError` when the server said no, `TransportError` when no answer came, `JSONError` when the
/// answer is not the object that it should be, `ConfigurationError` when there are no credentials, and
/// `CancellationError` when the task is cancelled. Answers that ask for patience (429, and 503 with `Retry-After`) and
/// connections that broke before the request can have had an effect are retried, a few times and with jitter.
public final class KubernetesClient: Sendable {
    /// What came of one request, for metrics.
    public struct Observation: Sendable {
        /// The HTTP method.
        public var method: String
        /// The API server's host and port.
        public var host: String
        /// The kind's plural, for example `pods`; empty for requests that are about none.
        public var resource: String
        /// The HTTP status; nil when no answer came.
        public var code: Int?
        /// Until the answer, or its header for a stream, was there.
        public var duration: Duration
    }

    /// How often a request is sent in all, and how long an answer may take.
    public struct Limits: Sendable {
        /// How often a request is sent at most.
        public var attempts: Int
        /// The longest time for one request, from sending it to the end of its answer.
        public var timeout: Duration

        /// Four times, a minute each.
        public init(attempts: Int = 4, timeout: Duration = .seconds(60)) {
            self.attempts = attempts
            self.timeout = timeout
        }
    }

    /// Where the API server is, and who this client is to it.
    public let configuration: Configuration
    /// The name under which the API server keeps which fields are ours.
    public let fieldManager: String
    let userAgent: String
    let limits: Limits
    let transport: Transport
    let credentials: Credentials
    let logger: Logger
    let observe: @Sendable (Observation) -> Void
    let discoveryCache: DiscoveryCache

    /// What the server offers; asked once and kept.
    public var discovery: Discovery { Discovery(client: self) }

    /// A client with its own connections.
    public init(
        _ configuration: Configuration,
        fieldManager: String,
        userAgent: String = "",
        limits: Limits = Limits(),
        logger: Logger = Logger(label: "kubernetes"),
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.fieldManager = fieldManager
        self.userAgent = userAgent.isEmpty ? fieldManager : userAgent
        self.limits = limits
        self.transport = Transport()
        self.credentials = Credentials(configuration, logger: logger)
        self.logger = logger
        self.observe = observe
        self.discoveryCache = DiscoveryCache()
    }

    private init(_ other: KubernetesClient, limits: Limits) {
        configuration = other.configuration
        fieldManager = other.fieldManager
        userAgent = other.userAgent
        self.limits = limits
        transport = Transport()
        credentials = other.credentials
        logger = other.logger
        observe = other.observe
        discoveryCache = other.discoveryCache
    }

    /// The same client on connections of its own, for requests that must not wait behind others (the lease).
    public func isolated(limits: Limits) -> KubernetesClient {
        KubernetesClient(self, limits: limits)
    }

    /// Ends everything that is under way.
    public func close() { transport.close() }
}
