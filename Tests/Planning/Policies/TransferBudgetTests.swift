import KubernetesModel
import Testing
import XDB

@testable import Planning

/// How copies share what may be sent in a second.
struct TransferBudgetTests {
    struct Line: CustomTestStringConvertible {
        var testDescription: String
        var budget: UInt64
        var others: [UInt64?]
        var share: UInt64
    }

    static let lines = [
        Line(testDescription: "alone", budget: 100, others: [], share: 100),
        Line(testDescription: "two without limits", budget: 100, others: [nil], share: 50),
        Line(testDescription: "three without limits", budget: 100, others: [nil, nil], share: 33),
        Line(testDescription: "one that wants less leaves the rest", budget: 100, others: [20], share: 80),
        Line(testDescription: "what one leaves is shared", budget: 100, others: [20, nil], share: 40),
        Line(testDescription: "one that wants exactly its part", budget: 100, others: [50], share: 50),
        Line(testDescription: "one that wants more gets its part", budget: 100, others: [70], share: 50),
        Line(testDescription: "one that has its share only after another", budget: 100, others: [40, 10], share: 50),
        Line(testDescription: "in whatever order", budget: 100, others: [nil, 10, 35, 90], share: 22),
        Line(testDescription: "never nothing", budget: 1, others: [nil, nil], share: 1),
    ]

    @Test(arguments: lines)
    func aFairShare(_ line: Line) {
        #expect(TransferBudget.share(of: line.budget, besides: line.others) == line.share)
    }

    /// Each works out its own, and together they take no more than there is; nobody could have more without taking it from
    /// one that has no more than it.
    @Test(arguments: UInt64(0)..<200)
    func allTogetherStayWithinTheBudget(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = UInt64.random(in: 50..<1000, using: &random)
        let limits = (0..<Int.random(in: 1..<9, using: &random)).map { _ -> UInt64? in
            Bool.random(using: &random) ? UInt64.random(in: 1..<500, using: &random) : nil
        }
        let rates = limits.indices.map { index -> UInt64 in
            var others = limits
            others.remove(at: index)
            let share = TransferBudget.share(of: budget, besides: others)
            return min(limits[index] ?? .max, share)
        }
        let sum = rates.reduce(0, +)
        #expect(sum <= budget)
        let isAllTaken = sum + UInt64(limits.count) > budget
        for (rate, limit) in zip(rates, limits) where rate < limit ?? .max {
            #expect(isAllTaken, "\(limits) of \(budget): \(rates)")
            #expect(rates.allSatisfy { $0 <= rate + 1 }, "\(limits) of \(budget): \(rates)")
        }
    }

    @Test(
        arguments: [
            (nil, nil, nil, nil), (5, nil, nil, "limit 5 MiB/s (operation)"), (5, 4, nil, "limit 4 MiB/s (group)"),
            (5, 4, 3, "limit 3 MiB/s (share of the operator's budget)"), (5, 6, 7, "limit 5 MiB/s (operation)"),
            (5, 5, 5, "limit 5 MiB/s (operation)"), (nil, 6, 6, "limit 6 MiB/s (group)"),
        ] as [(UInt64?, UInt64?, UInt64?, String?)]
    )
    func theLeastHolds(_ operation: UInt64?, _ group: UInt64?, _ share: UInt64?, _ words: String?) {
        func bytes(_ amount: UInt64?) -> UInt64? { amount.map { $0 << 20 } }
        let limit = TransferLimit(operation: bytes(operation), group: bytes(group), share: bytes(share))
        #expect(limit?.words == words)
    }

    // MARK: In a group

    @Test func allLimitsHoldAndFollowTheirChanges() throws {
        var world = RebuildTests.world()
        world.heldJobs = true
        world.group.spec.transfer.bytesPerSecond = Quantity(30 << 20)
        world.rebuild("again", "orders-1") { $0.bytesPerSecond = Quantity(40 << 20) }
        world.run(8)
        #expect(world.work["orders-1-i2-copy"]?.bytesPerSecond == 30 << 20, "the Job begins with what holds")
        func summary() -> String { world.operation("again")?.status.progress?.summary ?? "" }
        #expect(summary().hasSuffix("limit 30 MiB/s (group)"), "\(summary())")
        #expect(world.limits["orders-1-i2"] == nil, "the source says what is wanted")

        world.transferBudget = 50 << 20
        world.otherRebuilds = [OtherRebuild(group: "shop/other", target: "far", isCopying: true)]
        world.run(3)
        #expect(world.limits["orders-1-i2"] == 25 << 20)
        #expect(summary().hasSuffix("limit 25 MiB/s (share of the operator's budget)"), "\(summary())")

        world.otherRebuilds[0].limit = 22 << 20
        world.run(3)
        #expect(world.limits["orders-1-i2"] == 28 << 20, "what the other does not want")

        world.otherRebuilds[0].isCopying = false
        world.group.spec.transfer.bytesPerSecond = nil
        world.run(3)
        #expect(world.limits["orders-1-i2"] == 40 << 20)
        #expect(summary().hasSuffix("limit 40 MiB/s (operation)"), "\(summary())")

        world.transferBudget = nil
        world.operations[0].spec.rebuild?.bytesPerSecond = nil
        world.run(3)
        #expect(world.limits["orders-1-i2"] == .some(nil), "none is left")
        #expect(!summary().contains("limit"), "\(summary())")
    }
}
