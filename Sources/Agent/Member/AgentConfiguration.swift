/// What `xdb-agent run` is told by its flags.
public struct AgentConfiguration: Sendable {
    /// Has the member data, or the log alone?
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case data
        case logger
    }

    public var member: String
    public var ordinal: UInt32
    public var incarnation: Int
    public var group: String
    public var namespace: String
    public var kind: Kind
    /// Everything of this incarnation that has to last.
    public var directory: String
    /// Sockets; lost with the pod.
    public var runDirectory: String
    /// The directory with `ca.crt`, `tls.crt` and `tls.key`.
    public var tlsDirectory: String
    /// The directory with a file per application user, which holds its password.
    public var usersDirectory: String
    /// The user's options for the server, in the format of an option file.
    public var serverConfiguration: String
    /// Where everything that others connect to listens.
    public var address = "0.0.0.0"
    public var controlPort = 7700
    public var peerPort = 7701
    public var feedPort = 7702
    public var probePort = 7703
    public var serverPort = 3306
    /// The program; tests run another one.
    public var serverProgram = "/usr/sbin/mariadbd"
    public var installProgram = "/usr/bin/mariadb-install-db"

    public init(
        member: String,
        ordinal: UInt32,
        incarnation: Int,
        group: String,
        namespace: String,
        kind: Kind,
        directory: String,
        runDirectory: String,
        tlsDirectory: String,
        usersDirectory: String,
        serverConfiguration: String
    ) {
        self.member = member
        self.ordinal = ordinal
        self.incarnation = incarnation
        self.group = group
        self.namespace = namespace
        self.kind = kind
        self.directory = directory
        self.runDirectory = runDirectory
        self.tlsDirectory = tlsDirectory
        self.usersDirectory = usersDirectory
        self.serverConfiguration = serverConfiguration
    }

    var dataDirectory: String { directory + "/data" }
    var temporaryDirectory: String { directory + "/tmp" }
    var serverLog: String { directory + "/server.log" }
    var socket: String { runDirectory + "/mysqld.sock" }
    var pidFile: String { runDirectory + "/mysqld.pid" }

    /// The DNS name in the certificate of the only client that the control API answers.
    var operatorName: String { CertificateNames(group: group, namespace: namespace).operatorName }
}
