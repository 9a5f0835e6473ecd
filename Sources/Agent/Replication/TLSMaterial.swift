import Glibc
import NIOCore
public import NIOSSL
import Synchronization

/// The certificates of a member: `ca.crt`, `tls.crt` and `tls.key` in one directory.
///
/// A Secret's volume changes its files while the agent runs. They are looked at whenever a connection begins, and read
/// again when one of them is another file than before; connections that are open go on.
public final class TLSMaterial: Sendable {
    /// What tells one version of the files from the next: a Secret's volume replaces all of them by a rename.
    private struct Version: Equatable {
        struct File: Equatable {
            var device: UInt64
            var inode: UInt64
            var size: Int64
            var seconds: Int64
            var nanoseconds: Int64
        }
        var files: [File]
    }

    private struct Contexts {
        var version: Version
        var server: NIOSSLContext
        var client: NIOSSLContext
    }

    private let directory: String
    private let contexts = Mutex<Contexts?>(nil)

    /// Nothing is read before the first connection.
    public init(directory: String) {
        self.directory = directory
    }

    /// For connections that come in: the other side must show a certificate of the group's CA.
    ///
    /// Whose certificate it is must be looked at after the handshake.
    public func serverContext() throws(ReplicationError) -> NIOSSLContext {
        try current().server
    }

    /// For connections that go out: the other side must show a certificate of the group's CA with the asked name.
    public func clientContext() throws(ReplicationError) -> NIOSSLContext {
        try current().client
    }

    /// The settings behind `serverContext`, for servers that make their own context.
    public func serverConfiguration() throws(ReplicationError) -> TLSConfiguration {
        do {
            var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: try chain(),
                privateKey: .privateKey(try NIOSSLPrivateKey(file: path("tls.key"), format: .pem)),
                trustRoots: .certificates(try NIOSSLCertificate.fromPEMFile(path("ca.crt")))
            )
            configuration.minimumTLSVersion = .tlsv13
            // A peer that is cut off does not say goodbye.
            configuration.shutdownTimeout = .seconds(1)
            return configuration
        } catch {
            throw .certificates("\(directory): \(error)")
        }
    }

    /// The DNS names that a certificate is for.
    public static func dnsNames(of certificate: NIOSSLCertificate) -> [String] {
        certificate._subjectAlternativeNames().compactMap { name in
            name.nameType == .dnsName ? String(decoding: name.contents, as: UTF8.self) : nil
        }
    }

    private func clientConfiguration() throws(ReplicationError) -> TLSConfiguration {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateChain = try chain()
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("tls.key"), format: .pem))
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path("ca.crt")))
            configuration.minimumTLSVersion = .tlsv13
            // A peer that is cut off does not say goodbye.
            configuration.shutdownTimeout = .seconds(1)
            return configuration
        } catch {
            throw .certificates("\(directory): \(error)")
        }
    }

    private func current() throws(ReplicationError) -> Contexts {
        // The version is taken before the files are read: files that change in between are read once more next time.
        let version = try version()
        if let known = contexts.withLock({ $0 }), known.version == version { return known }
        do {
            let fresh = Contexts(
                version: version,
                server: try NIOSSLContext(configuration: try serverConfiguration()),
                client: try NIOSSLContext(configuration: try clientConfiguration())
            )
            contexts.withLock { $0 = fresh }
            return fresh
        } catch {
            // Half of a rotation: what was good a moment ago is better than no connection.
            if let known = contexts.withLock({ $0 }) { return known }
            throw (error as? ReplicationError) ?? .certificates("\(directory): \(error)")
        }
    }

    private func chain() throws -> [NIOSSLCertificateSource] {
        try NIOSSLCertificate.fromPEMFile(path("tls.crt")).map { .certificate($0) }
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func version() throws(ReplicationError) -> Version {
        var files: [Version.File] = []
        for name in ["ca.crt", "tls.crt", "tls.key"] {
            var status = stat()
            guard stat(path(name), &status) == 0 else {
                throw .certificates("\(path(name)): \(String(cString: strerror(errno)))")
            }
            files.append(
                Version.File(
                    device: UInt64(status.st_dev),
                    inode: UInt64(status.st_ino),
                    size: Int64(status.st_size),
                    seconds: Int64(status.st_mtim.tv_sec),
                    nanoseconds: Int64(status.st_mtim.tv_nsec)
                )
            )
        }
        return Version(files: files)
    }
}

/// The names that stand in the certificates of a group.
public struct CertificateNames: Hashable, Sendable {
    /// The group's name.
    public var group: String
    /// The group's namespace.
    public var namespace: String

    /// The names of one group.
    public init(group: String, namespace: String) {
        self.group = group
        self.namespace = namespace
    }

    /// The DNS name of a member.
    public func member(_ name: String) -> String { "\(name).\(group).\(namespace).xdb" }

    /// The DNS name of the operator.
    public var operatorName: String { "operator.\(group).\(namespace).xdb" }

    /// Whose certificate it is, by its DNS names; nil for a stranger's.
    func client(_ dnsNames: [String]) -> ControlClient? {
        if dnsNames.contains(operatorName) { return .operator }
        let suffix = member("")
        let names = dnsNames.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        return names.first { !$0.isEmpty && !$0.contains(".") }.map(ControlClient.member)
    }
}

/// Who asks an agent for something.
enum ControlClient: Hashable, Sendable {
    case `operator`
    /// The agent, or a Job, of a member of the group.
    case member(String)
}
