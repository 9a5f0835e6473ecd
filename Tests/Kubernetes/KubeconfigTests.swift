import FoundationEssentials
import KubernetesModel
import Testing

@testable import Kubernetes

@Suite("kubeconfig")
struct KubeconfigTests {
    /// A folder of files that goes with the value.
    final class Folder: Sendable {
        let path =
            FileManager.default.temporaryDirectory.path() + "/xdb-kubeconfig-\(UInt64.random(in: 0...UInt64.max))"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, _ name: String = "config") throws -> String {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
            return "\(path)/\(name)"
        }
    }

    static let whole = """
        apiVersion: v1
        kind: Config
        current-context: one
        clusters:
        - name: c1
          cluster:
            server: https://10.0.0.1:6443/
            certificate-authority-data: Q0E=
        - name: c2
          cluster:
            server: https://[fd00::1]:6443
            certificate-authority: pki/ca.crt
            insecure-skip-tls-verify: true
            tls-server-name: kubernetes
            proxy-url: socks5://proxy:1080
        contexts:
        - name: one
          context: {cluster: c1, user: token, namespace: db}
        - name: two
          context: {cluster: c2, user: certificate}
        - {name: three, context: {cluster: c1, user: exec}}
        - {name: four, context: {cluster: c1, user: basic}}
        - {name: five, context: {cluster: c1, user: file}}
        - {name: six, context: {cluster: c1}}
        users:
        - name: token
          user: {token: abc}
        - name: certificate
          user: {client-certificate: c.crt, client-key-data: S0VZ}
        - name: basic
          user: {username: u, password: p}
        - name: file
          user: {tokenFile: /run/token, token: ignored, as: jo, as-groups: [dba], as-user-extra: {scope: [a]}}
        - name: exec
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: ./bin/login
              args: [get, 1]
              env: [{name: A, value: b}]
              interactiveMode: Never
              provideClusterInfo: true
        """

    @Test("Every field of a context")
    func contexts() throws {
        let folder = try Folder()
        let file = try folder.write(Self.whole)
        let one = try Configuration.kubeconfig([file])
        #expect(one.server == "https://10.0.0.1:6443")
        #expect(one.namespace == "db")
        #expect(one.identity == .token("abc"))
        #expect(one.certificateAuthority == .bytes(Array("CA".utf8)))
        #expect(one.origin == "one")
        let two = try Configuration.kubeconfig([file], context: "two")
        #expect(two.identity == .certificate(.file("\(folder.path)/c.crt"), key: .bytes(Array("KEY".utf8))))
        #expect(two.certificateAuthority == .file("\(folder.path)/pki/ca.crt"))
        #expect(two.skipsVerification)
        #expect(two.serverName == "kubernetes")
        #expect(two.proxy == "socks5://proxy:1080")
        #expect(two.namespace == "default")
        guard case .exec(let plugin) = try Configuration.kubeconfig([file], context: "three").identity else {
            Issue.record("no plugin")
            return
        }
        #expect(plugin.command == "\(folder.path)/./bin/login")
        #expect(plugin.arguments == ["get", "1"])
        #expect(plugin.environment == ["A": "b"])
        #expect(plugin.providesClusterInfo)
        #expect(try Configuration.kubeconfig([file], context: "four").identity == .basic(user: "u", password: "p"))
        let five = try Configuration.kubeconfig([file], context: "five")
        #expect(five.identity == .tokenFile("/run/token"))
        #expect(five.impersonation == .init(user: "jo", groups: ["dba"], extra: ["scope": ["a"]]))
        #expect(one.impersonation == nil)
        #expect(try Configuration.kubeconfig([file], context: "six").identity == .none)
    }

    @Test("Files are merged: the first that says something wins")
    func merge() throws {
        let folder = try Folder()
        let first = try folder.write(
            """
            current-context: two
            users:
            - name: certificate
              user: {token: mine}
            """,
            "first"
        )
        let second = try folder.write(Self.whole, "second")
        let merged = try Configuration.kubeconfig([first, second])
        #expect(merged.identity == .token("mine"))
        #expect(merged.proxy == "socks5://proxy:1080")
        let list = ["KUBECONFIG": "\(folder.path)/absent::\(first):\(second)"]
        #expect(try Configuration.load(environment: list) == merged)
        #expect(try Configuration.load(context: "one", environment: list).identity == .token("abc"))
        #expect(try Configuration.load(file: second, environment: list).origin == "one")
    }

    @Test(
        "A mistake names the file, the line and the field",
        arguments: [
            ("server: https://10.0.0.1:6443/", "server: 10.0.0.1", 7, "clusters[0].cluster.server"),
            (
                "certificate-authority-data: Q0E=", "certificate-authority-data: '*'", 8,
                "clusters[0].cluster.certificate-authority-data"
            ),
            ("user: {token: abc}", "user: {token: [1]}", 27, "users[0].user.token"),
            ("user: {token: abc}", "user: {client-certificate: a}", 27, "users[0].user"),
            ("user: {token: abc}", "user: {token: abc, as-groups: [a]}", 27, "users[0].user"),
            ("user: {token: abc}", "user: {token: abc, as: jo, as-groups: a}", 27, "users[0].user.as-groups"),
            (
                "user: {token: abc}", "user: {token: abc, as: jo, as-user-extra: {a: b}}", 27,
                "users[0].user.as-user-extra.a"
            ),
            ("user: {token: abc}", "user: {exec: {command: a}}", 27, "users[0].user.exec"),
            ("user: {token: abc}", "user: {exec: {command: a, apiVersion: v1}}", 27, "users[0].user.exec.apiVersion"),
            (
                "user: {token: abc}", "user: {exec: {apiVersion: client.authentication.k8s.io/v1}}", 27,
                "users[0].user.exec"
            ),
            ("user: {token: abc}", "user: {auth-provider: {name: oidc}}", 27, "users[0].user.auth-provider"),
            ("cluster: c1, user: token", "cluster: none, user: token", 18, "contexts[0].context.cluster"),
            ("cluster: c1, user: token", "cluster: c1, user: none", 18, "contexts[0].context.user"),
            ("cluster: c1, user: token", "user: token", 18, "contexts[0].context"),
            ("current-context: one", "current-context: none", 3, "current-context"),
            ("kind: Config", "kind: Pod", 2, "kind"), ("- name: c1", "- nam: c1", 5, "clusters[0]"),
            ("  cluster:\n    server: https://10", "  cluter:\n    server: https://10", 5, "clusters[0]"),
            ("clusters:\n- name: c1", "clusters: 7\nx:\n- name: c1", 4, "clusters"),
            ("kind: Config", "kind: *none", 2, ""),
        ]
    )
    func mistakes(right: String, wrong: String, line: Int, field: String) throws {
        let folder = try Folder()
        var text = Self.whole
        let range = try #require(text.firstRange(of: right))
        text.replaceSubrange(range, with: wrong)
        let file = try folder.write(text)
        let error = try #require(#expect(throws: ConfigurationError.self) { try Configuration.kubeconfig([file]) })
        #expect(error.file == file)
        #expect(error.line == line, "\(error)")
        #expect(error.field == field, "\(error)")
        #expect(!error.message.isEmpty)
    }

    @Test("A mistake in another context does no harm")
    func elsewhere() throws {
        let folder = try Folder()
        let text = Self.whole.replacing("proxy-url: socks5://proxy:1080", with: "proxy-url: what")
        #expect(try Configuration.kubeconfig([folder.write(text)]).origin == "one")
    }

    @Test("No context, no file, nothing at all")
    func nothing() throws {
        let folder = try Folder()
        let text = Self.whole.replacing("current-context: one", with: "")
        let error = #expect(throws: ConfigurationError.self) { try Configuration.kubeconfig([folder.write(text)]) }
        #expect(error?.message.contains("choose one of: five, four, one") == true)
        let home = ["HOME": folder.path]
        #expect(throws: ConfigurationError.self) { try Configuration.load(environment: home) }
        #expect(throws: ConfigurationError.self) { try Configuration.load(environment: ["KUBECONFIG": "/absent"]) }
        #expect(throws: ConfigurationError.self) { try Configuration.kubeconfig([folder.write("", "empty")]) }
        #expect(throws: ConfigurationError.self) { try Configuration.kubeconfig(["/absent"]) }
        try FileManager.default.createDirectory(atPath: "\(folder.path)/.kube", withIntermediateDirectories: true)
        _ = try folder.write(Self.whole, ".kube/config")
        #expect(try Configuration.load(environment: home).origin == "one")
    }

    @Test("A pod's service account")
    func inCluster() throws {
        let folder = try Folder()
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(throws: ConfigurationError.self) {
            try Configuration.inCluster(environment: environment, directory: folder.path)
        }
        for (name, text) in ["token": "t", "ca.crt": "CA", "namespace": "xdb\n"] { _ = try folder.write(text, name) }
        let configuration = try Configuration.inCluster(environment: environment, directory: folder.path)
        #expect(configuration.server == "https://[fd00::1]:443")
        #expect(configuration.namespace == "xdb")
        #expect(configuration.identity == .tokenFile("\(folder.path)/token"))
        #expect(configuration.certificateAuthority == .file("\(folder.path)/ca.crt"))
        #expect(throws: ConfigurationError.self) { try Configuration.inCluster(environment: [:]) }
    }
}
