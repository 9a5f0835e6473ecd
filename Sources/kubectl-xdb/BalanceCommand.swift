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
    @OptionGroup var waiting: WaitOptions

    @Flag(help: "Members, too: they move first, each with a copy of its data.")
    var members = false

    @Option(
        name: .customLong("only-namespace"),
        help: "Touch only the groups of this namespace; may be given several times."
    )
    var namespaces: [String] = []

    @Option(help: "How much of each copy is sent in a second at most, for example 50Mi.")
    var bytesPerSecond: String?

    @Option(help: "For how many seconds each change may wait for its turn; 600 by default.")
    var timeout: Int?

    @Flag(help: "Plan it and do nothing: the operator writes the plan, which is printed; the operation is deleted.")
    var dryRun = false

    @Option(name: .shortAndLong, help: "With --dry-run: the plan as json or yaml.")
    var output: Document.Format?

    func validate() throws {
        guard bytesPerSecond.map({ Quantity($0) != nil }) ?? true else {
            throw ValidationError("--bytes-per-second must be an amount, for example 50Mi")
        }
        guard bytesPerSecond == nil || members else { throw ValidationError("--bytes-per-second is for --members") }
        guard timeout.map({ (1...86400).contains($0) }) ?? true else {
            throw ValidationError("--timeout must be 1 to 86400")
        }
        guard output == nil || dryRun else { throw ValidationError("-o is for the plan of a --dry-run") }
        guard !dryRun || !waiting.wait else { throw ValidationError("--dry-run waits by itself: leave out --wait") }
    }

    func run() async throws {
        let connection = try connectionOptions.connect().atOperator
        var balance = XDBOperation.Balance()
        balance.what = members ? .all : .leaders
        balance.namespaces = namespaces
        balance.bytesPerSecond = bytesPerSecond.flatMap { Quantity($0) }
        let request = OperationRequest.balance(
            balance,
            in: connection.namespace,
            isDryRun: dryRun,
            timeout: timeout
        )
        guard dryRun else { return try await connection.make(request, waiting) }
        try await connection.rehearse(request, output)
    }
}
