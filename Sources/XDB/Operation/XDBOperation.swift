// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel

/// One piece of work on a group, or on a node with members of several groups, and the record of it: asked for by a person, or done by the operator by itself.
///
/// It always ends: `Succeeded`, `Failed` or `Cancelled`, with a reason. Operations on one group wait for each other.
public struct XDBOperation: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "xdb-operator.github.io",
        version: "v1alpha1",
        kind: "XDBOperation",
        plural: "xdboperations"
    )

    public var metadata: ObjectMeta
    /// What is asked for.
    public var spec: Spec
    /// How far it is; written by the operator alone.
    public var status: Status
    /// What could not be read.
    public private(set) var readingProblems: [FieldProblem] = []

    /// Makes an operation.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: Spec = Spec(), status: Status = Status()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    public init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": spec = Spec.read(try reader.read(), at: "spec", problems: &readingProblems) ?? Spec()
            case "status": status = Status.read(try reader.read(), at: "status", problems: &readingProblems) ?? Status()
            default: try reader.skipValue()
            }
        }
    }

    /// Everything that is wrong with the spec, for servers that do not check all of it.
    public var problems: [FieldProblem] {
        let problems = readingProblems.filter { $0.path.hasPrefix("spec") }
        return problems.isEmpty ? spec.problems(at: "spec") : problems
    }

    /// The group that it is about; nil for work that concerns all groups.
    public var group: ObjectKey? {
        spec.group.map { ObjectKey(namespace: metadata.namespace, name: $0) }
    }

    /// True once it has ended, for whatever reason.
    public var isFinished: Bool { status.state?.isFinal ?? false }
}

extension XDBOperation: JSONEncodable {
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("apiVersion", Self.resource.apiVersion)
        writer.field("kind", Self.resource.kind)
        writer.field("metadata", metadata)
        writer.field("spec", spec.fieldJSON)
        writer.field("status", status.fieldJSON)
        writer.endObject()
    }
}

extension XDBOperation {
    /// What is asked for.
    public struct Spec: Structure {
        public var group: String?
        public var changeLeader: ChangeLeader?
        public var forceLeader: ForceLeader?
        public var rebuild: Rebuild?
        public var restart: Restart?
        public var offlineNode: OfflineNode?
        public var recoverNode: RecoverNode?
        public var recoverGroup: RecoverGroup?
        public var migrate: Migrate?
        public var balance: Balance?
        public var failover: Failover?
        public var dryRun = false
        public var paused = false
        public var cancel = false
        public var timeoutSeconds = 600
        public var ttlSecondsAfterFinished = 604_800
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        /// Kept, since every look at an object is a check.
        public static let schema = makeSchema()

        public static let fields: [Field<Self>] = [
            Field(
                "group",
                \.group,
                .length(1...63),
                description:
                    "The XDBGroup, of the same namespace; absent for work on nodes, which is accepted in the operator's "
                    + "namespace only."
            ),
            Field(
                "changeLeader",
                \.changeLeader,
                description:
                    "Hands the leadership over to another candidate, without loss. Clients of the old leader are "
                    + "disconnected, and write on through the Service a moment later."
            ),
            Field(
                "forceLeader",
                \.forceLeader,
                description:
                    "Makes a candidate the leader although a majority of the voters does not answer and never will. "
                    + "Commits that clients saw succeed can be lost: bring the missing voters back instead, if that is "
                    + "at all possible."
            ),
            Field(
                "rebuild",
                \.rebuild,
                description:
                    "Makes a member anew, on its node or on another, from a copy of another member's data. The old life "
                    + "of its data is removed last: when the new one has the log and, of a voter, votes. Writes go on, but for "
                    + "a moment at the end of the copy when the leader is its source."
            ),
            Field(
                "restart",
                \.restart,
                description:
                    "Makes the pod of a member again, with agent and server, on the same data; or those of all members, one "
                    + "after the other, the leader's last. A leader hands over first where another candidate can lead."
            ),
            Field(
                "offlineNode",
                \.offlineNode,
                description:
                    "Takes a node offline for all groups: its leaders hand over, and it gets no new members. Members on it go "
                    + "on running until the node goes, and are not repaired while it is away."
            ),
            Field(
                "recoverNode",
                \.recoverNode,
                description:
                    "Brings a node back that was taken offline: its members catch up with what they have, or are rebuilt."
            ),
            Field(
                "recoverGroup",
                \.recoverGroup,
                description:
                    "Brings a group back after everything was down: waits until a majority of the voters answers with its "
                    + "data, has the most advanced of their logs led, also with failover.mode Manual, and rebuilds at once the "
                    + "members that do not come back by themselves. Nothing that was acknowledged is lost: where no majority "
                    + "comes back it fails, and says what each member has."
            ),
            Field(
                "migrate",
                \.migrate,
                description:
                    "Moves all members of the group that are in one zone to another, or one member to a node: each is made "
                    + "anew beside its old life, which goes last. Of several the leader comes last, after one change of leader. "
                    + "The zones in the group's spec are changed with it."
            ),
            Field(
                "balance",
                \.balance,
                description:
                    "Spreads the leaders of all groups, and their members where that is asked for, over the nodes, so that "
                    + "their numbers differ by 1 at most where that can be, with as few changes as that takes."
            ),
            Field(
                "failover",
                \.failover,
                description: "Made by the operator alone: the record of a failover that it did by itself."
            ),
            Field(
                "dryRun",
                \.dryRun,
                .defaulted,
                description:
                    "Set to true when it is made, the operation writes its plan into status.plan and does nothing else. For "
                    + "work that is planned first: migrate and balance."
            ),
            Field(
                "paused",
                \.paused,
                .defaulted,
                description:
                    "While true, no further move begins; one that goes on is finished, and other operations have their turn. "
                    + "For work of several moves: migrate and balance."
            ),
            Field(
                "cancel",
                \.cancel,
                .defaulted,
                description:
                    "Set to true to give the operation up. What has begun and cannot be taken back is finished."
            ),
            Field(
                "timeoutSeconds",
                \.timeoutSeconds,
                .defaulted,
                .range(1...86400),
                description:
                    "For how long it may wait for its turn and take, before it fails. A rebuild is not ended by it once it has "
                    + "begun: each of its steps has a limit of its own for how long nothing may come of it. Of migrate and "
                    + "balance it is how long nothing may be able to begin."
            ),
            Field(
                "ttlSecondsAfterFinished",
                \.ttlSecondsAfterFinished,
                .defaulted,
                .minimum(0),
                description: "For how long the record is kept once it has ended; 7 days by default."
            ),
        ]
    }

    /// The kinds of work.
    public enum Kind: String, FieldChoice {
        case changeLeader = "ChangeLeader"
        case forceLeader = "ForceLeader"
        case rebuild = "Rebuild"
        case restart = "Restart"
        case offlineNode = "OfflineNode"
        case recoverNode = "RecoverNode"
        case recoverGroup = "RecoverGroup"
        case migrate = "Migrate"
        case balance = "Balance"
        case failover = "Failover"
    }

    /// A change of leader.
    public struct ChangeLeader: Structure {
        /// Stands for the best candidate there is.
        public static let automatic = "auto"

        public var to = ""
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "to",
                \.to,
                .required,
                .length(1...63),
                description:
                    "The candidate that is to lead, for example orders-1; or auto, for the one whose log is the "
                    + "most advanced."
            )
        ]
    }

    /// A failover that the operator did.
    public struct Failover: Structure {
        public var epoch = Epoch.none
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("epoch", \.epoch, .required, description: "The epoch that began with it.")
        ]
    }

    /// How far an operation is.
    public enum State: String, FieldChoice {
        /// It waits for its turn.
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case cancelled = "Cancelled"

        /// True when nothing more will be done.
        public var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
    }

    /// One step of an operation.
    public struct Step: Structure {
        public var name = ""
        public var start: MicroTime?
        public var end: MicroTime?
        public var milliseconds: Int?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        /// Makes a step.
        public init(_ name: String, from start: MicroTime?, to end: MicroTime?, _ message: String? = nil) {
            self.name = name
            self.start = start
            self.end = end
            self.message = message
            milliseconds = start.flatMap { start in end.map { max(0, $0.milliseconds(since: start)) } }
        }

        public static let fields: [Field<Self>] = [
            Field("name", \.name, .required, description: "The step, in a word."),
            Field("start", \.start, description: "When it began, by the operator's clock."),
            Field("end", \.end, description: "When it was done; absent while it goes on."),
            Field("milliseconds", \.milliseconds, description: "How long it took."),
            Field("message", \.message, description: "What came of it."),
        ]
    }

    /// The proof that a leader was rightly elected; of a forced one, the account of what that may have cost.
    public struct Certificate: Structure {
        public var epoch = Epoch.none
        public var leader = ""
        public var previousLeader: String?
        public var start = Position.zero
        public var source: String?
        public var rule: String?
        public var verdict: XDBGroup.LeaderVerdict?
        public var reason = ""
        public var voters: [String] = []
        public var answers: [XDBGroup.ElectionAnswer] = []
        public var refusals: [XDBGroup.ElectionRefusal] = []
        public var committed: Position?
        public var missing: [XDBGroup.MissingVoter] = []
        public var loss: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("epoch", \.epoch, .required, description: "The epoch that began."),
            Field("leader", \.leader, .required, description: "The member that was elected."),
            Field("previousLeader", \.previousLeader, description: "The member that led before."),
            Field(
                "start",
                \.start,
                description: "The most advanced position among the answers (EPOCH/SEQUENCE): everything that was ever "
                    + "acknowledged is at or before it, unless the leader was forced."
            ),
            Field("source", \.source, description: "The voter from which the leader completed its log."),
            Field("rule", \.rule, description: "What told the elected member from the other candidates."),
            Field("verdict", \.verdict, description: "What was found of the leader that was given up."),
            Field("reason", \.reason, description: "Why there was an election."),
            Field("voters", \.voters, .list(.atomic), description: "Whose answers counted."),
            Field(
                "answers",
                \.answers,
                .list(.map(key: "voter")),
                description: "What each sealed voter answered. A majority of the voters is here, unless the leader was "
                    + "forced."
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
                    "Of a forced leader: the newest position that the voters which answered knew to be committed."
            ),
            Field(
                "missing",
                \.missing,
                .list(.map(key: "voter")),
                description: "Of a forced leader: the voters that it was forced without."
            ),
            Field("loss", \.loss, description: "Of a forced leader: what is lost, or may be, in words."),
        ]
    }

    /// How far it is.
    public struct Status: Structure {
        public var state: State?
        public var type: Kind?
        public var member: String?
        public var task: String?
        public var job: String?
        public var failure: String?
        public var message: String?
        public var startTime: Time?
        public var completionTime: Time?
        public var durationSeconds: String?
        public var node: String?
        public var source: String?
        public var plan: Plan?
        public var progress: Progress?
        public var steps: [Step] = []
        public var certificate: Certificate?
        public var positions: [MemberPosition] = []
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("state", \.state, description: "Pending, Running, Succeeded, Failed or Cancelled."),
            Field("type", \.type, description: "The kind of work."),
            Field("member", \.member, description: "The member that it is about."),
            Field("task", \.task, description: "What is being done now."),
            Field("job", \.job, description: "Of a rebuild or a move: the Job that does it, while there is one."),
            Field(
                "failure",
                \.failure,
                description: "Of a rebuild that failed: why, in a word for programs (NoSpace, NoProgress, SourceLost, "
                    + "...), where there is one for it."
            ),
            Field("message", \.message, description: "Why it waits, how it ended, or why it is refused."),
            Field("startTime", \.startTime, description: "When it began; absent while it waits."),
            Field("completionTime", \.completionTime, description: "When it ended."),
            Field("durationSeconds", \.durationSeconds, description: "How long it took, with milliseconds."),
            Field(
                "node",
                \.node,
                description:
                    "The node that it is about; of a rebuild or a move the one that the member is made anew on."
            ),
            Field("source", \.source, description: "Of a rebuild or a move: the member whose data are copied."),
            Field(
                "plan",
                \.plan,
                description: "Of work that is planned first: what it does, and how far each part is."
            ),
            Field("progress", \.progress, description: "Of work that moves data: how far it is."),
            Field("steps", \.steps, .list(.map(key: "name")), description: "Its steps, with their times."),
            Field(
                "certificate",
                \.certificate,
                description: "Of an election: who answered what, and why the leader leads."
            ),
            Field(
                "positions",
                \.positions,
                .list(.map(key: "member")),
                description: "Of the recovery of a group: what each voter had before anybody led."
            ),
        ]
    }
}
