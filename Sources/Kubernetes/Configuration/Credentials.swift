import KubernetesModel
import Logging

/// What every request carries to show who we are, kept fresh: files are read again every minute, a plugin is asked
/// again when its answer expires, and both at once when the server answers 401.
actor Credentials {
    /// What one request needs.
    struct Authorization: Hashable, Sendable {
        var server: String
        var connectTo: Endpoint?
        var headers: [HTTPHeader] = []
        var tls = TLSSettings()
    }

    /// How long files are trusted not to have changed.
    static let fileInterval = Duration.seconds(60)

    /// A plugin's answer is not used in the last moments before it expires.
    static let expiryMargin = Duration.seconds(10)

    /// What a plugin has said.
    private struct Answer: Sendable {
        var credential: ExecCredential
        /// Until when it is used; nil for as long as the server accepts it.
        var until: ContinuousClock.Instant?
    }

    private struct Loaded: Sendable {
        var authorization: Authorization
        /// True when a part of it is in files, which may change.
        var hasFiles: Bool
    }

    private let configuration: Configuration
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private var authorization: Authorization?
    private var freshUntil: ContinuousClock.Instant?
    private var answer: Answer?
    private var loading: Task<Loaded, any Error>?

    init(
        _ configuration: Configuration,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.now = now
    }

    /// What to use now.
    func current() async throws -> Authorization {
        if let authorization, freshUntil.map({ now() < $0 }) ?? true { return authorization }
        return try await load()
    }

    /// Asks again, because the server has not accepted this.
    ///
    /// False when nothing else is to be had.
    func renew(insteadOf refused: Authorization) async -> Bool {
        if let authorization, authorization != refused { return true }
        answer = nil
        do {
            return try await load() != refused
        } catch {
            logger.warning("credentials cannot be renewed", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Loads once for all who wait.
    private func load() async throws -> Authorization {
        let task: Task<Loaded, any Error>
        if let loading {
            task = loading
        } else {
            task = Task {
                let credential = try await plugin()
                return try await Self.load(configuration, credential)
            }
            loading = task
        }
        do {
            let loaded = try await task.value
            if loading == task {
                loading = nil
                authorization = loaded.authorization
                let files = loaded.hasFiles ? now() + Self.fileInterval : nil
                freshUntil = [files, answer?.until].compactMap(\.self).min()
            }
            return loaded.authorization
        } catch {
            if loading == task { loading = nil }
            // A file that is being replaced, a plugin that fails once: what we have may still be good.
            guard let authorization else { throw error }
            logger.warning("credentials are kept, new ones cannot be had", metadata: ["error": "\(error)"])
            freshUntil = now() + .seconds(5)
            return authorization
        }
    }

    /// What the plugin says, or has said before and still holds; nil without one.
    private func plugin() async throws -> ExecCredential? {
        guard case .exec(let plugin) = configuration.identity else { return nil }
        if let answer, answer.until.map({ now() < $0 }) ?? true { return answer.credential }
        let credential = try await ExecCredential.ask(plugin, configuration)
        // At least a second, so that a wrong clock does not make a process per request.
        let rest = credential.expiry.map { max($0.since(.now) - Self.expiryMargin, .seconds(1)) }
        answer = Answer(credential: credential, until: rest.map { now() + $0 })
        return credential
    }

    private static func load(_ configuration: Configuration, _ credential: ExecCredential?) async throws -> Loaded {
        try await offPool {
            var authorization = Authorization(server: configuration.server)
            var hasFiles = false
            func bytes(_ source: Configuration.Source) throws -> [UInt8] {
                switch source {
                case .bytes(let bytes): return bytes
                case .file(let file):
                    hasFiles = true
                    return try Configuration.bytes(of: file)
                }
            }
            authorization.tls.verifiesServer = !configuration.skipsVerification
            authorization.tls.certificateAuthority = try configuration.certificateAuthority.map(bytes)
            if let name = configuration.serverName { authorization.rename(to: name) }
            switch configuration.identity {
            case .none: break
            case .token(let token): authorization.bearer(token)
            case .tokenFile(let file):
                hasFiles = true
                authorization.bearer(try Configuration.text(of: file))
            case .basic(let user, let password):
                let text = Base64Bytes(Array("\(user):\(password)".utf8)).text
                authorization.headers.append(HTTPHeader("Authorization", "Basic \(text)"))
            case .certificate(let certificate, let key):
                authorization.tls.identity = TLSSettings.Identity(
                    certificate: try bytes(certificate),
                    key: try bytes(key)
                )
            case .exec:
                if let token = credential?.token { authorization.bearer(token) }
                authorization.tls.identity = credential?.identity
            }
            authorization.headers += configuration.impersonation?.headers ?? []
            return Loaded(authorization: authorization, hasFiles: hasFiles)
        }
    }
}

extension Credentials.Authorization {
    fileprivate mutating func bearer(_ token: String) {
        headers.append(HTTPHeader("Authorization", "Bearer \(token)"))
    }

    /// Asks for the certificate of another name than the URL's: the name goes into the URL, and what was there is where
    /// we connect to.
    fileprivate mutating func rename(to name: String) {
        guard let scheme = server.firstRange(of: "://") else { return }
        let rest = server[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        var host = String(authority)
        var port = server.hasPrefix("https") ? 443 : 80
        if let colon = authority.lastIndex(of: ":"), let number = Int(authority[authority.index(after: colon)...]) {
            host = String(authority[..<colon])
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        connectTo = Endpoint(host: host, port: port)
        server = "\(server[..<scheme.upperBound])\(name):\(port)\(rest[end...])"
    }
}
