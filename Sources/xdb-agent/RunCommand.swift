public import Agent
public import ArgumentParser
public import Logging
import ServiceLifecycle
import UnixSignals

/// Runs `xdb-agent run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the agent of one member."
    )

    @Option(help: "The member's name, for example orders-0.")
    var member: String

    @Option(help: "The member's number in its group, below 16.")
    var ordinal: UInt32

    @Option(help: "Which life of the member's directory this is.")
    var incarnation = 1

    @Option(help: "The group's name.")
    var group: String

    @Option(help: "The group's namespace.")
    var namespace: String

    @Option(help: "data or logger.")
    var kind: AgentConfiguration.Kind

    @Option(help: "Where everything of this incarnation is.")
    var directory = "/var/lib/xdb"

    @Option(help: "Where sockets are.")
    var runDirectory = "/run/xdb"

    @Option(help: "The directory with ca.crt, tls.crt and tls.key.")
    var tls = "/etc/xdb/tls"

    @Option(help: "The directory with a password file per application user.")
    var users = "/etc/xdb/users"

    @Option(help: "The server's option file.")
    var configuration = "/etc/xdb/configuration/user.cnf"

    @Option(help: "json or text.")
    var logFormat = AgentLogHandler.Format.json

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    @Option(help: "The address that everything listens on.")
    var address = "0.0.0.0"

    @Option(help: "The port of the control API.")
    var controlPort = 7700

    @Option(help: "The port for the agents of other members, the same on all of them.")
    var peerPort = 7701

    @Option(help: "The port on 127.0.0.1 where the server reads the log; 0 takes a free one.")
    var feedPort = 7702

    @Option(help: "The port of probes and metrics.")
    var probePort = 7703

    @Option(help: "The port of the server.")
    var serverPort = 3306

    func validate() throws {
        guard ordinal < 16 else { throw ValidationError("--ordinal must be below 16") }
        guard incarnation > 0 else { throw ValidationError("--incarnation begins at 1") }
    }

    func run() async throws {
        let format = logFormat
        let level = logLevel
        let logger = Logger(label: "xdb-agent") { _ in AgentLogHandler(format: format, level: level) }
        var settings = AgentConfiguration(
            member: member,
            ordinal: ordinal,
            incarnation: incarnation,
            group: group,
            namespace: namespace,
            kind: kind,
            directory: directory,
            runDirectory: runDirectory,
            tlsDirectory: tls,
            usersDirectory: users,
            serverConfiguration: configuration
        )
        settings.address = address
        settings.controlPort = controlPort
        settings.peerPort = peerPort
        settings.feedPort = feedPort
        settings.probePort = probePort
        settings.serverPort = serverPort
        var quiet = logger
        quiet.logLevel = max(level, .warning)
        let agent = MemberAgent(configuration: settings, version: Build.version, logger: logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [agent],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet
            )
        )
        logger.info("the agent starts", metadata: ["version": "\(Build.version)", "kind": "\(kind.rawValue)"])
        try await services.run()
    }
}

extension AgentConfiguration.Kind: ExpressibleByArgument {}
extension AgentLogHandler.Format: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
