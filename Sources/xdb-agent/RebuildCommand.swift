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
    @OptionGroup var life: MemberOptions

    @Option(help: "Which life of the member it is.")
    var incarnation: Int

    @Option(help: "The group's uid.")
    var groupUid: String

    @Option(help: "data; a logger needs no Job.")
    var kind = AgentConfiguration.Kind.data

    @Option(help: "Where to write the result; without it, where a container's last words belong, if that is there.")
    var result: String?

    func validate() throws {
        guard incarnation > 0 else { throw ValidationError("--incarnation begins at 1") }
        guard kind == .data else { throw ValidationError("a logger has no data to make") }
    }

    /// Runs a Job, and ends the process with what came of it.
    func run(_ work: RebuildJob.Work) async throws -> Never {
        // The first process of a container ignores the signal unless it says otherwise. Whatever is under way is begun
        // anew by the next run.
        signal(SIGTERM) { _ in _exit(143) }
        var logger = life.logger
        logger[metadataKey: "member"] = "\(life.member)"
        let settings = life.settings(incarnation: incarnation, kind: kind, users: "")
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
