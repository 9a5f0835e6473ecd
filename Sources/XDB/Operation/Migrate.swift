// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// Members that are moved: those of a group in one zone to another, or one member to a node.
    public struct Migrate: Structure {
        /// A zone, as a place that members leave or go to.
        public struct Place: Structure {
            public var zone = ""
            public var unknown: [String: JSONValue] = [:]

            public init() {}

            /// Names a zone.
            public init(zone: String) {
                self.zone = zone
            }

            public static let fields: [Field<Self>] = [
                Field(
                    "zone",
                    \.zone,
                    .required,
                    .length(1...63),
                    description: "The zone, by the node label topology.kubernetes.io/zone."
                )
            ]
        }

        public var from: Place?
        public var to: Place?
        public var member: String?
        public var node: String?
        public var bytesPerSecond: Quantity?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("from", \.from, description: "The zone that all members of the group leave. Needs to."),
            Field(
                "to",
                \.to,
                description: "The zone that they move to. Each of them needs a node of its own there. Needs from."
            ),
            Field(
                "member",
                \.member,
                .length(1...63),
                description: "Instead of from and to: the one member that moves, for example orders-1. Needs node."
            ),
            Field("node", \.node, .length(1...253), description: "The node that the one member moves to."),
            Field(
                "bytesPerSecond",
                \.bytesPerSecond,
                description:
                    "How much of each copy is sent in a second at most, for example 50Mi. May be changed while "
                    + "it goes on. Without a limit of its own when absent or 0."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            Rule(
                [
                    RuleTerm.both("has(self.from)", orNeither: "has(self.to)"),
                    RuleTerm.both("has(self.member)", orNeither: "has(self.node)"),
                    RuleTerm.either("has(self.from)", or: "has(self.member)"),
                ].joined(separator: " && "),
                "either all members of a zone are moved (from and to), or one member to a node (member and node)"
            ) {
                ($0.from != nil) == ($0.to != nil) && ($0.member != nil) == ($0.node != nil)
                    && ($0.from != nil) != ($0.member != nil)
            },
            Rule(
                "!has(self.from) || !has(self.to) || self.from.zone != self.to.zone",
                "from and to are the same zone"
            ) { $0.from == nil || $0.from?.zone != $0.to?.zone },
            Rule(
                change: ["from", "to", "member", "node"].map(RuleTerm.stays).joined(separator: " && "),
                "only bytesPerSecond can be changed: cancel this operation and make another"
            ),
        ]

        /// The limit in bytes per second; nil for none.
        public var limit: UInt64? { bytesPerSecond?.limit }
    }

    /// What work of several moves does, written before it begins.
    public struct Plan: Structure {
        public var summary = ""
        public var moves: [Move] = []
        public var changeLeader: String?
        public var zones: [ZoneChange] = []
        public var handovers: [Handover] = []
        public var nodes: [NodeShare] = []
        public var leftAlone: [SparedGroup] = []
        public var remarks: [String] = []
        public var bytes: Int?
        public var waitingSince: Time?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("summary", \.summary, description: "All of it in a sentence."),
            Field(
                "moves",
                \.moves,
                .list(.map(key: "member")),
                description:
                    "The members that move, in the order in which they do; those of a balance as NAMESPACE/NAME."
            ),
            Field(
                "changeLeader",
                \.changeLeader,
                description: "The one change of leader: when, and who is to lead. Absent when none is needed."
            ),
            Field(
                "zones",
                \.zones,
                .list(.map(key: "of")),
                description: "What is changed of the zones in the group's spec."
            ),
            Field(
                "handovers",
                \.handovers,
                .list(.map(key: "group")),
                description:
                    "Of a balance: the groups that are to be led by another member, when all members have moved."
            ),
            Field(
                "nodes",
                \.nodes,
                .list(.map(key: "node")),
                description: "Of a balance: what each node has before and after."
            ),
            Field(
                "leftAlone",
                \.leftAlone,
                .list(.map(key: "group")),
                description: "Of a balance: the groups that are left as they are."
            ),
            Field(
                "remarks",
                \.remarks,
                .list(.atomic),
                description: "Of a balance: what keeps it from numbers within 1 of each other."
            ),
            Field(
                "bytes",
                \.bytes,
                description:
                    "How much there is to copy, by the sizes of the members' data; absent where a member's is not "
                    + "known."
            ),
            Field(
                "waitingSince",
                \.waitingSince,
                description: "Since when no move could begin; absent while one goes on."
            ),
        ]
    }

    /// One member's move.
    public struct Move: Structure {
        public var member = ""
        public var kind: XDBGroup.MemberKind?
        public var fromNode: String?
        public var fromZone: String?
        public var toNode: String?
        public var toZone: String?
        public var bytes: Int?
        public var state = State.pending
        public var failures = 0
        public var failedNodes: [String] = []
        public var life: String?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("member", \.member, .required, description: "The member that moves."),
            Field("kind", \.kind, description: "Candidate, Logger or Learner."),
            Field("fromNode", \.fromNode, description: "The node that it is on."),
            Field("fromZone", \.fromZone, description: "The zone of that node."),
            Field("toNode", \.toNode, description: "The node that it moves to; absent until it is chosen."),
            Field("toZone", \.toZone, description: "The zone that it moves to."),
            Field(
                "bytes",
                \.bytes,
                description: "How much is copied for it: the size of its data, and at the end what was copied. 0 for a "
                    + "logger; absent where it is not known."
            ),
            Field("state", \.state, description: "Pending, Running, Succeeded, Failed or Cancelled."),
            Field("failures", \.failures, description: "How often its rebuild has failed."),
            Field(
                "failedNodes",
                \.failedNodes,
                .list(.atomic),
                description: "The nodes on which its rebuild has failed: others are tried first."
            ),
            Field("life", \.life, description: "The life of the member that was begun last for it."),
            Field("message", \.message, description: "What happens with it, or what came of it."),
        ]
    }

    /// A change of zones in the group's spec.
    public struct ZoneChange: Structure {
        /// Stands for the voters, whose zones are those of `spec.placement`.
        public static let voters = "voters"

        public var of = ""
        public var before: [String] = []
        public var after: [String] = []
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "of",
                \.of,
                .required,
                description: "voters, for spec.placement.zones; or a set of learners, as learners/NAME."
            ),
            Field("before", \.before, .list(.atomic), description: "The zones before; empty for all zones."),
            Field("after", \.after, .list(.atomic), description: "The zones when all have moved."),
        ]
    }
}
