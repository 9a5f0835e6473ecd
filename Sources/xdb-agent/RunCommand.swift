import Agent
import ArgumentParser
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs `xdb-agent run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the agent of one member."
    )

    @OptionGroup var life: MemberOptions

    @Option(help: "Which life of the member's directory this is.")
    var incarnation = 1

    @Option(help: "data or logger.")
    var kind: AgentConfiguration.Kind

    @Option(help: "The directory with a password file per application user.")
    var users = "/etc/xdb/users"

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
        guard incarnation > 0 else { throw ValidationError("--incarnation begins at 1") }
    }

    func run() async throws {
        let logger = life.logger
        var settings = life.settings(incarnation: incarnation, kind: kind, users: users)
        settings.address = address
        settings.controlPort = controlPort
        settings.peerPort = peerPort
        settings.feedPort = feedPort
        settings.probePort = probePort
        settings.serverPort = serverPort
        var quiet = logger
        quiet.logLevel = max(life.logLevel, .warning)
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
