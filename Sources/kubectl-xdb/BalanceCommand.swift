import ArgumentParser
import Console
import KubernetesModel
import XDB

/// Asks for leaders and members to be spread over the nodes.
struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance",
        abstract: "Spread the leaders of all groups evenly over the nodes, and with --members the members, too.",
        discussion: """
            Leaders are handed over, with as few changes as it takes. Members move to other nodes of their zones, which copies \
            their data. With --dry-run the operator plans it and does nothing else. Between two changes it can be paused (pause \
            OPERATION) and given up (cancel OPERATION). The operation is made in the operator's namespace, and needs the right \
            to do so there.
            """
    )

    @OptionGroup var connectionOptions: ConnectionOptions

    @Flag(help: "Members, too: they move first, each with a copy of its data.")
    var members = false

    @Option(
        name: .customLong("only-namespace"),
        help: "Touch only the groups of this namespace; may be given several times."
    )
    var namespaces: [String] = []

    @OptionGroup var copy: CopyOptions
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var plan: PlanOptions

    func validate() throws {
        guard copy.limit == nil || members else { throw ValidationError("--bytes-per-second is for --members") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect().atOperator
        var balance = XDBOperation.Balance()
        balance.what = members ? .all : .leaders
        balance.namespaces = namespaces
        balance.bytesPerSecond = copy.limit
        let request = OperationRequest.balance(
            balance,
            in: connection.namespace,
            isDryRun: plan.dryRun,
            timeout: timeout.seconds
        )
        guard plan.dryRun else { return try await connection.make(request, plan.waiting) }
        try await connection.rehearse(request, plan.output)
    }
}
