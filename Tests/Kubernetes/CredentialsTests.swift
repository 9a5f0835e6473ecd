import FoundationEssentials
import KubernetesModel
import Logging
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Credentials", .timeLimit(.minutes(1)))
struct CredentialsTests {
    private let folder: KubeconfigTests.Folder
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init() throws { folder = try KubeconfigTests.Folder() }

    private func credentials(_ identity: Configuration.Identity) -> Credentials {
        Credentials(Configuration(server: "https://host:6443", identity: identity, origin: "ctx"), logger: logger)
    }

    private func plugin(_ script: String) throws -> Configuration.Identity {
        let file = try folder.write("#!/bin/sh\n" + script, "plugin")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return .exec(
            Configuration.ExecPlugin(
                command: file,
                arguments: ["arg"],
                environment: ["EXTRA": "value"],
                apiVersion: "client.authentication.k8s.io/v1",
                installHint: "install it",
                providesClusterInfo: true
            )
        )
    }

    private func answer(_ status: String) -> String {
        #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":\#(status)}"#
    }

    @Test("Static identities")
    func fixed() async throws {
        let token = try await credentials(.token("abc")).current()
        #expect(token.headers == [HTTPHeader("Authorization", "Bearer abc")])
        let basic = try await credentials(.basic(user: "u", password: "p")).current()
        #expect(basic.headers == [HTTPHeader("Authorization", "Basic dTpw")])
        #expect(try await credentials(.none).current().headers.isEmpty)
        let certificate = try folder.write("CERT", "c")
        let key = try folder.write("KEY", "k")
        let pair = try await credentials(.certificate(.file(certificate), key: .file(key))).current()
        #expect(pair.tls.identity == TLSSettings.Identity(certificate: Array("CERT".utf8), key: Array("KEY".utf8)))
    }

    @Test("A certificate's other name goes into the URL, and the address stays")
    func serverName() async throws {
        var configuration = Configuration(server: "https://[fd00::1]:6443/prefix", serverName: "kubernetes")
        var found = try await Credentials(configuration, logger: logger).current()
        #expect(found.server == "https://kubernetes:6443/prefix")
        #expect(found.connectTo == Endpoint(host: "fd00::1", port: 6443))
        configuration.server = "https://10.0.0.1"
        found = try await Credentials(configuration, logger: logger).current()
        #expect(found.server == "https://kubernetes:443")
        #expect(found.connectTo == Endpoint(host: "10.0.0.1", port: 443))
    }

    @Test("A plugin is asked once, told what it needs, and asked again when the server refuses")
    func plugin() async throws {
        let log = "\(folder.path)/log"
        let identity = try plugin(
            """
            echo "$1 $EXTRA $KUBERNETES_EXEC_INFO" >> \(log)
            echo '\(answer(#"{"token":"NUMBER"}"#))' | sed "s/NUMBER/$(wc -l < \(log))/"
            """
        )
        let credentials = credentials(identity)
        async let one = credentials.current()
        async let two = credentials.current()
        let (first, second) = try await (one, two)
        #expect(first.headers == [HTTPHeader("Authorization", "Bearer 1")])
        #expect(first == second)
        #expect(await credentials.renew(insteadOf: first))
        // Another request that was refused with the old token finds the new one without asking.
        #expect(await credentials.renew(insteadOf: first))
        #expect(try await credentials.current().headers == [HTTPHeader("Authorization", "Bearer 2")])
        let told = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(told.count == 2)
        #expect(told[0].hasPrefix("arg value {"))
        #expect(told[0].contains(#""server":"https://host:6443""#))
    }

    @Test("A plugin's answer holds when files beside it are read again", arguments: [nil, "2100-01-01T00:00:00Z"])
    func answerBesideFiles(_ expiry: String?) async throws {
        let log = "\(folder.path)/log"
        let fields = #""token":"t""# + (expiry.map { #","expirationTimestamp":"\#($0)""# } ?? "")
        let now = Mutex(ContinuousClock.now)
        let authority = try folder.write("first", "ca")
        let credentials = Credentials(
            Configuration(
                server: "https://host:6443",
                identity: try plugin("echo x >> \(log)\necho '\(answer("{\(fields)}"))'"),
                certificateAuthority: .file(authority)
            ),
            logger: logger,
            now: { now.withLock { $0 } }
        )
        #expect(try await credentials.current().tls.certificateAuthority == Array("first".utf8))
        _ = try folder.write("second", "ca")
        now.withLock { $0 += .seconds(61) }
        let renewed = try await credentials.current()
        #expect(renewed.tls.certificateAuthority == Array("second".utf8))
        #expect(renewed.headers == [HTTPHeader("Authorization", "Bearer t")])
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\n")
        // The server refuses it: it is asked, whatever it said of its time.
        #expect(await !credentials.renew(insteadOf: renewed))
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\nx\n")
    }

    @Test("Whoever acts for another says so in every request")
    func impersonation() async throws {
        let other = Configuration.Impersonation(
            user: "jo",
            uid: "7",
            groups: ["dba", "dev"],
            extra: ["example.org/scope": ["a", "b"]]
        )
        let configuration = Configuration(
            server: "https://host:6443",
            identity: .token("abc"),
            impersonation: other
        )
        let headers = try await Credentials(configuration, logger: logger).current().headers
        #expect(
            headers == [
                HTTPHeader("Authorization", "Bearer abc"), HTTPHeader("Impersonate-User", "jo"),
                HTTPHeader("Impersonate-Uid", "7"), HTTPHeader("Impersonate-Group", "dba"),
                HTTPHeader("Impersonate-Group", "dev"), HTTPHeader("Impersonate-Extra-example.org%2Fscope", "a"),
                HTTPHeader("Impersonate-Extra-example.org%2Fscope", "b"),
            ]
        )
    }

    @Test("An answer that has expired is not used")
    func expiry() async throws {
        let log = "\(folder.path)/log"
        let identity = try plugin(
            "echo x >> \(log)\necho '\(answer(#"{"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"}"#))'"
        )
        let credentials = credentials(identity)
        _ = try await credentials.current()
        _ = try await credentials.current()
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\n")
        try await Task.sleep(for: .seconds(1.1))
        _ = try await credentials.current()
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\nx\n")
    }

    @Test(
        "A plugin that fails is named, with what it said",
        arguments: [
            ("echo no luck >&2; exit 3", "failed with code 3: no luck. install it"),
            ("kill -9 $$", "was killed by signal 9"),
            ("echo hello", "answers with no ExecCredential"), ("echo '{}'", "expected an ExecCredential"),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'"#,
                "neither a token"
            ),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientKeyData":"x"}}'"#,
                "needs its key"
            ),
            ("head -c 3000000 /dev/zero", "wrote too much"),
        ]
    )
    func failures(script: String, message: String) async throws {
        let credentials = credentials(try plugin(script))
        let error = await #expect(throws: ConfigurationError.self) { try await credentials.current() }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("plugin") == true)
    }

    @Test("A plugin that is not there")
    func absent() async throws {
        guard case .exec(var plugin) = try plugin("") else { return }
        plugin.command = "xdb-no-such-plugin"
        let credentials = credentials(.exec(plugin))
        let error = await #expect(throws: ConfigurationError.self) { try await credentials.current() }
        #expect(error?.message.contains("cannot be started: No such file or directory. install it") == true)
    }

    @Test("A plugin that hangs is killed")
    func hanging() async throws {
        await #expect(throws: ProcessOutput.Failure.self) {
            try await ProcessOutput.of("sleep", ["60"], environment: [:], timeout: .milliseconds(300))
        }
    }

    @Test("A token file is read again when a minute has passed")
    func minute() async throws {
        let now = Mutex(ContinuousClock.now)
        let file = try folder.write("first", "token")
        let credentials = Credentials(
            Configuration(server: "https://host:6443", identity: .tokenFile(file), origin: "ctx"),
            logger: logger,
            now: { now.withLock { $0 } }
        )
        func token() async throws -> String? { try await credentials.current().headers.first?.value }
        #expect(try await token() == "Bearer first")
        _ = try folder.write("second", "token")
        now.withLock { $0 += .seconds(59) }
        #expect(try await token() == "Bearer first")
        now.withLock { $0 += .seconds(2) }
        #expect(try await token() == "Bearer second")
    }

    @Test("A file that vanishes later does no harm")
    func vanished() async throws {
        let file = try folder.write("token", "token")
        let credentials = credentials(.tokenFile(file))
        let first = try await credentials.current()
        try FileManager.default.removeItem(atPath: file)
        #expect(await !credentials.renew(insteadOf: first))
        #expect(try await credentials.current() == first)
        let none = self.credentials(.tokenFile(file))
        let error = await #expect(throws: ConfigurationError.self) { try await none.current() }
        #expect(error?.file == file)
    }
}
