// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBGroup {
    /// What is.
    ///
    /// Whatever the operator does is recorded here first.
    public struct Status: Structure {
        public var observedGeneration: Int?
        public var leader: String?
        public var epoch = Epoch.none
        public var epochs: [EpochRecord] = []
        public var election: ElectionStatus?
        public var members: [MemberStatus] = []
        public var rebuild: RebuildStatus?
        public var votersVersion = 0
        public var debts: [Debt] = []
        public var former: [FormerMember] = []
        public var displaced: [DisplacedLeader] = []
        public var storage: Storage?
        public var conditions: [Condition] = []
        public var readyMembers: String?
        public var zones: String?
        public var lag: String?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "observedGeneration",
                \.observedGeneration,
                description: "The metadata.generation that the rest of the status was found for."
            ),
            Field("leader", \.leader, description: "The member that leads the current epoch."),
            Field(
                "epoch",
                \.epoch,
                description:
                    "The current epoch: it grows with every change of leader or of voters. 0: nobody has led yet."
            ),
            Field(
                "epochs",
                \.epochs,
                .list(.map(key: "epoch")),
                description: "The last epochs, newest first: who led, from where, and why."
            ),
            Field("election", \.election, description: "The election that is under way, while one is."),
            Field(
                "members",
                \.members,
                .list(.map(key: "name")),
                description: "The members, by ordinal. Positions and lag here are those of the last change of anything "
                    + "else, at most 5 minutes old while writes go on; the agents' metrics have the present ones."
            ),
            Field("rebuild", \.rebuild, description: "The rebuild that is under way, while one is."),
            Field(
                "votersVersion",
                \.votersVersion,
                description: "Grows whenever a vote passes to another life of a member: agents refuse older ones."
            ),
            Field(
                "debts",
                \.debts,
                .list(.map(key: "life")),
                description:
                    "What is to be removed: former lives of members' data, some of them on nodes that are away."
            ),
            Field(
                "former",
                \.former,
                .list(.map(key: "name")),
                description:
                    "Members that were removed, and how many lives each had: a member that gets the name later "
                    + "begins with the next one, so that nothing that is left of the old one is taken for it."
            ),
            Field(
                "displaced",
                \.displaced,
                .list(.map(key: "node")),
                description: "The members that led before their nodes were taken offline, until those are back."
            ),
            Field(
                "storage",
                \.storage,
                description: "Where the members' data are. Recorded with the first member, and not changed since."
            ),
            Field(
                "conditions",
                \.conditions,
                .list(.map(key: "type")),
                description: "Ready, Writable, FullyRedundant, Progressing, SpecValid and, while they last, problems. "
                    + "docs/api.md lists every reason."
            ),
            Field("readyMembers", \.readyMembers, description: "Ready members and wanted members, for example 3/3."),
            Field("zones", \.zones, description: "The zones of the members in the order of their ordinals."),
            Field("lag", \.lag, description: "The largest lag of a member with data, in coarse steps."),
            Field("message", \.message, description: "What matters most now, in a sentence."),
        ]
    }

    /// One epoch: recorded before its leader leads, and kept as the answer to "who led when, and why".
    public struct EpochRecord: Structure {
        public var epoch = Epoch.none
        public var leader = ""
        public var voters: [String] = []
        public var start = Position.zero
        public var source: String?
        public var time: Time?
        public var reason = ""
        public var cause: ElectionCause?
        public var verdict: LeaderVerdict?
        public var operation: String?
        public var rule: String?
        public var answers: [ElectionAnswer] = []
        public var refusals: [ElectionRefusal] = []
        public var committed: Position?
        public var missing: [MissingVoter] = []
        public var loss: String?
        public var heard: MicroTime?
        public var began: MicroTime?
        public var recorded: MicroTime?
        public var caughtUp: MicroTime?
        public var writable: MicroTime?
        public var routed: MicroTime?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("epoch", \.epoch, .required, description: "The epoch."),
            Field("leader", \.leader, .required, description: "The member that leads it."),
            Field("voters", \.voters, .list(.atomic), description: "The members that vote in it."),
            Field(
                "start",
                \.start,
                description: "The most advanced position among the answers of the election (EPOCH/SEQUENCE): the "
                    + "leader's log is complete up to here before it leads."
            ),
            Field("source", \.source, description: "The voter from which the leader's log was completed."),
            Field("time", \.time, description: "When the epoch was recorded."),
            Field("reason", \.reason, description: "Why there was an election, and why this member was chosen."),
            Field("cause", \.cause, description: "What kind of reason it was."),
            Field("verdict", \.verdict, description: "What was found of the leader that was given up."),
            Field("operation", \.operation, description: "The XDBOperation that asked for it, or that records it."),
            Field("rule", \.rule, description: "What told the elected member from the other candidates."),
            Field(
                "answers",
                \.answers,
                .list(.map(key: "voter")),
                description: "What each sealed voter answered."
            ),
            Field(
                "refusals",
                \.refusals,
                .list(.map(key: "member")),
                description: "The candidates that were passed over, and why."
            ),
            Field(
                "committed",
                \.committed,
                description:
                    "Of a forced epoch: the newest position that the voters which answered knew to be committed."
            ),
            Field(
                "missing",
                \.missing,
                .list(.map(key: "voter")),
                description: "Of a forced epoch: the voters of the epoch before that did not answer. They do not vote "
                    + "until they are back and have the log."
            ),
            Field("loss", \.loss, description: "Of a forced epoch: what is lost, or may be, in words."),
            Field("heard", \.heard, description: "When the old leader was heard last."),
            Field("began", \.began, description: "When it was given up, or was to hand over."),
            Field("recorded", \.recorded, description: "When a majority had answered and this was recorded."),
            Field("caughtUp", \.caughtUp, description: "When the leader's log was complete up to the start."),
            Field("writable", \.writable, description: "When the leader was open for writes."),
            Field("routed", \.routed, description: "When the Service led to it."),
        ]
    }

    /// Why there is an election.
    public enum ElectionCause: String, FieldChoice {
        /// The group's first.
        case first = "First"
        /// The leader was lost.
        case failover = "Failover"
        /// The leader's pod or agent is about to stop, in order.
        case handOver = "HandOver"
        /// A person asked for another leader.
        case changeLeader = "ChangeLeader"
        /// A person made a member the leader without a majority.
        case forced = "Forced"
        /// A member gets a vote.
        case voterAdded = "VoterAdded"
        /// A member that the spec does not want any more loses its vote.
        case voterRemoved = "VoterRemoved"
        /// The leader's pod is to be made again: for a newer image, say, or because an operation asks for it.
        case restart = "Restart"
        /// The leader is under maintenance.
        case maintenance = "Maintenance"
        /// The leader's node was taken offline.
        case nodeOffline = "NodeOffline"
    }

    /// What was found of a leader that is silent, useless or lost.
    public enum LeaderVerdict: String, FieldChoice {
        /// The operator alone does not hear it: nothing is done.
        case operatorCutOff = "OperatorCutOff"
        /// It is silent, and so are too many other voters to know more: nothing is done.
        case votersUnreachable = "VotersUnreachable"
        /// It has been silent for less than the limit: nothing is done yet.
        case silent = "Silent"
        /// Its server ended while it led.
        case serverGone = "ServerGone"
        /// Its container does not run.
        case agentGone = "AgentGone"
        /// Its pod was deleted.
        case podGone = "PodGone"
        /// Its node is not ready, or is no node of the cluster any more.
        case nodeGone = "NodeGone"
        /// Neither the operator nor the voters hear it, and its pod and node seem well: it hangs, or its network is cut.
        case unreachable = "Unreachable"
        /// The operator hears it, and no majority of the voters does.
        case cutOff = "CutOff"
        /// Its server does not answer or commits nothing, although a majority would acknowledge.
        case hung = "Hung"
        /// Its disk is full.
        case diskFull = "DiskFull"
        /// Its disk has become read-only.
        case diskReadOnly = "DiskReadOnly"
        /// Its log cannot be written.
        case logFailed = "LogFailed"
        /// Its server has what the group's log has not, so that it can never take writes in the epoch.
        case diverged = "Diverged"
        /// Its directory is not the one with which it joined.
        case dataGone = "DataGone"
        /// Its agent refuses the epoch that it was elected for.
        case refuses = "Refuses"
        /// The voter that its log was to be completed from is gone.
        case sourceGone = "SourceGone"
        /// A voter has promised a newer epoch, in an election that was not finished.
        case newerEpoch = "NewerEpoch"
        /// It is no member of the group.
        case unknown = "Unknown"
    }

    /// The answer of a sealed voter.
    public struct ElectionAnswer: Structure {
        public var voter = ""
        public var position = Position.zero
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("voter", \.voter, .required, description: "The voter."),
            Field("position", \.position, description: "The durable end of its log (EPOCH/SEQUENCE)."),
        ]
    }

    /// A candidate that was not chosen for a reason.
    public struct ElectionRefusal: Structure {
        public var member = ""
        public var reason = ""
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("member", \.member, .required, description: "The candidate."),
            Field("reason", \.reason, description: "Why it may not lead."),
        ]
    }

    /// An election: recorded before the first voter is sealed for it, so that whoever goes on with it knows why it began.
    public struct ElectionStatus: Structure {
        public var epoch = Epoch.none
        public var reason = ""
        public var cause: ElectionCause?
        public var verdict: LeaderVerdict?
        public var to: String?
        public var joining: String?
        public var leaving: String?
        public var operation: String?
        public var heard: MicroTime?
        public var began: MicroTime?
        public var time: Time?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("epoch", \.epoch, .required, description: "The epoch that voters are asked to promise."),
            Field("reason", \.reason, description: "Why there is an election."),
            Field("cause", \.cause, description: "What kind of reason it is."),
            Field("verdict", \.verdict, description: "What was found of the leader that is given up."),
            Field("to", \.to, description: "The candidate that is wished for."),
            Field("joining", \.joining, description: "The member that gets a vote with the epoch."),
            Field("leaving", \.leaving, description: "The member that has no vote any more from the epoch on."),
            Field("operation", \.operation, description: "The XDBOperation that asked for it."),
            Field("heard", \.heard, description: "When the old leader was heard last."),
            Field("began", \.began, description: "When it was given up, or was to hand over."),
            Field("time", \.time, description: "When it began."),
        ]
    }

    /// What a member is.
    public enum MemberKind: String, FieldChoice {
        case candidate = "Candidate"
        case logger = "Logger"
        case learner = "Learner"

        /// True for members whose log counts towards a majority.
        public var votes: Bool { self != .learner }
        /// True for members with a server.
        public var hasData: Bool { self != .logger }
    }

    /// The part that a member plays now.
    public enum MemberRole: String, FieldChoice {
        case leader = "Leader"
        case follower = "Follower"
        case logger = "Logger"
        case learner = "Learner"
    }

    /// How a member is.
    public enum MemberHealth: String, FieldChoice {
        /// It plays its part.
        case healthy = "Healthy"
        /// It is on its way: starting, joining, connecting, catching up.
        case progressing = "Progressing"
        /// It needs help, or is away.
        case unhealthy = "Unhealthy"
    }

    /// One member.
    public struct MemberStatus: Structure {
        public var name = ""
        public var ordinal = 0
        public var kind = MemberKind.candidate
        public var learnerSet: String?
        public var role: MemberRole?
        public var voter = true
        public var newcomer = false
        public var leaving = false
        public var vacant = false
        public var discarded = false
        public var successorOf: String?
        public var node: String?
        public var zone: String?
        public var podIP: String?
        public var incarnation = 1
        public var incarnations = 1
        public var joined = false
        public var position: Position?
        public var applied: Position?
        public var lagSeconds: Int?
        public var health: MemberHealth?
        public var promotable = false
        public var maintenance = false
        public var outdated: String?
        public var discardedTail: String?
        public var reason: String?
        public var since: Time?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("name", \.name, .required, description: "The member's name: GROUP-ORDINAL."),
            Field(
                "ordinal",
                \.ordinal,
                .required,
                .range(0...15),
                description:
                    "The member's number, which it keeps for ever; part of its server_id (epoch * 16 + ordinal)."
            ),
            Field(
                "kind",
                \.kind,
                .required,
                description: "Candidate (may lead), Logger (log only) or Learner (no vote)."
            ),
            Field("learnerSet", \.learnerSet, description: "The set that a learner belongs to."),
            Field("role", \.role, description: "The part that it plays now; absent while it plays none."),
            Field(
                "voter",
                \.voter,
                description:
                    "Whether its log counts towards a majority. False for a candidate or logger that is new, or that "
                    + "a leader was forced without, until it has the log."
            ),
            Field(
                "newcomer",
                \.newcomer,
                description:
                    "True of a candidate or logger that was added to the group, until it has the log and gets its vote."
            ),
            Field(
                "leaving",
                \.leaving,
                description:
                    "True once the spec does not want it any more and it has no vote: its pod, data and certificate are "
                    + "removed. Never taken back."
            ),
            Field(
                "vacant",
                \.vacant,
                description:
                    "True while its vote passes from one life of its data to the next: the log of neither counts in "
                    + "elections until it has all that the old one's may have had."
            ),
            Field(
                "discarded",
                \.discarded,
                description:
                    "True from when the data of its old life are given up before its new life has any (a rebuild with "
                    + "discardFirst) until that one has taken its place."
            ),
            Field(
                "successorOf",
                \.successorOf,
                description:
                    "Of the new life of a member that is rebuilt: that member, whose place it takes at the end."
            ),
            Field("node", \.node, description: "The node that has its data, or runs it."),
            Field("zone", \.zone, description: "The zone of that node."),
            Field("podIP", \.podIP, description: "The address of its pod."),
            Field("incarnation", \.incarnation, description: "Which life of its data this is."),
            Field(
                "incarnations",
                \.incarnations,
                description: "How many lives were begun, those that came to nothing included: none is begun twice."
            ),
            Field(
                "joined",
                \.joined,
                description: "Whether its data belong to the group. A member that has joined is never initialised "
                    + "again: data that are gone are reported."
            ),
            Field("position", \.position, description: "The durable end of its log (EPOCH/SEQUENCE)."),
            Field("applied", \.applied, description: "What its server has committed (EPOCH/SEQUENCE)."),
            Field(
                "lagSeconds",
                \.lagSeconds,
                description:
                    "How far its server is behind, at least, in steps: 0, 5, 15, 60, 300, 900, 3600, 21600, 86400."
            ),
            Field("health", \.health, description: "Healthy, Progressing or Unhealthy."),
            Field("promotable", \.promotable, description: "Whether it could be elected leader."),
            Field(
                "maintenance",
                \.maintenance,
                description: "True while people work on it (spec.maintenance)."
            ),
            Field(
                "outdated",
                \.outdated,
                description: "What of it is older than the spec wants: image, resources, or the options of the "
                    + "configuration that wait for a restart."
            ),
            Field(
                "discardedTail",
                \.discardedTail,
                description:
                    "The file in its directory that has the transactions which were removed from the end of its "
                    + "log last: it had them alone, and no client was told that they were committed."
            ),
            Field("reason", \.reason, description: "What is wrong or under way, for programs."),
            Field("since", \.since, description: "Since when that is the reason."),
            Field("message", \.message, description: "What is wrong or under way, and what to do, for people."),
        ]
    }
}

extension XDBGroup.MemberStatus {
    /// What this life of the member is called among the agents: the name of its pod, which is the member's name in the
    /// first life of its data and carries the number of the life later.
    public var life: String {
        successorOf != nil || incarnation == 1 ? name : Self.life(of: name, incarnation)
    }

    /// True for the entry of a member's next life, which is no member of its own.
    public var isSuccessor: Bool { successorOf != nil }

    /// The name of the member whose life it is.
    public var member: String { successorOf ?? name }

    /// What a life of a member's data is called.
    public static func life(of member: String, _ incarnation: Int) -> String {
        incarnation == 1 ? member : "\(member)-i\(incarnation)"
    }
}
