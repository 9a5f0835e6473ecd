import ArgumentParser
import Console
import FoundationEssentials
import Kubernetes
import KubernetesModel
import XDB

/// Asks for a group to be brought back.
struct RecoverGroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover-group",
        abstract: "Bring a group back after everything was down: elect from what a majority has, and rebuild the rest.",
        discussion: """
            Nothing that was acknowledged is lost. It waits until a majority of the voters answers with its data, has the \
            most advanced log led also when failover is Manual, and rebuilds members that do not come back by themselves. \
            Where no majority comes back within --timeout it fails, and says what each member has.
            """
    )

    @OptionGroup var work: GroupWork

    func run() async throws {
        let (connection, group) = try await work.find()
        try await connection.make(
            .recovery(of: group.key, timeout: work.options.timeout.seconds),
            work.options
        )
    }
}

/// Shows what each member has on its disk.
struct PositionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "positions",
        abstract: "Show what each member has on its disk: promise, log, and what is beyond the commit position.",
        discussion: """
            It runs xdb-agent inspect in the members' pods by kubectl exec, which reads their files and changes nothing: \
            you need the right to create pods/exec, and kubectl. Of members whose pods do not run it shows what was seen \
            last.
            """
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Argument(help: "Only this member, by its name or its number.", completion: .members)
    var member: String?

    @Option(name: .shortAndLong, help: "What was found, as json.")
    var output: Document.Format?

    func run() async throws {
        let connection = try connectionOptions.connect()
        let scene = try await connection.scene(of: try await connection.group(group))
        let chosen = try member.map { word throws(Complaint) in try MemberChoice.member(word, of: scene.group) }
        let members = chosen.map { [$0] } ?? scene.group.status.members.filter { !$0.isSuccessor && $0.joined }
        let readings = try await connection.read(members)
        if let output {
            return Output.write(Document.text(try PositionDocument.json(readings), output))
        }
        Output.write(PositionScreen.text(scene, readings, Terminal.style(), width: Terminal.width()))
    }
}

extension Connection {
    /// Looks into the directories of members, all at once: one whose node is away takes its time.
    fileprivate func read(_ members: [XDBGroup.MemberStatus]) async throws -> [MemberReading] {
        var readings: [MemberReading] = members.map { MemberReading($0) }
        try await withThrowingTaskGroup(of: (Int, MemberReading).self) { group in
            for (index, member) in members.enumerated() {
                group.addTask { (index, try await read(member)) }
            }
            for try await (index, reading) in group { readings[index] = reading }
        }
        return readings
    }

    private func read(_ member: XDBGroup.MemberStatus) async throws -> MemberReading {
        let words =
            options + [
                "--namespace", namespace, "exec", member.life, "--container", "engine", "--", "xdb-agent", "inspect",
            ]
        do {
            let ended = try await ProcessOutput.of(
                "kubectl",
                words,
                environment: ProcessInfo.processInfo.environment,
                timeout: .seconds(15)
            )
            return MemberReading(member, try JSONDecoder().decode(MemberInspection.self, from: Data(ended.output)))
        } catch let failure as ProcessOutput.Failure {
            return MemberReading(member, obstacle: "kubectl exec \(failure)")
        } catch let error as DecodingError {
            return MemberReading(member, obstacle: "xdb-agent inspect is of another version: \(error)")
        }
    }
}

/// A member of a group that is to be changed.
struct NamedMember: ParsableArguments {
    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var options: ChangeOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Argument(help: "The member, by its name or its number.", completion: .members)
    var member: String

    /// Connects, and looks them up.
    func find() async throws -> (connection: Connection, group: XDBGroup, member: XDBGroup.MemberStatus) {
        let connection = try connectionOptions.connect()
        let found = try await connection.group(group)
        return (connection, found, try MemberChoice.member(member, of: found, where: { !$0.isSuccessor }))
    }
}

/// Leaves a member alone.
struct TakeOutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take-out",
        abstract: "Have the operator leave a member alone: not repaired, and not leading while another can.",
        discussion: "The member is named in spec.maintenance. Nothing is stopped: its log counts while it answers."
    )

    @OptionGroup var named: NamedMember

    func run() async throws {
        let (connection, group, member) = try await named.find()
        let wish = MaintenanceWish(takingOut: member, of: group)
        for words in wish.words { Output.note(words) }
        try await connection.change(named.group, wish.change, "\(member.name) is taken out", named.options)
        if !named.options.dryRun {
            Output.note("Put it back: \(connection.invocation.command("put-back \(named.group) \(member.name)"))")
        }
    }
}

/// Takes a member back into care.
struct PutBackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put-back",
        abstract: "End what take-out began: the member is repaired again, and may lead."
    )

    @OptionGroup var named: NamedMember

    func run() async throws {
        let (connection, group, member) = try await named.find()
        let wish = MaintenanceWish(puttingBack: member, to: group)
        for words in wish.words { Output.note(words) }
        try await connection.change(named.group, wish.change, "\(member.name) is put back", named.options)
    }
}

extension MaintenanceWish {
    /// The same as a change of the spec.
    fileprivate var change: JSONValue { ["maintenance": .array(list.map { .string($0) })] }
}
