import FoundationEssentials
import KubernetesModel

/// What a credential plugin answers.
struct ExecCredential: Sendable {
    var token: String?
    var identity: TLSSettings.Identity?
    var expiry: Time?

    /// A plugin that has not answered by then is killed.
    static let timeout = Duration.seconds(60)

    /// Runs the plugin.
    static func ask(_ plugin: Configuration.ExecPlugin, _ configuration: Configuration) async throws -> ExecCredential {
        var environment = ProcessInfo.processInfo.environment
        environment.merge(plugin.environment) { $1 }
        environment["KUBERNETES_EXEC_INFO"] = try await information(plugin, configuration).description
        let result: ProcessOutput
        do {
            result = try await ProcessOutput.of(
                plugin.command,
                plugin.arguments,
                environment: environment,
                timeout: timeout
            )
        } catch let error as ProcessOutput.Failure {
            let hint = plugin.installHint.isEmpty ? "" : ". \(plugin.installHint)"
            throw ConfigurationError(
                "the plugin '\(plugin.command)' of context '\(configuration.origin)' \(error)\(hint)"
            )
        }
        do {
            let answer = try ExecCredential(JSONValue(json: result.output), plugin.apiVersion)
            guard answer.token != nil || answer.identity != nil else {
                throw JSONError(.mismatch, "there is neither a token nor a certificate", offset: 0, path: "status")
            }
            return answer
        } catch {
            throw ConfigurationError("the plugin '\(plugin.command)' answers with no ExecCredential: \(error)")
        }
    }

    init(_ answer: JSONValue, _ apiVersion: String) throws(JSONError) {
        guard answer["kind"]?.stringValue == "ExecCredential", answer["apiVersion"]?.stringValue == apiVersion else {
            throw JSONError(.mismatch, "expected an ExecCredential of \(apiVersion)", offset: 0)
        }
        guard let status = answer["status"] else { throw JSONError(.mismatch, "there is no status", offset: 0) }
        token = status["token"]?.stringValue
        let certificate = status["clientCertificateData"]?.stringValue
        let key = status["clientKeyData"]?.stringValue
        switch (certificate, key) {
        case (let certificate?, let key?):
            identity = TLSSettings.Identity(certificate: Array(certificate.utf8), key: Array(key.utf8))
        case (nil, nil): identity = nil
        default: throw JSONError(.mismatch, "a certificate needs its key", offset: 0, path: "status")
        }
        if let text = status["expirationTimestamp"]?.stringValue {
            guard let time = Time(text) else {
                throw JSONError(.mismatch, "'\(text)' is not a time", offset: 0, path: "status.expirationTimestamp")
            }
            expiry = time
        }
    }

    /// What the plugin is told.
    private static func information(
        _ plugin: Configuration.ExecPlugin,
        _ configuration: Configuration
    ) async throws -> JSONValue {
        var spec: JSONValue = ["interactive": false]
        if plugin.providesClusterInfo {
            var authority: [UInt8]?
            switch configuration.certificateAuthority {
            case .bytes(let bytes): authority = bytes
            case .file(let file): authority = try await offPool { try Configuration.bytes(of: file) }
            case nil: break
            }
            let cluster: JSONValue = [
                "server": .string(configuration.server),
                "tls-server-name": JSONValue(configuration.serverName),
                "insecure-skip-tls-verify": configuration.skipsVerification ? true : nil,
                "certificate-authority-data": JSONValue(authority.map { Base64Bytes($0) }),
                "proxy-url": JSONValue(configuration.proxy),
            ]
            spec["cluster"] = cluster.withoutNulls
        }
        return ["apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": spec]
    }
}
