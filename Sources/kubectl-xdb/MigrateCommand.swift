import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

/// Asks for members to be moved.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Move a group from one zone to another, or one member to a node, without a break.",
        discussion: """
            All members of a zone: migrate GROUP --from a --to b. One member: migrate GROUP MEMBER --node NODE. With \
            --dry-run the operator plans it and does nothing else. Between two moves it can be paused (pause OPERATION) and \
            given up (cancel OPERATION).
            """
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Argument(help: "The group.", completion: .groups)
    var group: String

    @Argument(help: "The one member that moves, by its name or its number.", completion: .members)
    var member: String?

    @Option(help: "The zone that the members leave.")
    var from: String?

    @Option(help: "The zone that they move to.")
    var to: String?

    @Option(help: "The node that the one member moves to.")
    var node: String?

    @OptionGroup var copy: CopyOptions
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var plan: PlanOptions

    func validate() throws {
        let isWhole = member == nil && node == nil && from != nil && to != nil
        let isOne = member != nil && node != nil && from == nil && to == nil
        guard isWhole || isOne else {
            throw ValidationError("give --from and --to for all members of a zone, or a member and --node for one")
        }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        let group = try await connection.group(group)
        var migrate = XDBOperation.Migrate()
        migrate.from = from.map { .init(zone: $0) }
        migrate.to = to.map { .init(zone: $0) }
        migrate.member = try member.map { word throws(Complaint) in
            try MemberChoice.member(word, of: group, where: { !$0.isSuccessor }).name
        }
        migrate.node = node
        migrate.bytesPerSecond = copy.limit
        let request = OperationRequest.migrate(of: group.key, migrate, isDryRun: plan.dryRun, timeout: timeout.seconds)
        guard plan.dryRun else { return try await connection.make(request, plan.waiting) }
        try await connection.rehearse(request, plan.output)
    }
}
