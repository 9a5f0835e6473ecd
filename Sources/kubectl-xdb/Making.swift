public import ArgumentParser
import Console
import Glibc
import Kubernetes
import KubernetesModel
public import XDB

extension Connection {
    /// Makes an operation, and follows it where that is asked for.
    func make(_ request: OperationRequest, _ options: MakeOptions) async throws {
        let made = try await client.create(
            try request.body(),
            as: XDBOperation.self,
            WriteOptions(isDryRun: options.dryRun)
        )
        if options.dryRun {
            Output.write(Document.text(OperationRequest(operation: made).manifest, .yaml))
            return Output.note("A dry run: nothing was made. The server would take this operation.")
        }
        try await follow(made, options.waiting)
    }

    /// Makes an operation that the server cannot judge alone, and follows it where that is asked for.
    func make(_ request: OperationRequest, _ waiting: WaitOptions) async throws {
        try await follow(try await client.create(try request.body(), as: XDBOperation.self), waiting)
    }

    /// Has the operator plan what is asked for, shows the plan, and leaves nothing behind.
    func rehearse(_ request: OperationRequest, _ output: Document.Format?) async throws {
        let made = try await client.create(try request.body(), as: XDBOperation.self)
        let ended: XDBOperation
        do {
            ended = try await Follower(self).end(of: made.metadata.name, limit: nil)
        } catch {
            try? await client.delete(XDBOperation.self, made.key)
            throw error
        }
        try await client.delete(XDBOperation.self, made.key)
        guard let plan = ended.status.plan, ended.status.state == .succeeded else {
            throw Complaint("it would be refused: \(ended.status.message ?? "")")
        }
        if let output {
            return Output.write(Document.text(plan.fieldJSON ?? .null, output))
        }
        Output.write(PlanScreen.text(plan, Terminal.style(), width: Terminal.width()))
        Output.note("A dry run: nothing was done.")
    }

    private func follow(_ made: XDBOperation, _ waiting: WaitOptions) async throws {
        let name = made.metadata.name
        Output.write("operation \(name) is made\n")
        guard waiting.wait else {
            return Output.note("Follow it: \(invocation.command("ops \(name) --watch"))")
        }
        let follower = Follower(self)
        try follower.tell(try await follower.end(of: name, limit: waiting.waitTimeout))
    }
}

/// Asks for another leader.
struct ChangeLeaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-leader",
        abstract: "Hand the leadership of a group over, without loss; also the way to a leader when failover is Manual."
    )

    @OptionGroup var work: GroupWork

    @Option(
        help: "The candidate that is to lead, by its name or its number; by default the one with the most advanced log."
    )
    var to: String?

    func run() async throws {
        let (connection, group) = try await work.find()
        let candidate = try to.map { word throws(Complaint) in
            try MemberChoice.member(word, of: group, where: { $0.kind == .candidate }, called: "candidate").name
        }
        try await connection.make(
            .changeLeader(of: group.key, to: candidate, timeout: work.options.timeout.seconds),
            work.options
        )
    }
}

extension XDBOperation.Rebuild.Mode: ExpressibleByArgument {
    /// The mode of a word, in small letters or capitals.
    public init?(argument: String) {
        guard let mode = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = mode
    }
}

/// Asks for a member to be made anew.
struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make a follower, logger or learner anew from what the others have."
    )

    @OptionGroup var work: GroupWork

    @Argument(help: "The member, by its name or its number.", completion: .members)
    var member: String

    @Option(help: "Local (on its node), CrossHost (on another), or Auto: local while its node is ready.")
    var mode = XDBOperation.Rebuild.Mode.automatic

    @Option(help: "The node to move it to; the scheduler chooses when this is not given.")
    var node: String?

    @Option(help: "The member whose data are copied; by default the most advanced follower.")
    var source: String?

    @OptionGroup var copy: CopyOptions

    @Flag(help: "If it leads, have another candidate lead first.")
    var changeLeaderFirst = false

    @Flag(help: "Remove its data before the copy, on a host without room for both: until the end it has none.")
    var discardFirst = false

    func run() async throws {
        let (connection, group) = try await work.find()
        var rebuild = XDBOperation.Rebuild()
        rebuild.member = try MemberChoice.member(member, of: group, where: { !$0.isSuccessor }).name
        rebuild.mode = mode
        rebuild.node = node
        rebuild.source = try source.map { word throws(Complaint) in try MemberChoice.member(word, of: group).name }
        rebuild.bytesPerSecond = copy.limit
        rebuild.changeLeaderFirst = changeLeaderFirst
        rebuild.discardFirst = discardFirst
        try await connection.make(.rebuild(of: group.key, rebuild, timeout: work.options.timeout.seconds), work.options)
    }
}

/// Asks for members to be started again.
struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Start a member again, or all of a group: one after the other, the leader last after a hand-over."
    )

    @OptionGroup var work: GroupWork

    @Argument(help: "The member, by its name or its number; all when this is not given.", completion: .members)
    var member: String?

    func run() async throws {
        let (connection, group) = try await work.find()
        let name = try member.map { word throws(Complaint) in
            try MemberChoice.member(word, of: group, where: { !$0.isSuccessor }).name
        }
        try await connection.make(
            .restart(of: group.key, member: name, timeout: work.options.timeout.seconds),
            work.options
        )
    }
}

/// Asks for a leader without a majority.
struct ForceLeaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "force-leader",
        abstract: "Make a candidate lead although a majority of the voters is lost for good. COMMITS CAN BE LOST.",
        discussion: """
            Everything that only the missing voters have is lost, commits that clients saw succeed among it. First make \
            sure that the missing voters run nowhere, not even behind a cut network, and that none of them can be brought \
            back. docs/api.md, "A majority is lost for good", has the steps.
            """
    )

    @OptionGroup var work: GroupWork

    @Argument(help: "The candidate that is to lead, by its name or its number.", completion: .members)
    var member: String

    @Flag(help: "Needed: you have made sure that the missing voters are gone for good.")
    var acceptDataLoss = false

    @Flag(help: "Do not ask for the group's name again.")
    var yes = false

    func run() async throws {
        let (connection, group) = try await work.find()
        let name = try MemberChoice.member(member, of: group, where: { $0.kind == .candidate }, called: "candidate")
            .name
        Output.note(ForceWarning.text(group, member: name))
        guard acceptDataLoss else {
            throw Complaint(
                "nothing was done: give --accept-data-loss, if the missing voters are gone for good",
                .usage
            )
        }
        if !yes, !work.options.dryRun { try confirm(group.metadata.name) }
        try await connection.make(
            .forceLeader(of: group.key, member: name, acceptsLoss: true, timeout: work.options.timeout.seconds),
            work.options
        )
    }

    private func confirm(_ name: String) throws {
        guard Terminal.isTerminal(STDIN_FILENO) else {
            throw Complaint("nothing was done: nobody can be asked, since this is no terminal; give --yes", .usage)
        }
        Output.note("Type the name of the group to go on:")
        guard readLine() == name else { throw Complaint("nothing was done: that is not \(name)") }
    }
}

/// Takes an operation back.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Give an operation up; what has begun and cannot be taken back is finished."
    )

    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "The operation.", completion: .operations)
    var operation: String

    @Flag(help: "Change nothing: the server checks the change.")
    var dryRun = false

    func run() async throws {
        let connection = try connectionOptions.connect()
        let found = try await connection.operation(operation)
        guard !found.isFinished else {
            throw Complaint(
                "\(operation) has ended already: \(found.status.message ?? found.status.state?.rawValue ?? "")"
            )
        }
        try await connection.client.patch(
            XDBOperation.self,
            found.key,
            ["spec": ["cancel": true]],
            WriteOptions(isDryRun: dryRun)
        )
        Output.write("\(operation) is to be cancelled\(dryRun ? " (a dry run: nothing was changed)" : "")\n")
        guard waiting.wait, !dryRun else { return }
        let follower = Follower(connection)
        try follower.tell(try await follower.end(of: operation, limit: waiting.waitTimeout))
    }
}
