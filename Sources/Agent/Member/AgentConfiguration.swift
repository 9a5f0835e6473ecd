/// What `xdb-agent run` is told by its flags.
public struct AgentConfiguration: Sendable {
    /// What a member has: data and the log, or the log alone.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case data
        case logger
    }

    /// The member's name, for example `orders-0`.
    public var member: String
    /// The member's number in its group, below 16.
    public var ordinal: UInt32
    /// Which life of the member's directory this is.
    public var incarnation: Int
    /// The group's name.
    public var group: String
    /// The group's namespace.
    public var namespace: String
    /// What the member has.
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
    /// The port of the control API.
    public var controlPort = 7700
    /// The port for the agents of other members.
    public var peerPort = 7701
    /// The port on 127.0.0.1 where the server reads the log; 0 takes a free one.
    public var feedPort = 7702
    /// The port of probes and metrics.
    public var probePort = 7703
    /// The port of the server.
    public var serverPort = 3306
    /// The server's program.
    public var serverProgram = "/usr/sbin/mariadbd"
    /// The program that copies a running server's data.
    public var backupProgram = "/usr/bin/mariabackup"
    /// The program that makes an empty data directory.
    public var installProgram = "/usr/bin/mariadb-install-db"

    /// The settings without a usual value.
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

    /// The DNS names in the certificates of the group.
    var certificateNames: CertificateNames { CertificateNames(group: group, namespace: namespace) }
}
