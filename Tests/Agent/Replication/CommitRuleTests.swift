import Testing

@testable import Agent

@Suite struct CommitRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var durable: [UInt64]
        var first: UInt64
        var committed: UInt64?
        var testDescription: String { "\(durable) from \(first)" }
    }

    @Test(arguments: [
        Case(durable: [5], first: 1, committed: 5),
        Case(durable: [5, 0, 0], first: 1, committed: nil),
        Case(durable: [5, 4, 0], first: 1, committed: 4),
        Case(durable: [3, 5, 4], first: 1, committed: 4),
        Case(durable: [0, 7, 7], first: 1, committed: 7),
        // A majority has transactions of older epochs only.
        Case(durable: [9, 8, 8], first: 9, committed: nil),
        Case(durable: [9, 9, 8], first: 9, committed: 9),
        Case(durable: [9, 8, 7, 6, 5], first: 2, committed: 7),
        Case(durable: [9, 9, 0, 0, 0], first: 2, committed: nil),
        // Two voters: a majority is both.
        Case(durable: [9, 3], first: 2, committed: 3),
        Case(durable: [], first: 1, committed: nil),
    ])
    func majority(_ test: Case) {
        #expect(CommitRule.committed(durable: test.durable, firstOfEpoch: test.first) == test.committed)
    }
}
