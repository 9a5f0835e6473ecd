import Foundation

/// Certificates of one made-up group, made by the openssl command once per run of the tests.
struct TestCertificates: Sendable {
    let directory: String

    static let group = "orders"
    static let namespace = "default"
    static let shared = TestCertificates(
        names: (0..<8).map { "orders-\($0)" } + ["orders-1-i2", "orders-2-i2"]
    )
    /// The same names from a CA that nobody trusts.
    static let foreign = TestCertificates(names: ["orders-1"])

    init(names: [String]) {
        directory = FileManager.default.temporaryDirectory.path + "/xdb-tls-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        Self.openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=\(Self.group)",
            "-keyout",
            "\(directory)/ca.key",
            "-out",
            "\(directory)/ca.crt"
        )
        for name in names { issue(name, into: path(of: name)) }
    }

    func path(of member: String) -> String { "\(directory)/\(member)" }

    func issue(_ member: String, into path: String) {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let extensions =
            "subjectAltName=DNS:\(member).\(Self.group).\(Self.namespace).xdb,DNS:localhost\n"
            + "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        try? extensions.write(toFile: "\(path)/extensions", atomically: true, encoding: .utf8)
        Self.openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=\(member)",
            "-keyout",
            "\(path)/tls.key",
            "-out",
            "\(path)/tls.csr"
        )
        Self.openssl(
            "x509",
            "-req",
            "-in",
            "\(path)/tls.csr",
            "-CA",
            "\(directory)/ca.crt",
            "-CAkey",
            "\(directory)/ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "\(path)/extensions",
            "-out",
            "\(path)/tls.crt"
        )
        try? FileManager.default.copyItem(atPath: "\(directory)/ca.crt", toPath: "\(path)/ca.crt")
    }

    private static func openssl(_ arguments: String...) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        precondition(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
    }
}
