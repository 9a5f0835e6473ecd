// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// A member made anew, from what the others have.
    public struct Rebuild: Structure {
        /// Where the new life of the member's data is to be.
        public enum Mode: String, FieldChoice {
            /// On its node when that is ready and has room, else on another.
            case automatic = "Auto"
            /// On the node that it is on.
            case local = "Local"
            /// On another node.
            case crossHost = "CrossHost"
        }

        public var member = ""
        public var mode = Mode.automatic
        public var node: String?
        public var source: String?
        public var bytesPerSecond: Quantity?
        public var changeLeaderFirst = false
        public var discardFirst = false
        public var isRepair = false
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "member",
                \.member,
                .required,
                .length(1...63),
                description: "The follower, logger or learner to be made anew, for example orders-1. The leader only "
                    + "with changeLeaderFirst."
            ),
            Field(
                "mode",
                \.mode,
                .defaulted,
                description: "Local makes it anew on its node, CrossHost on another; Auto is Local while its node is "
                    + "ready and had room for it the last time, else CrossHost. With volume claims the scheduler and the "
                    + "storage class decide."
            ),
            Field(
                "node",
                \.node,
                .length(1...253),
                description: "The node to move it to, with mode Auto or CrossHost; chosen by the scheduler when absent."
            ),
            Field(
                "source",
                \.source,
                .length(1...63),
                description: "The member to copy from. When absent it is the follower with the most advanced log, on a "
                    + "node that no other rebuild uses where there is one, else the leader. A logger needs no copy."
            ),
            Field(
                "bytesPerSecond",
                \.bytesPerSecond,
                description: "How much of the copy is sent in a second at most, for example 50Mi. May be changed while "
                    + "it runs. Without a limit of its own when absent or 0; spec.transfer of the group and the "
                    + "operator's settings limit it too."
            ),
            Field(
                "changeLeaderFirst",
                \.changeLeaderFirst,
                .defaulted,
                description:
                    "If the member leads when it is its turn, another candidate is made the leader first, as by "
                    + "changeLeader: {to: auto}; it stays so, whatever becomes of the rebuild. Changes nothing "
                    + "otherwise."
            ),
            Field(
                "discardFirst",
                \.discardFirst,
                .defaulted,
                description:
                    "For a host without room for two lives of the data: the old one's pod and data are removed "
                    + "before the new one is made, once all that they were counted for is on a majority of the other "
                    + "voters. Until the rebuild is done the member has no data and its vote counts nowhere, also when "
                    + "the rebuild fails or is cancelled: then another has to follow. Only on the member's own node."
            ),
            Field(
                "isRepair",
                \.isRepair,
                description:
                    "Set by the operator: the member is given the time to come back, and keeps its place when it "
                    + "plays its part again before its successor has taken it."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            Rule(
                "self.mode != 'Local' || !has(self.node)",
                "a node is chosen for mode CrossHost or Auto: with mode Local the member stays where it is"
            ) { $0.mode != .local || $0.node == nil },
            Rule(
                "!self.discardFirst || self.mode != 'CrossHost'",
                "discardFirst makes room on the member's own node: with mode CrossHost its data go last"
            ) { !$0.discardFirst || $0.mode != .crossHost },
            Rule(
                change: "self.member == oldSelf.member && self.mode == oldSelf.mode && "
                    + "\(RuleTerm.staysSet("isRepair")) && \(RuleTerm.stays("node")) && \(RuleTerm.stays("source")) && "
                    + "self.changeLeaderFirst == oldSelf.changeLeaderFirst && "
                    + "self.discardFirst == oldSelf.discardFirst",
                "only bytesPerSecond can be changed: cancel this operation and make another"
            ),
        ]

        /// The limit in bytes per second; nil for none.
        public var limit: UInt64? { bytesPerSecond?.limit }
    }

    /// How far work that moves data is.
    public struct Progress: Structure {
        public var summary = ""
        public var bytesDone = 0
        public var bytesTotal: Int?
        public var percent: Int?
        public var bytesPerSecond: Int?
        public var remainingSeconds: Int?
        public var movesDone: Int?
        public var movesTotal: Int?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("summary", \.summary, description: "All of it in a few words."),
            Field("bytesDone", \.bytesDone, description: "What has been copied."),
            Field(
                "bytesTotal",
                \.bytesTotal,
                description: "How much there is to copy, by the size of the source's data."
            ),
            Field("percent", \.percent, description: "The part of it that has been copied."),
            Field("bytesPerSecond", \.bytesPerSecond, description: "The present rate."),
            Field("remainingSeconds", \.remainingSeconds, description: "How long the rest takes at this rate."),
            Field("movesDone", \.movesDone, description: "Of work of several moves: how many are done."),
            Field("movesTotal", \.movesTotal, description: "Of work of several moves: how many there are."),
        ]
    }
}

extension XDBOperation.Progress {
    /// How far a copy is, by what its source says.
    ///
    /// - Parameter limit: The limit in force in a few words; nil without one.
    public init(_ copy: AgentStatus.Copy, limit: String? = nil) {
        self.init()
        bytesDone = Int(clamping: copy.bytes)
        bytesTotal = copy.total == 0 ? nil : Int(clamping: copy.total)
        bytesPerSecond = Int(clamping: copy.bytesPerSecond)
        // The stream has less than the files, which have room to grow, or more, which were written meanwhile.
        percent = bytesTotal.map { min(99, bytesDone * 100 / $0) }
        if let bytesTotal, copy.bytesPerSecond > 0 {
            remainingSeconds = max(0, bytesTotal - bytesDone) / Int(clamping: copy.bytesPerSecond)
        }
        let parts = [
            percent.map { "\($0) %" }, Self.text(bytesDone), "\(Self.text(bytesPerSecond ?? 0))/s",
            remainingSeconds.map { "\($0) s left" }, limit,
        ]
        summary = parts.compactMap(\.self).joined(separator: ", ")
    }

    /// A copy that is done.
    public init(copied bytes: Int) {
        self.init()
        bytesDone = bytes
        bytesTotal = bytes
        percent = 100
        summary = "\(Self.text(bytes)) copied"
    }

    /// A whole number of the unit that leaves few digits.
    public static func text(_ bytes: Int) -> String {
        bytes < 1 << 20 ? "\((bytes + (1 << 9)) >> 10) KiB" : "\((bytes + (1 << 19)) >> 20) MiB"
    }
}

extension XDBGroup.Transfer {
    /// The limit in bytes per second; nil for none.
    public var limit: UInt64? { bytesPerSecond?.limit }
}

extension Quantity {
    /// As a limit of a rate; nil for none, which 0 stands for too.
    public var limit: UInt64? {
        guard let value, value > 0 else { return nil }
        return UInt64(value)
    }
}

extension XDBGroup {
    /// A rebuild that is under way: recorded before each effect, so that whoever observes next goes on with it.
    public struct RebuildStatus: Structure {
        public var operation = ""
        public var member = ""
        public var successor = ""
        public var mode = XDBOperation.Rebuild.Mode.local
        public var node: String?
        public var zones: [String] = []
        public var avoidedNodes: [String] = []
        public var source: String?
        public var comparedWith: String?
        public var step = RebuildStep.copy
        public var attempt = 1
        public var job: String?
        public var progress: RebuildProgress?
        public var bytes: Int?
        public var steps: [XDBOperation.Step] = []
        public var reason = ""
        public var result: XDBOperation.State?
        public var failure: String?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("operation", \.operation, .required, description: "The XDBOperation that asked for it."),
            Field("member", \.member, .required, description: "The member that is made anew."),
            Field("successor", \.successor, .required, description: "The entry of members that is its new life."),
            Field("mode", \.mode, description: "Local, or CrossHost: on another node."),
            Field("node", \.node, description: "The node of the new life; absent until the scheduler has chosen one."),
            Field(
                "zones",
                \.zones,
                .list(.atomic),
                description: "The zones that the scheduler may choose a node in; empty for those of the spec."
            ),
            Field(
                "avoidedNodes",
                \.avoidedNodes,
                .list(.atomic),
                description:
                    "Nodes that the scheduler may not choose, although they could take it: it has failed there, "
                    + "or another group's rebuild reads or writes there, and there are others."
            ),
            Field("source", \.source, description: "The member whose data are copied; absent where none are needed."),
            Field(
                "comparedWith",
                \.comparedWith,
                description: "The member with whose data those of the new life are compared before it votes."
            ),
            Field("step", \.step, description: "What is being done now."),
            Field("attempt", \.attempt, description: "Counts the attempts at this step."),
            Field("job", \.job, description: "The Job of this step; absent in a step without one."),
            Field(
                "progress",
                \.progress,
                description:
                    "What was seen when the step came nearer to its end last, noted once a minute: a step that "
                    + "stands still for too long fails."
            ),
            Field("bytes", \.bytes, description: "How much was copied; absent before that."),
            Field("steps", \.steps, .list(.map(key: "name")), description: "The steps up to now, with their times."),
            Field("reason", \.reason, description: "Why it is done in this way."),
            Field(
                "result",
                \.result,
                description: "How it ended: from then on only what it has left behind is removed."
            ),
            Field(
                "failure",
                \.failure,
                description:
                    "Of one that failed: why, in a word for programs (NoSpace, NoProgress, SourceLost, ...), where "
                    + "there is one for it."
            ),
            Field("message", \.message, description: "What came of it, or what it waits for."),
        ]
    }

    /// How far a step of a rebuild was when it came nearer to its end last.
    public struct RebuildProgress: Structure {
        public var since: Time?
        public var attempt = 1
        public var begun = false
        public var bytes: Int?
        public var position: Position?
        public var applied: Position?
        public var trouble: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("since", \.since, .required, description: "When this was seen."),
            Field("attempt", \.attempt, description: "The attempt in which it was seen."),
            Field(
                "begun",
                \.begun,
                description: "True when the work itself was under way, and not only waited for: the pod of a Job runs."
            ),
            Field("bytes", \.bytes, description: "Of a copy: how much the source had sent."),
            Field("position", \.position, description: "Of a new life that joins: the end of its log."),
            Field("applied", \.applied, description: "Of a new life that joins: what its server had applied."),
            Field("trouble", \.trouble, description: "What has been wrong with it since then, if anything was."),
        ]
    }

    /// The steps of a rebuild.
    public enum RebuildStep: String, FieldChoice {
        /// The old life's data go before there are new ones.
        case discard = "Discard"
        /// The source's data are copied.
        case copy = "Copy"
        /// The copy is made consistent.
        case prepare = "Prepare"
        /// Identity, log and replication state are written.
        case refresh = "Refresh"
        /// The new life starts, and receives what it lacks of the log.
        case join = "Join"
        /// A sample of its data is compared with another member's.
        case verify = "Verify"
        /// The vote of the old life passes to the new one.
        case vote = "Vote"
        /// The old life is removed.
        case clean = "Clean"
    }

    /// Something that is to be removed, at once or when its node is back.
    public struct Debt: Structure {
        public var life = ""
        public var member = ""
        public var node: String?
        public var directory: String?
        public var claim: String?
        public var since: Time?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("life", \.life, .required, description: "The pod that had the data: MEMBER, or MEMBER-iN."),
            Field("member", \.member, description: "The member whose life it was."),
            Field("node", \.node, description: "Where it was."),
            Field("directory", \.directory, description: "The directory to remove from that node."),
            Field("claim", \.claim, description: "The claim to delete."),
            Field("since", \.since, description: "Since when nothing of it is needed any more."),
            Field("message", \.message, description: "What its removal waits for."),
        ]
    }
}
