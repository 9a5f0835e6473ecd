import ArgumentParser
import Console
import Glibc
import Kubernetes
import KubernetesModel
import XDB

/// Prints the log of a member's agent.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what a member's agent and server say; the leader's by default."
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Argument(help: "The member, by its name or its number.", completion: .members)
    var member: String?

    @Flag(name: .shortAndLong, help: "Go on as it grows.")
    var follow = false

    @Option(help: "The last so many lines.")
    var tail: Int?

    @Option(help: "Only what was written in the last so many seconds.")
    var since: Int?

    @Flag(name: .shortAndLong, help: "That of the container before its last restart.")
    var previous = false

    func run() async throws {
        let connection = try connectionOptions.connect()
        let group = try await connection.group(group)
        guard let word = member ?? group.status.leader else {
            throw Complaint("\(group.metadata.name) has no leader: name a member", .notFound)
        }
        let pod = try MemberChoice.member(word, of: group).life
        let log = LogOptions(container: "engine", tailLines: tail, sinceSeconds: since, isPrevious: previous)
        do {
            guard follow else { return Output.write(try await connection.client.logs(connection.key(pod), log)) }
            for try await bytes in try await connection.client.followLogs(connection.key(pod), log) {
                Output.write(bytes, to: STDOUT_FILENO)
            }
        } catch let error as APIError where error.isNotFound {
            throw Complaint(
                "\(word) has no pod now (\(pod)); why: \(connection.invocation.command("status \(group.metadata.name)"))",
                .notFound
            )
        }
    }
}

/// Opens a client of a member's server.
struct SQLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Open a shell of the mariadb client on a member, or run what stands after --.",
        discussion: """
            It runs kubectl exec in the member's pod, with the password that the pod has from the account's Secret: you \
            need the right to create pods/exec, and kubectl. Example: kubectl xdb sql orders --follower -- -e 'SELECT 1'.
            """
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Flag(help: "On a follower, for reading.")
    var follower = false

    @Option(help: "On this member, by its name or its number.", completion: .members)
    var member: String?

    @Flag(help: "As the account admin instead of app.")
    var admin = false

    @Argument(parsing: .postTerminator, help: "Arguments of the mariadb client, after --.")
    var arguments: [String] = []

    func validate() throws {
        guard !follower || member == nil else { throw ValidationError("--follower and --member exclude each other") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        let session = try SQLSession(
            member.map { .member($0) } ?? (follower ? .follower : .leader),
            of: try await connection.group(group),
            account: admin ? .administrator : .application,
            arguments: arguments
        )
        let isTerminal = Terminal.isTerminal(STDIN_FILENO) && Terminal.isTerminal(STDOUT_FILENO)
        let words = session.command(options: connection.options, isTerminal: isTerminal)
        connection.client.close()
        // From here on this process is kubectl: the terminal, the signals and the exit code are its own.
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execvp(words[0], &argv)
        throw Complaint("kubectl cannot be started: \(String(cString: strerror(errno))); it must be in PATH")
    }
}
