import XDB

/// What a follower's server says of its two replication threads.
struct ReplicaStatus: Hashable, Sendable {
    /// `Yes`, `No`, `Connecting` or `Preparing`.
    var receiving: String
    var applying: Bool
    var receiveError: UInt32
    var receiveMessage: String
    var applyError: UInt32
    var applyMessage: String

    init(_ row: SQLRow) {
        receiving = row["Slave_IO_Running"] ?? "No"
        applying = row["Slave_SQL_Running"] == "Yes"
        receiveError = row["Last_IO_Errno"].flatMap(UInt32.init) ?? 0
        receiveMessage = row["Last_IO_Error"] ?? ""
        applyError = row["Last_SQL_Errno"].flatMap(UInt32.init) ?? 0
        applyMessage = row["Last_SQL_Error"] ?? ""
    }

    init(receiving: String = "Yes", applying: Bool = true) {
        self.receiving = receiving
        self.applying = applying
        receiveError = 0
        receiveMessage = ""
        applyError = 0
        applyMessage = ""
    }
}

/// Looks after the application of the log on a follower: what is wrong with it, and whether starting it again may help.
struct ReplicaCare: Hashable, Sendable {
    /// What to do and what to say.
    struct Verdict: Hashable, Sendable {
        var restart = false
        var problem: AgentStatus.Problem?
    }

    private var restarts = 0
    private var nextRestart: ContinuousClock.Instant?
    private var lastApplied: Position?
    private var lastProgress: ContinuousClock.Instant?

    /// How long nothing may be applied, while there is something to apply, before it is called a stall.
    static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - applied: the end of the server's binlog.
    ///   - committed: up to where it may apply.
    mutating func judge(
        _ status: ReplicaStatus?,
        applied: Position,
        committed: Position,
        now: ContinuousClock.Instant
    ) -> Verdict {
        if applied != lastApplied || applied >= committed {
            if applied != lastApplied { restarts = 0 }
            lastApplied = applied
            lastProgress = now
        }
        guard let status else { return Verdict() }
        var verdict = Verdict(problem: Self.problem(status))
        if !status.applying || status.receiving == "No" {
            // Starting again repeats the transaction that failed and nothing else: GTIDs are strict, so it is safe at
            // any time; the pauses grow, because it helps against deadlocks and not against divergence.
            if now >= nextRestart ?? now {
                verdict.restart = true
                nextRestart = now + min(.seconds(1) * (1 << min(restarts, 6)), .seconds(60))
                restarts += 1
            }
        } else if let lastProgress, now - lastProgress > Self.patience, verdict.problem == nil {
            verdict.problem = AgentStatus.Problem(
                reason: "ApplyStalled",
                message: "the server has applied nothing after \(applied) for "
                    + "\((now - lastProgress).components.seconds) s, though \(committed) is committed, and reports no error: look at its process list"
            )
        }
        return verdict
    }

    private static func problem(_ status: ReplicaStatus) -> AgentStatus.Problem? {
        if status.applyError != 0 {
            return AgentStatus.Problem(
                reason: "ApplyFailed",
                message: "the server cannot apply the log: \(status.applyMessage) (\(status.applyError)); it is tried "
                    + "again; if this stays, the data differ from the leader's: rebuild this member"
            )
        }
        if status.receiveError == 1236 {
            return AgentStatus.Problem(
                reason: "Diverged",
                message: "the server has transactions that are not in the group's log: \(status.receiveMessage); "
                    + "rebuild this member"
            )
        }
        // While it connects again by itself an old error stands there; it is one only when the thread has given up.
        guard status.receiveError != 0, status.receiving == "No" else { return nil }
        return AgentStatus.Problem(
            reason: "FeedFailed",
            message:
                "the server cannot read the agent's feed: \(status.receiveMessage) (\(status.receiveError)); it is "
                + "tried again"
        )
    }
}
