import KubernetesModel
import YAML

/// kubeconfig files, as they are written; references between their parts are resolved for one context only, so that a
/// mistake elsewhere does no harm.
struct Kubeconfig {
    /// A named part of a file.
    struct Part {
        let file: String
        let node: YAMLNode
        /// For messages, for example `users[2].user`.
        let field: String

        func error(_ message: String, _ key: String = "") -> ConfigurationError {
            ConfigurationError(
                message,
                file: file,
                line: (node[key] ?? node).line,
                field: key.isEmpty ? field : "\(field).\(key)"
            )
        }

        func string(_ key: String) throws(ConfigurationError) -> String? {
            guard let value = node[key] else { return nil }
            switch value.content {
            case .scalar(.string(let text)): return text.isEmpty ? nil : text
            case .scalar(.null): return nil
            // `token: 123456` is a string to whoever wrote it.
            case .scalar(.integer(let number)): return String(number)
            default: throw error("must be a string", key)
            }
        }

        func bool(_ key: String) throws(ConfigurationError) -> Bool {
            guard let value = node[key] else { return false }
            switch value.content {
            case .scalar(.bool(let truth)): return truth
            case .scalar(.null): return false
            default: throw error("must be true or false", key)
            }
        }

        /// A list of strings; an empty one where there is none.
        func strings(_ key: String) throws(ConfigurationError) -> [String] {
            guard let value = node[key], value.content != .scalar(.null) else { return [] }
            guard case .sequence(let nodes) = value.content else { throw error("must be a list", key) }
            var strings: [String] = []
            for node in nodes {
                guard case .scalar(let value) = node.content else { throw error("must be strings", key) }
                strings.append(value.stringValue ?? value.description)
            }
            return strings
        }

        func base64(_ key: String) throws(ConfigurationError) -> [UInt8]? {
            guard let text = try string(key) else { return nil }
            guard let value = Base64Bytes(text: text) else { throw error("is not Base64", key) }
            return value.bytes
        }

        /// A path, which is relative to the directory of its file.
        func path(_ key: String) throws(ConfigurationError) -> String? {
            try string(key).map { Self.absolute($0, besides: file) }
        }

        static func absolute(_ path: String, besides file: String) -> String {
            if path.hasPrefix("/") { return path }
            guard let slash = file.lastIndex(of: "/") else { return path }
            return file[...slash] + path
        }

        /// What stands in the file itself wins over a path to it.
        func source(data: String, file: String) throws(ConfigurationError) -> Configuration.Source? {
            if let bytes = try base64(data) { return .bytes(bytes) }
            return try path(file).map { .file($0) }
        }
    }

    private var currentContext: Part?
    private var clusters: [String: Part] = [:]
    private var users: [String: Part] = [:]
    private var contexts: [String: Part] = [:]
    private var files: [String] = []

    init() {}

    init(file: String) throws(ConfigurationError) {
        let text = try Configuration.bytes(of: file)
        let document: YAMLNode
        do {
            guard let first = try YAML.documents(text).first else {
                self.init()
                return
            }
            document = first
        } catch {
            throw ConfigurationError("column \(error.column): \(error.message)", file: file, line: error.line)
        }
        try self.init(document, file: file)
    }

    init(_ document: YAMLNode, file: String) throws(ConfigurationError) {
        files = [file]
        guard case .mapping = document.content else {
            throw ConfigurationError("is no kubeconfig: expected keys and values", file: file, line: document.line)
        }
        let root = Part(file: file, node: document, field: "")
        if let kind = try root.string("kind"), kind != "Config" {
            throw ConfigurationError(
                "must be Config, not \(kind)",
                file: file,
                line: document["kind"]?.line,
                field: "kind"
            )
        }
        if try root.string("current-context") != nil { currentContext = root }
        clusters = try Self.parts("clusters", "cluster", root)
        users = try Self.parts("users", "user", root)
        contexts = try Self.parts("contexts", "context", root)
    }

    private static func parts(_ list: String, _ content: String, _ root: Part) throws(ConfigurationError) -> [String:
        Part]
    {
        guard let node = root.node[list], node.content != .scalar(.null) else { return [:] }
        guard case .sequence(let entries) = node.content else {
            throw ConfigurationError("must be a list", file: root.file, line: node.line, field: list)
        }
        var parts: [String: Part] = [:]
        for (index, entry) in entries.enumerated() {
            let part = Part(file: root.file, node: entry, field: "\(list)[\(index)]")
            guard let name = try part.string("name") else { throw part.error("has no name") }
            guard let value = entry[content] else { throw part.error("has no \(content)") }
            if value.content == .scalar(.null) { continue }
            guard case .mapping = value.content else { throw part.error("must have keys and values", content) }
            if parts[name] == nil {
                parts[name] = Part(file: root.file, node: value, field: "\(part.field).\(content)")
            }
        }
        return parts
    }

    /// Adds what an earlier file has not said.
    mutating func merge(_ other: Kubeconfig) {
        currentContext = currentContext ?? other.currentContext
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        contexts.merge(other.contexts) { first, _ in first }
        files += other.files
    }

    /// What a context, or the current one, says.
    func configuration(context wanted: String?) throws(ConfigurationError) -> Configuration {
        let all = files.joined(separator: ":")
        var chosen = wanted
        if chosen == nil { chosen = try currentContext?.string("current-context") }
        guard let name = chosen else {
            let known = contexts.keys.sorted().joined(separator: ", ")
            throw ConfigurationError("is not set; choose one of: \(known)", file: all, field: "current-context")
        }
        guard let context = contexts[name] else {
            let line = wanted == nil ? currentContext?.node["current-context"]?.line : nil
            throw ConfigurationError(
                "there is no context '\(name)'",
                file: wanted == nil ? currentContext?.file ?? all : all,
                line: line,
                field: "current-context"
            )
        }
        guard let clusterName = try context.string("cluster") else { throw context.error("names no cluster") }
        guard let cluster = clusters[clusterName] else {
            throw context.error("there is no cluster '\(clusterName)'", "cluster")
        }
        guard var server = try cluster.string("server") else { throw cluster.error("has no server") }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw cluster.error("must begin with https:// or http://", "server")
        }
        while server.hasSuffix("/") { server.removeLast() }
        let proxy = try cluster.string("proxy-url")
        if let proxy, !["http://", "https://", "socks5://", "socks5h://"].contains(where: proxy.hasPrefix) {
            throw cluster.error("must begin with http://, https:// or socks5://", "proxy-url")
        }
        var identity = Configuration.Identity.none
        var impersonation: Configuration.Impersonation?
        if let userName = try context.string("user") {
            guard let user = users[userName] else { throw context.error("there is no user '\(userName)'", "user") }
            identity = try Self.identity(user)
            impersonation = try Self.impersonation(user)
        }
        return Configuration(
            server: server,
            namespace: try context.string("namespace") ?? "default",
            identity: identity,
            impersonation: impersonation,
            certificateAuthority: try cluster.source(
                data: "certificate-authority-data",
                file: "certificate-authority"
            ),
            skipsVerification: try cluster.bool("insecure-skip-tls-verify"),
            serverName: try cluster.string("tls-server-name"),
            proxy: proxy,
            origin: name
        )
    }

    private static func identity(_ user: Part) throws(ConfigurationError) -> Configuration.Identity {
        let certificate = try user.source(data: "client-certificate-data", file: "client-certificate")
        let key = try user.source(data: "client-key-data", file: "client-key")
        switch (certificate, key) {
        case (let certificate?, let key?): return .certificate(certificate, key: key)
        case (_?, nil): throw user.error("has a client certificate without a key")
        case (nil, _?): throw user.error("has a client key without a certificate")
        case (nil, nil): break
        }
        // As for kubectl, a file wins over a token.
        if let file = try user.path("tokenFile") { return .tokenFile(file) }
        if let token = try user.string("token") { return .token(token) }
        if let name = try user.string("username") {
            return .basic(user: name, password: try user.string("password") ?? "")
        }
        if let node = user.node["exec"], node.content != .scalar(.null) {
            return .exec(try plugin(Part(file: user.file, node: node, field: "\(user.field).exec")))
        }
        if user.node["auth-provider"] != nil {
            throw user.error("is not supported any more, also not by kubectl; use exec", "auth-provider")
        }
        return .none
    }

    private static func plugin(_ exec: Part) throws(ConfigurationError) -> Configuration.ExecPlugin {
        guard let command = try exec.string("command") else { throw exec.error("has no command") }
        guard let version = try exec.string("apiVersion") else { throw exec.error("has no apiVersion") }
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(version) else {
            throw exec.error("must be one of \(versions.joined(separator: ", "))", "apiVersion")
        }
        if try exec.string("interactiveMode") == "Always" {
            throw exec.error("needs a terminal, which this program has not", "interactiveMode")
        }
        var environment: [String: String] = [:]
        if let node = exec.node["env"], node.content != .scalar(.null) {
            guard case .sequence(let nodes) = node.content else { throw exec.error("must be a list", "env") }
            for (index, node) in nodes.enumerated() {
                let variable = Part(file: exec.file, node: node, field: "\(exec.field).env[\(index)]")
                guard let name = try variable.string("name") else { throw variable.error("has no name") }
                environment[name] = try variable.string("value") ?? ""
            }
        }
        return Configuration.ExecPlugin(
            command: command.contains("/") ? Part.absolute(command, besides: exec.file) : command,
            arguments: try exec.strings("args"),
            environment: environment,
            apiVersion: version,
            installHint: try exec.string("installHint") ?? "",
            providesClusterInfo: try exec.bool("provideClusterInfo")
        )
    }
}
