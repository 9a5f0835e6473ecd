import Agent
import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import XDB

/// Runs `xdb-agent rebuild`: the Jobs that make the data of a new life of a member.
struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Makes the data of a new life of a member, before its agent runs.",
        discussion: """
            The three are run one after the other on the directory of the new life, and each may be run again. The exit \
            code is 0 when the work is done, 1 when another run may succeed, and 2 when it cannot.
            """,
        subcommands: [CopyCommand.self, PrepareCommand.self, RefreshCommand.self]
    )
}

/// What the Jobs have in common.
struct JobOptions: ParsableArguments {
    @Option(help: "The life of the member, for example orders-1-i2.")
    var member: String

    @Option(help: "The member's number in its group, below 16.")
    var ordinal: UInt32

    @Option(help: "Which life of the member it is.")
    var incarnation: Int

    @Option(help: "The group's name.")
    var group: String

    @Option(help: "The group's uid.")
    var groupUid: String

    @Option(help: "The group's namespace.")
    var namespace: String

    @Option(help: "data; a logger needs no Job.")
    var kind = AgentConfiguration.Kind.data

    @Option(help: "Where everything of this life is.")
    var directory = "/var/lib/xdb"

    @Option(help: "Where sockets are.")
    var runDirectory = "/run/xdb"

    @Option(help: "The directory with ca.crt, tls.crt and tls.key.")
    var tls = "/etc/xdb/tls"

    @Option(help: "The server's option file.")
    var configuration = "/etc/xdb/configuration/user.cnf"

    @Option(help: "Where to write the result; without it, where a container's last words belong, if that is there.")
    var result: String?

    @Option(help: "json or text.")
    var logFormat = AgentLogHandler.Format.json

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard ordinal < 16 else { throw ValidationError("--ordinal must be below 16") }
        guard incarnation > 0 else { throw ValidationError("--incarnation begins at 1") }
        guard kind == .data else { throw ValidationError("a logger has no data to make") }
    }

    /// Runs a Job, and ends the process with what came of it.
    func run(_ work: RebuildJob.Work) async throws -> Never {
        // The first process of a container ignores the signal unless it says otherwise. Whatever is under way is begun
        // anew by the next run.
        signal(SIGTERM) { _ in _exit(143) }
        let (format, level) = (logFormat, logLevel)
        var logger = Logger(label: "xdb-agent") { _ in AgentLogHandler(format: format, level: level) }
        logger[metadataKey: "member"] = "\(member)"
        let settings = AgentConfiguration(
            member: member,
            ordinal: ordinal,
            incarnation: incarnation,
            group: group,
            namespace: namespace,
            kind: kind,
            directory: directory,
            runDirectory: runDirectory,
            tlsDirectory: tls,
            usersDirectory: "",
            serverConfiguration: configuration
        )
        let job = RebuildJob(configuration: settings, group: groupUid, work: work, logger: logger)
        let (result, succeeded) = await job.run()
        write(result)
        Glibc.exit(succeeded ? 0 : result.isWorthRetrying ?? true ? 1 : 2)
    }

    /// What the kubelet takes over into the container's status.
    private func write(_ words: JobResult) {
        var words = words
        // The kubelet takes 4096 bytes.
        words.message = String(words.message.prefix(1000))
        guard let json = try? JSONEncoder().encode(words) else { return }
        let flags = result == nil ? O_WRONLY | O_TRUNC : O_WRONLY | O_TRUNC | O_CREAT
        let descriptor = open(result ?? "/dev/termination-log", flags, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = json.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}

/// Runs `xdb-agent rebuild copy`.
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copies the data of another member into the directory."
    )

    @OptionGroup var options: JobOptions

    @Option(help: "The member whose data are copied.")
    var sourceName: String

    @Option(help: "Its address.")
    var sourceHost: String

    @Option(help: "The port of its agent's control API.")
    var sourcePort = 7700

    @Option(help: "How fast the copy may be sent; without it, as fast as it can.")
    var bytesPerSecond: UInt64?

    func run() async throws {
        let source = PeerAddress(name: sourceName, host: sourceHost)
        try await options.run(.copy(from: source, port: sourcePort, bytesPerSecond: bytesPerSecond))
    }
}

/// Runs `xdb-agent rebuild prepare`.
struct PrepareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Makes the copy consistent."
    )

    @OptionGroup var options: JobOptions

    func run() async throws { try await options.run(.prepare) }
}

/// Runs `xdb-agent rebuild refresh`.
struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Makes the copy the directory of a member that follows the leader from there."
    )

    @OptionGroup var options: JobOptions

    func run() async throws { try await options.run(.refresh) }
}
