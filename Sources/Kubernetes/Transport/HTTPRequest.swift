/// One HTTP request, with everything that decides which connection may carry it.
public struct HTTPRequest: Sendable {
    /// Which connection carries the request.
    public enum Connection: Hashable, Sendable {
        /// Connections per server that requests share.
        case shared
        /// A connection of its own (HTTP/1.1), which is closed afterwards. For streams: a consumer that is slow holds
        /// up only its own connection.
        case own
        /// Kept connections with one request at a time (HTTP/1.1).
        case exclusive
    }

    /// The HTTP method.
    public var method: String
    /// The whole address.
    public var url: String
    /// The headers besides those that libcurl sets itself.
    public var headers: [HTTPHeader]
    /// The body; nil for none.
    public var body: [UInt8]?
    /// Over which connections it may go.
    public var connection: Connection
    /// Trust and identity; nil for the system's trust and none.
    public var tls: TLSSettings?
    /// The address to connect to instead of the one that the URL's name resolves to; the name still is what the
    /// server's certificate must carry.
    public var connectTo: Endpoint?
    /// A proxy's URL (`http`, `https` or `socks5`); nil for none.
    ///
    /// The environment is never asked.
    public var proxy: String?
    /// Until the connection stands, TLS included.
    public var connectTimeout: Duration
    /// For the whole exchange; nil for none, as streams have it.
    public var timeout: Duration?
    /// The longest silence within an exchange; time in which the consumer holds the stream up does not count.
    public var idleTimeout: Duration?
    /// Longer bodies than this are an error.
    ///
    /// Streams have no limit.
    public var maximumBodySize: Int

    /// A request with the usual limits: 10 s to connect, a minute in all, 256 MiB.
    public init(method: String = "GET", url: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connection = .shared
        self.connectTimeout = .seconds(10)
        self.timeout = .seconds(60)
        self.maximumBodySize = 256 << 20
    }
}

/// A header's field.
public struct HTTPHeader: Hashable, Sendable {
    /// The name; its case does not matter.
    public var name: String
    /// The value.
    public var value: String

    /// A field.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An address and a port.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// An IP address or a name.
    public var host: String
    /// The port.
    public var port: Int

    /// An address and a port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with brackets around IPv6.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Whom a connection trusts, and who it says that it is.
///
/// All PEM, in memory: certificates rotate under paths, and libcurl caches paths for a day.
public struct TLSSettings: Hashable, Sendable {
    /// The certificates that sign servers' certificates; nil for the system's.
    public var certificateAuthority: [UInt8]?
    /// The client's certificate with its chain, and the key of that certificate: they change together.
    public var identity: Identity?
    /// False accepts any certificate.
    public var verifiesServer: Bool

    /// A certificate and its key.
    public struct Identity: Hashable, Sendable, CustomStringConvertible {
        /// The certificate, in PEM, with what leads to an authority that the server trusts.
        public var certificate: [UInt8]
        /// Its private key, in PEM.
        public var key: [UInt8]

        /// A certificate and its key.
        public init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }

        /// Nothing of the key.
        public var description: String { "Identity(\(certificate.count) bytes of certificate)" }
    }

    /// Settings.
    public init(certificateAuthority: [UInt8]? = nil, identity: Identity? = nil, verifiesServer: Bool = true) {
        self.certificateAuthority = certificateAuthority
        self.identity = identity
        self.verifiesServer = verifiesServer
    }
}

/// The status line and the header of an answer.
public struct HTTPResponseHead: Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// The protocol's version, for example `2` or `1.1`.
    public var version: String
    /// All headers, in their order.
    public var headers: [HTTPHeader]

    /// A head.
    public init(status: Int, version: String = "1.1", headers: [HTTPHeader] = []) {
        self.status = status
        self.version = version
        self.headers = headers
    }

    /// The value of a field, whose name is compared without case; the last one counts.
    public subscript(name: String) -> String? {
        headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// An answer with all of its body.
public struct HTTPResponse: Sendable {
    /// Status and headers.
    public var head: HTTPResponseHead
    /// The whole body.
    public var body: [UInt8]

    /// An answer.
    public init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
