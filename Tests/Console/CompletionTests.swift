import Testing

@testable import Console

@Suite struct CompletionTests {
    private static let commands = ["status", "rebuild", "failover", "explain", "cancel"]

    @Test(arguments: [
        ([""], Completion.Wanted.words(["cancel", "explain", "failover", "rebuild", "status"])),
        (["status", ""], .names([.group], group: nil)),
        (["status", "orders", ""], .nothing),
        (["rebuild", "-n", "shop", "ord"], .names([.group], group: nil)),
        (["rebuild", "orders", ""], .names([.member], group: "orders")),
        (["rebuild", "--wait", "orders", ""], .names([.member], group: "orders")),
        (["rebuild", "orders", "1", "--source", ""], .names([.member], group: "orders")),
        (["rebuild", "orders", "1", "--node", ""], .names([.node], group: nil)),
        (["offline", "--wait", ""], .names([.node], group: nil)),
        (["recover", "n1", ""], .nothing),
        (["explain", ""], .names([.group, .operation], group: nil)),
        (["failover", ""], .words(["off", "on", "status"])),
        (["failover", "off", ""], .names([.group], group: nil)),
        (["cancel", ""], .names([.operation], group: nil)),
        (["status", "--wa"], .nothing),
        (["unknown", ""], .nothing),
    ])
    func whatComesNextIsKnown(_ words: [String], _ wanted: Completion.Wanted) {
        #expect(Completion.wanted(words, commands: Self.commands) == wanted)
    }
}
