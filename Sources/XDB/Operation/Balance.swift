// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// Leaders and members of all groups spread evenly over the nodes.
    public struct Balance: Structure {
        /// What is spread.
        public enum What: String, FieldChoice {
            /// Leaders, by hand-overs; nothing is copied.
            case leaders = "Leaders"
            /// Members, by moves to other nodes, each with a copy of its data.
            case members = "Members"
            /// Members first, then leaders.
            case all = "All"

            public var hasLeaders: Bool { self != .members }
            public var hasMembers: Bool { self != .leaders }
        }

        public var what = What.leaders
        public var namespaces: [String] = []
        public var bytesPerSecond: Quantity?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "what",
                \.what,
                .defaulted,
                description:
                    "Leaders hands leaderships over; Members moves members to other nodes of their zones, which "
                    + "copies their data; All does both, members first."
            ),
            Field(
                "namespaces",
                \.namespaces,
                .count(atMost: 100),
                .list(.set),
                .each(length: 1...63),
                description:
                    "Only groups of these namespaces are touched; those of the others count where they are. All "
                    + "namespaces when empty."
            ),
            Field(
                "bytesPerSecond",
                \.bytesPerSecond,
                description:
                    "How much of each copy is sent in a second at most, for example 50Mi. Without a limit of its "
                    + "own when absent or 0."
            ),
        ]
    }

    /// A change of leader that is a part of a plan.
    public struct Handover: Structure {
        public var group = ""
        public var from = ""
        public var fromNode = ""
        public var to = ""
        public var toNode = ""
        public var state = State.pending
        public var failures = 0
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("group", \.group, .required, description: "The group, as NAMESPACE/NAME."),
            Field("from", \.from, description: "The member that leads it."),
            Field("fromNode", \.fromNode, description: "The node of that member."),
            Field("to", \.to, description: "The candidate that is to lead."),
            Field("toNode", \.toNode, description: "The node of that candidate, when all members have moved."),
            Field(
                "state",
                \.state,
                description: "Pending, Running, Succeeded, Failed, or Cancelled when it was left out on the way."
            ),
            Field("failures", \.failures, description: "How often it was asked for in vain."),
            Field("message", \.message, description: "What it waits for, or what came of it."),
        ]
    }

    /// How much a node has of what is spread.
    public struct NodeShare: Structure {
        public var node = ""
        public var zone: String?
        public var leadersBefore = 0
        public var leadersAfter = 0
        public var membersBefore = 0
        public var membersAfter = 0
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("node", \.node, .required, description: "The node."),
            Field("zone", \.zone, description: "Its zone."),
            Field("leadersBefore", \.leadersBefore, description: "The leaders on it when this was planned."),
            Field("leadersAfter", \.leadersAfter, description: "Those by the plan; at the end, those that there are."),
            Field("membersBefore", \.membersBefore, description: "The members on it when this was planned."),
            Field("membersAfter", \.membersAfter, description: "Those by the plan; at the end, those that there are."),
            Field("message", \.message, description: "Why it gets nothing, or no leader, and does not count."),
        ]
    }

    /// A group that is left as it is.
    public struct SparedGroup: Structure {
        public var group = ""
        public var reason = ""
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("group", \.group, .required, description: "The group, as NAMESPACE/NAME."),
            Field("reason", \.reason, description: "Why it is left as it is."),
        ]
    }
}
