import ArgumentParser
import Console

/// The plugin's command line.
struct KubectlXDB: AsyncParsableCommand {
    static let version = "0.1.0-dev"

    static let configuration = CommandConfiguration(
        commandName: CalledAs.current.command,
        abstract: "See and steer groups of MariaDB servers (XDBGroup).",
        discussion: """
            Exit codes: 0 done; 1 refused, failed, or ended otherwise than was asked for; 2 no such group, member or \
            operation, or no operator; 3 no right; 4 no way to the API server; 5 not in time (--wait-timeout); 64 wrong \
            arguments. status --exit-code: 10 not every member plays its part, 11 no writes, 12 not known.
            """,
        version: version,
        subcommands: commands,
        groupedSubcommands: []
    )

    private static let commands: [any ParsableCommand.Type] = [
        StatusCommand.self, NodesCommand.self, OpsCommand.self, ExplainCommand.self, ChangeLeaderCommand.self,
        RebuildCommand.self, RestartCommand.self, MigrateCommand.self, OfflineCommand.self, RecoverCommand.self,
        BalanceCommand.self, RecoverGroupCommand.self, PositionsCommand.self, TakeOutCommand.self, PutBackCommand.self,
        ForceLeaderCommand.self, CancelCommand.self,
        PauseCommand.self, ResumeCommand.self, FailoverCommand.self, LogsCommand.self, SQLCommand.self,
        ReportCommand.self, VersionCommand.self,
    ]

    /// The commands' names, for completion.
    static var commandNames: [String] { commands.compactMap { $0.configuration.commandName } }
}

/// Prints the version.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the plugin's version.")

    func run() {
        Output.write("\(KubectlXDB.version)\n")
    }
}

/// Begins the program, and ends it with a code for scripts.
@main
enum Program {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        if CalledAs.current == .completion { return await NameCompletion.answer(words) }
        let command: any ParsableCommand
        do {
            command = try KubectlXDB.parseAsRoot(words)
        } catch {
            KubectlXDB.exit(withError: error)
        }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch {
            // The others are the parser's own, a wish for help among them.
            guard let complaint = Complaint(of: error) else { KubectlXDB.exit(withError: error) }
            Output.complain(complaint.message)
            KubectlXDB.exit(withError: ExitCode(complaint.status.rawValue))
        }
    }
}

/// The name that the program was started by.
enum CalledAs: Equatable {
    /// `kubectl-xdb`, which is how kubectl calls its plugin `xdb`.
    case plugin
    /// A link of another name.
    case program(String)
    /// `kubectl_complete-xdb`: kubectl asks what could come next.
    case completion

    static let current = CalledAs(CommandLine.arguments.first ?? "")

    private init(_ path: String) {
        switch path.split(separator: "/").last.map(String.init) {
        case "kubectl-xdb", nil: self = .plugin
        case "kubectl_complete-xdb": self = .completion
        case .some(let name): self = .program(name)
        }
    }

    /// What a person types to get here.
    var command: String {
        switch self {
        // A script of completions is for one word.
        case .plugin, .completion:
            CommandLine.arguments.contains("--generate-completion-script") ? "kubectl-xdb" : "kubectl xdb"
        case .program(let name): name
        }
    }
}

extension Outcome {
    /// Ends the command with this status; nothing when all is well.
    func end() throws {
        if self != .done { throw ExitCode(rawValue) }
    }
}
