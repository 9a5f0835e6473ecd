import Dispatch
import FoundationEssentials
import Glibc
public import Kubernetes
import Synchronization

/// A real etcd and a real kube-apiserver on loopback, for tests and measurements; they end with `stop()`, or with the
/// process.
///
/// `XDB_KUBERNETES_BIN` names the folder with `kube-apiserver`; `etcd` and `openssl` are looked up in `PATH`. Nothing
/// else of Kubernetes runs: pods are never scheduled, garbage is not collected, and namespaces are never finalized.
public final class APIServer: Sendable {
    /// Where the binaries are; nil when the tests that need them are to be skipped.
    public static var binaries: String? {
        let folder = ProcessInfo.processInfo.environment["XDB_KUBERNETES_BIN"] ?? ""
        return FileManager.default.isExecutableFile(atPath: "\(folder)/kube-apiserver") ? folder : nil
    }

    /// True when there are binaries: for `.enabled(if:)`.
    public static var isAvailable: Bool { binaries != nil }

    /// Why there is no server.
    public struct Failure: Error, CustomStringConvertible {
        /// What went wrong.
        public let description: String
    }

    /// The token of `admin`, who may do everything.
    public static let adminToken = "admin-token"
    /// The token of `nobody`, who may do nothing.
    public static let nobodyToken = "nobody-token"

    /// The working folder: logs, certificates, keys, tokens.
    public let directory: String
    /// The server's port.
    public let port: Int
    private let state: Mutex<Children>
    private let arguments: [String]

    private struct Children {
        var etcd: pid_t
        var server: pid_t
    }

    private static let shared = Shared()

    private actor Shared {
        private var starting: Task<APIServer, any Error>?

        func server() async throws -> APIServer {
            if let starting { return try await starting.value }
            let task = Task { try await APIServer.start() }
            starting = task
            return try await task.value
        }
    }

    /// One server for all tests of the process that do not disturb each other; use namespaces to keep apart.
    public static func sharedServer() async throws -> APIServer { try await shared.server() }

    /// `https://127.0.0.1:PORT`.
    public var url: String { "https://127.0.0.1:\(port)" }

    /// Where the PEM of the certificate that signs the server's lies.
    public var certificateAuthorityFile: String { "\(directory)/ca.crt" }

    /// PEM of the certificate that signs the server's.
    public var certificateAuthority: [UInt8] {
        (try? Array(Data(contentsOf: URL(filePath: "\(directory)/ca.crt")))) ?? []
    }

    /// The way in as `admin` by token.
    public var configuration: Configuration {
        Configuration(
            server: url,
            identity: .token(Self.adminToken),
            certificateAuthority: .bytes(certificateAuthority),
            origin: "test"
        )
    }

    /// The way in as an administrator by client certificate.
    public var certificateConfiguration: Configuration {
        var configuration = configuration
        configuration.identity = .certificate(.file("\(directory)/client.crt"), key: .file("\(directory)/client.key"))
        return configuration
    }

    private init(directory: String, port: Int, arguments: [String], etcd: pid_t, server: pid_t) {
        self.directory = directory
        self.port = port
        self.arguments = arguments
        state = Mutex(Children(etcd: etcd, server: server))
    }

    /// Starts both and waits until the server is ready.
    public static func start() async throws -> APIServer {
        guard let binaries else { throw Failure(description: "XDB_KUBERNETES_BIN names no folder with kube-apiserver") }
        let server = try await onThread { try launch(binaries) }
        do {
            try await server.waitUntilReady()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    /// Kills the API server and starts it again on the same data.
    public func restart() async throws {
        try await Self.onThread { [self] in
            try state.withLock { children in
                Child.kill(children.server)
                children.server = try Child.start(arguments, log: "\(directory)/apiserver.log")
            }
        }
        try await waitUntilReady()
    }

    /// Ends both and removes their files.
    public func stop() async {
        try? await Self.onThread { [self] in
            state.withLock { children in
                Child.kill(children.server)
                Child.kill(children.etcd)
            }
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    private func waitUntilReady() async throws {
        let transport = Transport()
        defer { transport.close() }
        // The server makes this namespace itself, after it has said that it is ready.
        var request = HTTPRequest(
            url: "\(url)/api/v1/namespaces/default",
            headers: [HTTPHeader("Authorization", "Bearer \(Self.adminToken)")]
        )
        request.tls = TLSSettings(certificateAuthority: certificateAuthority)
        request.timeout = .seconds(2)
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let answer = try? await transport.send(request), answer.head.status == 200 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        let log = (try? String(contentsOfFile: "\(directory)/apiserver.log", encoding: .utf8)) ?? ""
        throw Failure(description: "kube-apiserver is not ready after 60 s: \(log.suffix(2000))")
    }

    private static func launch(_ binaries: String) throws -> APIServer {
        let directory =
            FileManager.default.temporaryDirectory.path()
            + "/xdb-apiserver-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try certificates(directory)
        try "\(adminToken),admin,admin,system:masters\n\(nobodyToken),nobody,nobody\n"
            .write(toFile: "\(directory)/tokens.csv", atomically: true, encoding: .utf8)
        let (client, peer, port) = (try FreePort.take(), try FreePort.take(), try FreePort.take())
        let etcd = try Child.start(
            [
                "etcd", "--name=test", "--data-dir=\(directory)/etcd",
                "--listen-client-urls=http://127.0.0.1:\(client)",
                "--advertise-client-urls=http://127.0.0.1:\(client)",
                "--listen-peer-urls=http://127.0.0.1:\(peer)",
                "--initial-advertise-peer-urls=http://127.0.0.1:\(peer)",
                "--initial-cluster=test=http://127.0.0.1:\(peer)",
            ],
            log: "\(directory)/etcd.log"
        )
        let arguments = [
            "\(binaries)/kube-apiserver", "--etcd-servers=http://127.0.0.1:\(client)",
            "--secure-port=\(port)", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.240.0.0/24", "--allow-privileged=true",
            "--tls-cert-file=\(directory)/server.crt", "--tls-private-key-file=\(directory)/server.key",
            "--client-ca-file=\(directory)/ca.crt", "--token-auth-file=\(directory)/tokens.csv",
            "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=\(directory)/server.crt",
            "--service-account-signing-key-file=\(directory)/server.key",
            "--disable-admission-plugins=ServiceAccount",
        ]
        do {
            let server = try Child.start(arguments, log: "\(directory)/apiserver.log")
            return APIServer(directory: directory, port: port, arguments: arguments, etcd: etcd, server: server)
        } catch {
            Child.kill(etcd)
            throw error
        }
    }

    /// A CA, the server's certificate, and that of a client in `system:masters`.
    private static func certificates(_ directory: String) throws {
        let names = "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1"
        try "[server]\n\(names)\n[client]\nextendedKeyUsage=clientAuth\n"
            .write(toFile: "\(directory)/extensions", atomically: true, encoding: .utf8)
        func openssl(_ arguments: String...) throws {
            try Child.run(["openssl"] + arguments, log: "\(directory)/openssl.log")
        }
        let newKey = ["req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        try Child.run(
            ["openssl"] + newKey + [
                "-x509", "-days", "2", "-subj", "/CN=test-ca", "-keyout", "\(directory)/ca.key",
                "-out", "\(directory)/ca.crt",
            ],
            log: "\(directory)/openssl.log"
        )
        for (name, subject) in [("server", "/CN=kube-apiserver"), ("client", "/O=system:masters/CN=test-admin")] {
            let file = "\(directory)/\(name)"
            try Child.run(
                ["openssl"] + newKey + ["-subj", subject, "-keyout", "\(file).key", "-out", "\(file).csr"],
                log: "\(directory)/openssl.log"
            )
            try openssl(
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                "\(file).csr",
                "-CA",
                "\(directory)/ca.crt",
                "-CAkey",
                "\(directory)/ca.key",
                "-CAcreateserial",
                "-extfile",
                "\(directory)/extensions",
                "-extensions",
                name,
                "-out",
                "\(file).crt"
            )
        }
    }

    private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
