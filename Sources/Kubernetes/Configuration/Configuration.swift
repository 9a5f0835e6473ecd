/// Where an API server is, whom we trust to be it, and who we are: the result of reading the configuration.
public struct Configuration: Hashable, Sendable {
    /// PEM or text that stands in the configuration or in a file, which is read again when it changes.
    public enum Source: Hashable, Sendable {
        case bytes([UInt8])
        case file(String)
    }

    /// Who we are.
    public enum Identity: Hashable, Sendable {
        case none
        case token(String)
        /// Reread every minute and on 401: projected tokens expire.
        case tokenFile(String)
        case basic(user: String, password: String)
        case certificate(Source, key: Source)
        case exec(ExecPlugin)
    }

    /// A program that prints credentials (`client.authentication.k8s.io`).
    public struct ExecPlugin: Hashable, Sendable {
        /// A path; relative to the file of the configuration when it has a slash, else looked up in `PATH`.
        public var command: String
        /// The program's arguments.
        public var arguments: [String]
        /// Added to our own environment.
        public var environment: [String: String]
        /// The version of the protocol between client and plugin, for example `client.authentication.k8s.io/v1`.
        public var apiVersion: String
        /// What to tell people who do not have the program.
        public var installHint: String
        /// Whether the program is told about the cluster.
        public var providesClusterInfo: Bool
    }

    /// `https://host:port`, without a slash at the end.
    public var server: String
    /// The namespace of the context, `default` where it has none.
    public var namespace: String
    /// Who this client is to the server.
    public var identity: Identity
    /// As whom it acts; nil for itself.
    public var impersonation: Impersonation?
    /// Whom we trust; nil for the system's certificates.
    public var certificateAuthority: Source?
    /// Accepts any certificate: for tests only.
    public var skipsVerification: Bool
    /// The name that the server's certificate carries, when it is not the one of the URL.
    public var serverName: String?
    /// A proxy's URL.
    public var proxy: String?
    /// What it came from, for messages: a context's name, or `in-cluster`.
    public var origin: String

    /// A configuration, for tests and programs that know.
    public init(
        server: String,
        namespace: String = "default",
        identity: Identity = .none,
        impersonation: Impersonation? = nil,
        certificateAuthority: Source? = nil,
        skipsVerification: Bool = false,
        serverName: String? = nil,
        proxy: String? = nil,
        origin: String = ""
    ) {
        self.server = server
        self.namespace = namespace
        self.identity = identity
        self.impersonation = impersonation
        self.certificateAuthority = certificateAuthority
        self.skipsVerification = skipsVerification
        self.serverName = serverName
        self.proxy = proxy
        self.origin = origin
    }
}
