extension XDBOperation.Spec {
    /// One kind of work, as a block of the spec.
    struct Work: Sendable {
        /// The block's name.
        var field: String
        var kind: XDBOperation.Kind
        /// True when people may ask for it; else it is a record that the operator makes.
        var isForPeople = true
        /// True for work on one group, which has to be named; else it concerns all.
        var isOnGroup = true
        /// True when the block stays as it was made: another wish is another operation.
        var isFixed = true
        /// True when it is planned first, and done in several moves between which it can be paused.
        var isPlanned = false
        /// True when a spec asks for it.
        var isAsked: @Sendable (XDBOperation.Spec) -> Bool
    }

    /// All kinds of work; a spec asks for exactly one.
    static let works = [
        Work(field: "changeLeader", kind: .changeLeader) { $0.changeLeader != nil },
        Work(field: "forceLeader", kind: .forceLeader) { $0.forceLeader != nil },
        // The rate may be changed on the way.
        Work(field: "rebuild", kind: .rebuild, isFixed: false) { $0.rebuild != nil },
        Work(field: "restart", kind: .restart) { $0.restart != nil },
        Work(field: "offlineNode", kind: .offlineNode, isOnGroup: false) { $0.offlineNode != nil },
        Work(field: "recoverNode", kind: .recoverNode, isOnGroup: false) { $0.recoverNode != nil },
        Work(field: "recoverGroup", kind: .recoverGroup) { $0.recoverGroup != nil },
        Work(field: "migrate", kind: .migrate, isFixed: false, isPlanned: true) { $0.migrate != nil },
        Work(field: "balance", kind: .balance, isOnGroup: false, isPlanned: true) { $0.balance != nil },
        Work(field: "failover", kind: .failover, isForPeople: false) { $0.failover != nil },
    ]

    /// The kind of work in a word; nil while none is asked for.
    public var kind: XDBOperation.Kind? { Self.works.first { $0.isAsked(self) }?.kind }

    /// What must hold between the fields.
    public static let rules: [Rule<Self>] = [
        Rule(
            "[\(works.map { "has(self.\($0.field))" }.joined(separator: ", "))].filter(x, x).size() == 1",
            "exactly one kind of work must be asked for: \(list(works.filter(\.isForPeople)))"
        ) { spec in works.count { $0.isAsked(spec) } == 1 },
        Rule(
            RuleTerm.either(
                "has(self.group)",
                or: "(" + works.filter { !$0.isOnGroup }.map { "has(self.\($0.field))" }.joined(separator: " || ") + ")"
            ),
            "the group must be named, but for \(list(works.filter { !$0.isOnGroup }, "and")), which concern all groups"
        ) { spec in (spec.group != nil) != works.contains { !$0.isOnGroup && $0.isAsked(spec) } },
        Rule(
            change: ([RuleTerm.stays("group")] + works.filter(\.isForPeople).map(\.staysAsItWas))
                .joined(separator: " && "),
            "what is asked for cannot be changed: cancel this operation and make another"
        ),
        Rule(
            (["!self.dryRun && !self.paused"] + planned.map { "has(self.\($0.field))" }).joined(separator: " || "),
            "dryRun and paused are for work that is planned first: \(list(planned))"
        ) { spec in
            !spec.dryRun && !spec.paused || works.contains { $0.isPlanned && $0.isAsked(spec) }
        },
        Rule(
            change: "self.dryRun == oldSelf.dryRun",
            "a dry run stays one: make another operation to do what was planned"
        ),
    ]

    private static var planned: [Work] { works.filter(\.isPlanned) }

    private static func list(_ works: [Work], _ conjunction: String = "or") -> String {
        let fields = works.map(\.field)
        guard fields.count > 1 else { return fields.first ?? "" }
        return "\(fields.dropLast().joined(separator: ", ")) \(conjunction) \(fields.last ?? "")"
    }

    /// How much of a copy may be sent in a second, as the operation says; nil for no limit.
    public var copyLimit: UInt64? { rebuild?.limit ?? migrate?.limit }
}

extension XDBOperation.Spec.Work {
    /// The rule that it is asked for before and after a change, or neither, and in the same way if it is fixed.
    fileprivate var staysAsItWas: String {
        isFixed ? RuleTerm.stays(field) : RuleTerm.staysSet(field)
    }
}
