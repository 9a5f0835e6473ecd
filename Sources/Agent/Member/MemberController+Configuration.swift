import FoundationEssentials
import Glibc
import Logging
import XDB

/// What is known of the options of the running server.
struct RunningConfiguration: Sendable {
    /// The revision of the file that was looked at last in this life of the server.
    var revision: String?
    /// Options of it that wait for a restart.
    var waiting: [String] = []
    /// What the server did not take.
    var problems: [AgentStatus.Problem] = []
    /// When the file was looked at.
    var looked: ContinuousClock.Instant?
    /// When the server was told of it.
    var taken: ContinuousClock.Instant?
}

/// Options of the user's file that have changed while the server runs.
extension MemberController {
    /// Compares the user's file with the options that the server has, and sets what can be set.
    ///
    /// What the server has taken is noted beside it, so that the next agent knows, and a server that ends by itself is
    /// started again with that: what needs a restart comes with the next pod, one member after the other.
    func lookAtConfiguration() async {
        guard configuration.kind == .data, answered else { return }
        if let looked = running.looked, .now - looked < .seconds(1) { return }
        running.looked = .now
        do {
            guard let contents = try OptionFiles(configuration).wanted() else { return }
            let revision = ServerConfiguration.revision(of: contents)
            // What was refused may be taken later: a resize, say, when the one before is done.
            let isDue = running.taken.map { .now - $0 >= Self.retryPause } ?? true
            guard revision != running.revision || !running.problems.isEmpty && isDue else { return }
            try await take(contents)
            running.revision = revision
            running.taken = .now
            failures["options"] = nil
        } catch is CancellationError {
            running.looked = nil
        } catch {
            failures["options"] = problem(error, "OptionsUnreadable")
        }
    }

    private static let retryPause = Duration.seconds(15)

    private func take(_ contents: String) async throws {
        let files = OptionFiles(configuration)
        let (old, new) = (OptionFile.settings(try files.present() ?? ""), OptionFile.settings(contents))
        let names = OptionChange.names(from: old, to: new)
        let variables = names.isEmpty ? [:] : try await ServerCommands.variables(local, names)
        var change = OptionChange(from: old, to: new, variables: variables)
        var taken: Set<String> = []
        var problems = change.refused.map { name in
            AgentStatus.Problem(
                reason: AgentStatus.Problem.optionRefused,
                message: "\(OptionFile.Complaint.forbidden(name).message)"
            )
        }
        for step in change.steps {
            do {
                try await local.execute([step.statement])
                taken.insert(step.name)
                logger.notice("the server takes an option", metadata: ["option": "\(step.name)"])
            } catch let error as SQLError where error.connectionLost {
                throw error
            } catch let error as SQLError where step.isReset || error.isReadOnlyVariable {
                change.waiting.append(step.name)
            } catch let error as SQLError {
                problems.append(
                    AgentStatus.Problem(
                        reason: AgentStatus.Problem.optionRefused,
                        message:
                            "the server does not take the option \(step.name) (\(error.message)), and goes on with the "
                            + "value that it has; correct it in spec.configuration"
                    )
                )
            }
        }
        if !taken.isEmpty { try files.note(OptionFile.contents(OptionFile.taking(taken, of: new, into: old))) }
        running.waiting = change.waiting.sorted()
        running.problems = problems
        ignoredOptions = await server.ignoredOptions()
        logger.info(
            "looked at the options",
            metadata: ["taken": "\(taken.sorted())", "waiting for a restart": "\(running.waiting)"]
        )
    }
}

/// The option files of a member's server: the user's, and beside the server what it was started with and has taken since.
///
/// The latter lasts as long as the pod. A server that ends by itself is started with it again: a change of the user's file
/// that needs a restart must not come to all members at once, since it may be one with which no server starts.
struct OptionFiles {
    /// The user's.
    private let user: String
    private let directory: String

    /// What a server is being started with.
    private static let starting = "starting.cnf"
    /// What a server that has answered has.
    private static let present = "present.cnf"

    init(_ configuration: AgentConfiguration) {
        user = configuration.serverConfiguration
        directory = configuration.runDirectory
    }

    /// The user's options now; nil where there is no file.
    func wanted() throws(SystemError) -> String? {
        guard let slash = user.lastIndex(of: "/") else { return nil }
        let file = DurableFile(directory: String(user[..<slash]), name: String(user[user.index(after: slash)...]))
        return try text(file)
    }

    /// What a server that has answered in this pod has; nil before there was one.
    func present() throws(SystemError) -> String? { try text(file(Self.present)) }

    /// Decides what the next server is started with, and puts it into a file of its own.
    ///
    /// - Returns: The file's path and contents; nil where there are no options.
    func prepare() throws(SystemError) -> (path: String, contents: String)? {
        var contents = try present()
        if contents == nil { contents = try wanted() }
        guard let contents else { return nil }
        try file(Self.starting).write(Data(contents.utf8))
        return ("\(directory)/\(Self.starting)", contents)
    }

    /// The server has come up with what it was started with.
    func proved() throws(SystemError) {
        guard try present() == nil else { return }
        var contents = try text(file(Self.starting))
        if contents == nil { contents = try wanted() }
        if let contents { try note(contents) }
    }

    /// Notes what the server has now.
    func note(_ contents: String) throws(SystemError) { try file(Self.present).write(Data(contents.utf8)) }

    /// No server starts with it any more: the user's file is the only one.
    func forget() { unlink("\(directory)/\(Self.present)") }

    private func file(_ name: String) -> DurableFile { DurableFile(directory: directory, name: name) }

    private func text(_ file: DurableFile) throws(SystemError) -> String? {
        try file.read().map { String(decoding: $0, as: UTF8.self) }
    }
}

extension SQLError {
    /// The variable can be read alone, whatever was said of it.
    fileprivate var isReadOnlyVariable: Bool { code == 1238 }
}
