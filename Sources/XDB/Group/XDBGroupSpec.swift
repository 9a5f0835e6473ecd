// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBGroup {
    /// What the user wants.
    public struct Spec: Structure {
        public var image = ""
        public var members = Members()
        public var placement = Placement()
        public var storage = Storage()
        public var resources = Resources()
        public var configuration: [String: IntOrString] = [:]
        public var failover = Failover()
        public var repair = Repair()
        public var transfer = Transfer()
        public var maintenance: [String] = []
        public var paused = false
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        /// Kept, since every look at an object is a check.
        public static let schema = makeSchema()

        public static let fields: [Field<Self>] = [
            Field(
                "image",
                \.image,
                .required,
                .length(1...1000),
                description: "The engine image: MariaDB with the agent. Every member's pod runs it, loggers included. "
                    + "When it changes, the pods are made again one after the other, the leader's last."
            ),
            Field(
                "members",
                \.members,
                .defaulted,
                description: "How many members the group has, by kind. Candidates and loggers vote: there must be 1, 3 "
                    + "or 5 of them together, and a commit succeeds when a majority has it on disk. May be changed at any "
                    + "time: one vote comes or goes at a time. A learner that is dropped where a candidate is added in the "
                    + "same change becomes that candidate."
            ),
            Field(
                "placement",
                \.placement,
                .defaulted,
                description: "Where members may run. Two members never share a node, and voters are spread over zones."
            ),
            Field(
                "storage",
                \.storage,
                .required,
                description: "Where members keep their data. Cannot be changed, apart from onDelete."
            ),
            Field(
                "resources",
                \.resources,
                .defaulted,
                description: "CPU and memory of the members' containers. When they change, the pods are made again one "
                    + "after the other, the leader's last."
            ),
            Field(
                "configuration",
                \.configuration,
                .count(atMost: 200),
                description: "MariaDB options of the section [mariadbd], for example innodb_buffer_pool_size: 1G. "
                    + "Options on which the safety of the group depends are refused; docs/api.md lists them. Of what "
                    + "changes, the running servers take what they can; for the rest the members are made again one after "
                    + "the other, the leader last."
            ),
            Field(
                "failover",
                \.failover,
                .defaulted,
                description: "When a leader that is not heard from any more is replaced."
            ),
            Field(
                "repair",
                \.repair,
                .defaulted,
                description: "What is done about followers, loggers and learners that do not recover by themselves."
            ),
            Field(
                "transfer",
                \.transfer,
                .defaulted,
                description: "What copies of members' data may take of the network and of the source's disk."
            ),
            Field(
                "maintenance",
                \.maintenance,
                .count(atMost: 16),
                .list(.set),
                .each(length: 1...63),
                description: "Members that people work on, for example [orders-1]: they are not repaired without being "
                    + "asked, take no part in rolling changes, and lead only when no other candidate can."
            ),
            Field(
                "paused",
                \.paused,
                .defaulted,
                description: "While true the operator changes nothing about this group: it observes, reports in status "
                    + "what it would do, and elects nobody. The members go on by themselves."
            ),
        ]
    }

    /// How many members there are.
    public struct Members: Structure {
        public var candidates = 2
        public var loggers = 1
        public var learners: [LearnerSet] = []
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "candidates",
                \.candidates,
                .defaulted,
                .range(1...5),
                description: "Members with data that vote and may lead: the leader and its followers."
            ),
            Field(
                "loggers",
                \.loggers,
                .defaulted,
                .range(0...4),
                description: "Members without data. They keep the log and vote, cost little, and never lead."
            ),
            Field(
                "learners",
                \.learners,
                .count(atMost: maximumLearnerSets),
                .list(.map(key: "name")),
                description: "Sets of members with data that do not vote: read replicas in other zones."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            Rule(
                "self.candidates + self.loggers in [1, 3, 5]",
                "candidates and loggers together must be 1, 3 or 5 voters: add or remove loggers or candidates"
            ) { [1, 3, 5].contains($0.voters) },
            // Not map(l, l.replicas).sum(): servers before 1.30 do not know how long the list is that map() gives, and
            // refuse a definition with a sum over it as too costly.
            Rule(
                "self.candidates + self.loggers + (has(self.learners) ? \(learnersOfAllSets) : 0) <= 16",
                "a group has at most 16 members: lower the replicas of learners"
            ) { $0.voters + $0.learners.reduce(0) { $0 + $1.replicas } <= Int(ServerID.ordinals) },
        ]

        /// How many members vote.
        public var voters: Int { candidates + loggers }

        private static let maximumLearnerSets = 11

        /// The sum of the sets' replicas, as a term of a rule.
        private static var learnersOfAllSets: String {
            (0..<maximumLearnerSets).map { "(self.learners.size() > \($0) ? self.learners[\($0)].replicas : 0)" }
                .joined(separator: " + ")
        }
    }

    /// Learners that are placed alike.
    public struct LearnerSet: Structure {
        public var name = ""
        public var replicas = 1
        public var zones: [String] = []
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "name",
                \.name,
                .required,
                .length(1...30),
                .pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$"),
                description: "Names the set within the group."
            ),
            Field("replicas", \.replicas, .defaulted, .range(0...15), description: "How many learners the set has."),
            Field(
                "zones",
                \.zones,
                .count(atMost: 20),
                .list(.set),
                .each(length: 1...63),
                description: "Zones in which these learners may run; all zones of the cluster when empty."
            ),
        ]
    }

    /// Where members may run.
    public struct Placement: Structure {
        public var zones: [String] = []
        public var nodeSelector: [String: String] = [:]
        public var tolerations: [Toleration] = []
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "zones",
                \.zones,
                .count(atMost: 20),
                .list(.atomic),
                .each(length: 1...63),
                description:
                    "Zones (values of the node label topology.kubernetes.io/zone) in which voters may run, and "
                    + "over which they are spread evenly. Among equal candidates one in an earlier zone of this list is "
                    + "elected. When empty, voters are spread over all zones as far as that is possible."
            ),
            Field(
                "nodeSelector",
                \.nodeSelector,
                .count(atMost: 50),
                description: "Labels that a node must have to run a member."
            ),
            Field(
                "tolerations",
                \.tolerations,
                .count(atMost: 50),
                .list(.atomic),
                description: "Taints of nodes that members tolerate, as in a pod."
            ),
        ]
    }

    /// A taint that members tolerate.
    public struct Toleration: Structure {
        /// Whether the value of the taint counts.
        public enum Operator: String, FieldChoice {
            case equal = "Equal"
            case exists = "Exists"
        }

        /// What the taint does to pods that do not tolerate it.
        public enum Effect: String, FieldChoice {
            case noSchedule = "NoSchedule"
            case preferNoSchedule = "PreferNoSchedule"
            case noExecute = "NoExecute"
        }

        public var key: String?
        public var `operator`: Operator?
        public var value: String?
        public var effect: Effect?
        public var tolerationSeconds: Int?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("key", \.key, description: "The taint's key; every taint when absent, with operator Exists."),
            Field("operator", \.operator, description: "Equal (the default) compares the value, Exists does not."),
            Field("value", \.value, description: "The taint's value, with operator Equal."),
            Field("effect", \.effect, description: "The taint's effect; every effect when absent."),
            Field(
                "tolerationSeconds",
                \.tolerationSeconds,
                description: "For how long a NoExecute taint is tolerated; for ever when absent."
            ),
        ]
    }

    /// Where members keep their data.
    public struct Storage: Structure {
        /// What becomes of the data when the group is deleted.
        public enum OnDelete: String, FieldChoice {
            case delete = "Delete"
            case retain = "Retain"
        }

        public var hostPath: HostPath?
        public var volumeClaim: VolumeClaim?
        public var onDelete = OnDelete.delete
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "hostPath",
                \.hostPath,
                description: "Directories on the members' nodes. A member stays on the node that has its data."
            ),
            Field(
                "volumeClaim",
                \.volumeClaim,
                description: "A PersistentVolumeClaim for every member."
            ),
            Field(
                "onDelete",
                \.onDelete,
                .defaulted,
                description: "Delete removes the members' data when the group is deleted, Retain keeps them: "
                    + "directories stay on the nodes, claims stay in the namespace."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            Rule(
                RuleTerm.either("has(self.hostPath)", or: "has(self.volumeClaim)"),
                "exactly one of hostPath and volumeClaim must be set"
            ) { ($0.hostPath == nil) != ($0.volumeClaim == nil) },
            Rule(
                change: RuleTerm.stays("hostPath") + " && " + RuleTerm.stays("volumeClaim"),
                "storage cannot be changed while the group exists: set it back, or make a new group"
            ),
        ]

        /// True when members' data would be in the same place; what happens to them on deletion may differ.
        public func isSamePlace(as other: Storage) -> Bool {
            hostPath == other.hostPath && volumeClaim == other.volumeClaim
        }
    }

    /// Directories on the nodes.
    public struct HostPath: Structure {
        public var path = ""
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "path",
                \.path,
                .required,
                .length(2...200),
                .pattern("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$"),
                description: "An absolute path, the same on every node. A member's data are in "
                    + "PATH/NAMESPACE/GROUP/MEMBER/iN below it; N counts the member's lives."
            )
        ]
    }

    /// A claim for every member.
    public struct VolumeClaim: Structure {
        public var storageClassName: String?
        public var size = Quantity(0)
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "storageClassName",
                \.storageClassName,
                .length(1...253),
                description: "The StorageClass of the claims; the cluster's default class when absent."
            ),
            Field(
                "size",
                \.size,
                .required,
                description: "The size of every claim, for example 100Gi; more than 0."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            // Amounts cannot be compared by servers before 1.29: more than nothing has a digit that is not 0.
            Rule(
                "type(self.size) == int ? self.size > 0 : self.size.matches('^[+]?[0-9]*[.]?[0-9]*[1-9]')",
                "size must be more than 0: write how large a claim is to be, for example 100Gi"
            ) { $0.size > Quantity(0) }
        ]
    }

    /// CPU and memory by kind of member.
    public struct Resources: Structure {
        public var data = ContainerResources()
        public var logger = ContainerResources()
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "data",
                \.data,
                .defaulted,
                description: """
                    For members with data: candidates and learners. Without requests they go last on a busy node, and end \
                    first where memory is short.
                    """
            ),
            Field("logger", \.logger, .defaulted, description: "For loggers; 50m and 64Mi are enough for many."),
        ]
    }

    /// CPU and memory of a container.
    public struct ContainerResources: Structure {
        public var requests: [String: Quantity] = [:]
        public var limits: [String: Quantity] = [:]
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "requests",
                \.requests,
                .count(atMost: 20),
                description: "What the scheduler sets aside, for example {cpu: 500m, memory: 2Gi}; never more than the "
                    + "limit."
            ),
            Field(
                "limits",
                \.limits,
                .count(atMost: 20),
                description: "What the container may use at most."
            ),
        ]
    }

    /// Whether leaders are replaced without being asked.
    public enum FailoverMode: String, FieldChoice {
        case automatic = "Automatic"
        case manual = "Manual"
    }

    /// When a leader is replaced.
    public struct Failover: Structure {
        public var mode = FailoverMode.automatic
        public var unreachableSeconds = 3
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "mode",
                \.mode,
                .defaulted,
                description:
                    "Automatic elects another leader when the leader is lost. Manual reports what would be done "
                    + "(FailoverPending) and waits for an XDBOperation with changeLeader; hand-overs of leaders that stop "
                    + "in order go on."
            ),
            Field(
                "unreachableSeconds",
                \.unreachableSeconds,
                .defaulted,
                .range(1...600),
                description:
                    "For how many seconds nothing is heard from the leader before another is elected. The other "
                    + "voters must have lost it too: an operator that is cut off deposes nobody. Smaller values fail "
                    + "over faster and take short stalls of a network or a disk for failures."
            ),
        ]
    }
}

extension XDBGroup {
    /// Whether members are rebuilt without being asked.
    public enum RepairMode: String, FieldChoice {
        case automatic = "Automatic"
        case manual = "Manual"
    }

    /// Where members are rebuilt.
    public enum RepairStrategy: String, FieldChoice {
        /// On their node when that is ready, else on another.
        case preferLocal = "PreferLocal"
        /// On another node when there is one.
        case preferCrossHost = "PreferCrossHost"
        /// On their node only.
        case localOnly = "LocalOnly"
    }

    /// When and how members are rebuilt without being asked.
    public struct Repair: Structure {
        public var mode = RepairMode.automatic
        public var graceSeconds = 60
        public var strategy = RepairStrategy.preferLocal
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "mode",
                \.mode,
                .defaulted,
                description:
                    "Automatic rebuilds a member that does not recover by itself; the XDBOperation that does so "
                    + "is the record. Manual reports what would be done in the condition RepairPending, and waits for an "
                    + "XDBOperation with rebuild."
            ),
            Field(
                "graceSeconds",
                \.graceSeconds,
                .defaulted,
                .range(5...86400),
                description: "For how many seconds a node must be away, or a server fail again and again, before the "
                    + "member is rebuilt. What is back sooner keeps its place. Data that are lost or diverged, and nodes "
                    + "whose Node object is deleted, are not waited for."
            ),
            Field(
                "strategy",
                \.strategy,
                .defaulted,
                description: "PreferLocal rebuilds a member on its node while that is ready, else on another; "
                    + "PreferCrossHost on another where there is one; LocalOnly never on another."
            ),
        ]
    }
}

extension XDBGroup {
    /// How fast members' data are copied.
    public struct Transfer: Structure {
        public var bytesPerSecond: Quantity?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "bytesPerSecond",
                \.bytesPerSecond,
                description:
                    "How much of a copy for a rebuild is sent in a second at most, for example 100Mi; without a "
                    + "limit when absent or 0. The least holds of this, of the operation's own bytesPerSecond, and of a "
                    + "fair share of what the operator allows all groups together (transferBytesPerSecond of its "
                    + "settings). May be changed while a copy runs."
            )
        ]
    }
}

extension IntOrString: FieldValue {
    public static var schema: Schema { Schema(.integerOrString) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> IntOrString? {
        switch json {
        case .string(let text): return .string(text)
        // An option may be larger than 32 bits.
        case .integer(let number): return Int32(exactly: number).map { .int($0) } ?? .string(String(number))
        default: return mismatch(at: path, &problems)
        }
    }

    public var fieldJSON: JSONValue? { JSONValue(self) }
}
