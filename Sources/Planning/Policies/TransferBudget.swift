import XDB

/// How the copies that run share what may be sent in a second for all groups together.
enum TransferBudget {
    /// The fair share of one copy: the most that it may send while the others have what is theirs.
    ///
    /// Max-min fairness: whoever wants less than an equal part gets all that it wants, and leaves the rest to the others,
    /// which share it in the same way. Every group works out its own share from the same limits, so that all of them
    /// together stay within the budget.
    ///
    /// - Parameters:
    ///   - budget: Bytes per second for all copies.
    ///   - others: The other copies' own limits; nil for one that has none.
    static func share(of budget: UInt64, besides others: [UInt64?]) -> UInt64 {
        var rest = budget
        var sharers = UInt64(others.count) + 1
        for limit in others.compactMap(\.self).sorted() {
            guard limit < rest / sharers else { break }
            rest -= limit
            sharers -= 1
        }
        // A share of nothing would be a pause for ever.
        return max(1, rest / sharers)
    }
}

/// How fast a copy may be, and who says so.
struct TransferLimit: Hashable {
    /// Where a limit comes from.
    enum Origin: String, CaseIterable {
        case operation
        case group
        case budget = "share of the operator's budget"
    }

    var bytesPerSecond: UInt64
    var origin: Origin

    /// The least of the limits that there are; nil without one.
    init?(operation: UInt64?, group: UInt64?, share: UInt64?) {
        let limits: [(UInt64?, Origin)] = [(operation, .operation), (group, .group), (share, .budget)]
        let known = limits.compactMap { limit, origin in limit.map { (limit: $0, origin: origin) } }
        // Of equal ones the first: whose limit it is can change that one alone.
        guard let least = known.min(by: { $0.limit < $1.limit }) else { return nil }
        bytesPerSecond = least.limit
        origin = least.origin
    }

    /// What holds for the copy of an operation on this group now.
    init?(_ operation: XDBOperation?, _ draft: Draft) {
        let others = draft.observation.otherRebuilds.filter(\.isCopying).map(\.limit)
        self.init(
            operation: operation?.spec.copyLimit,
            group: draft.spec.transfer.limit,
            share: draft.observation.transferBudget.map { TransferBudget.share(of: $0, besides: others) }
        )
    }

    /// For the progress of an operation.
    var words: String {
        "limit \(XDBOperation.Progress.text(Int(clamping: bytesPerSecond)))/s (\(origin.rawValue))"
    }
}
