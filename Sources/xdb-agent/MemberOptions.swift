public import Agent
public import ArgumentParser
public import Logging

/// What every command is told of the life of a member that it works for.
struct MemberOptions: ParsableArguments {
    @Option(help: "The life of the member: orders-1, or orders-1-i2 in the second life of its data.")
    var member: String

    @Option(help: "The member's number in its group, below 16.")
    var ordinal: UInt32

    @Option(help: "The group's name.")
    var group: String

    @Option(help: "The group's namespace.")
    var namespace: String

    @Option(help: "Where everything of this life is.")
    var directory = "/var/lib/xdb"

    @Option(help: "Where sockets are.")
    var runDirectory = "/run/xdb"

    @Option(help: "The directory with ca.crt, tls.crt and tls.key.")
    var tls = "/etc/xdb/tls"

    @Option(help: "The server's option file.")
    var configuration = "/etc/xdb/configuration/user.cnf"

    @Option(help: "json or text.")
    var logFormat = AgentLogHandler.Format.json

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard ordinal < 16 else { throw ValidationError("--ordinal must be below 16") }
    }

    /// Writes what the command tells.
    var logger: Logger {
        let (format, level) = (logFormat, logLevel)
        return Logger(label: "xdb-agent") { _ in AgentLogHandler(format: format, level: level) }
    }

    /// The options as the agent wants them, with those that the commands have of their own.
    func settings(incarnation: Int, kind: AgentConfiguration.Kind, users: String) -> AgentConfiguration {
        AgentConfiguration(
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
    }
}

extension AgentConfiguration.Kind: ExpressibleByArgument {}
extension AgentLogHandler.Format: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
