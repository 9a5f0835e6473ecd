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
        /// For how long the server has been at work on the transaction after the last one; nil when it gets on from one to
        /// the next, or does nothing.
        var busy: Duration?
    }

    /// What the server's threads had done at some moment.
    private struct Sample: Hashable {
        var work: ApplyWork
        var time: ContinuousClock.Instant
    }

    private var restarts = 0
    private var nextRestart: ContinuousClock.Instant?
    private var lastApplied: Position?
    /// Since when the last applied transaction has been the last one, while there is something to apply.
    private var since: ContinuousClock.Instant?
    /// When it was seen to do something last.
    private var lastProgress: ContinuousClock.Instant?
    private var sample: Sample?
    private var isBusy = false
    /// What stopped it at the last transaction, while that has not been applied.
    private var trouble: AgentStatus.Problem?

    /// How long nothing may be done, while there is something to apply, before it is called a stall.
    static let patience = Duration.seconds(60)
    /// How often it is looked at whether a server works that gets no further in the log.
    static let window = Duration.seconds(5)

    /// Whether `judge` needs to know what the server's threads do.
    func wantsWork(_ now: ContinuousClock.Instant) -> Bool {
        guard let since, now - since >= Self.window else { return false }
        return sample.map { now - $0.time >= Self.window } ?? true
    }

    /// - Parameters:
    ///   - applied: the end of the server's binlog.
    ///   - committed: up to where it may apply.
    ///   - work: what its threads have done; nil when that was not looked at.
    mutating func judge(
        _ status: ReplicaStatus?,
        applied: Position,
        committed: Position,
        work: ApplyWork? = nil,
        now: ContinuousClock.Instant
    ) -> Verdict {
        if applied != lastApplied || applied >= committed {
            if applied != lastApplied { restarts = 0 }
            lastApplied = applied
            (since, lastProgress) = (now, now)
            (sample, isBusy) = (nil, false)
            trouble = nil
        } else if let work {
            if let sample {
                isBusy = work.isWork(since: sample.work, within: now - sample.time)
                if isBusy { lastProgress = now }
            }
            sample = Sample(work: work, time: now)
        }
        guard let status else { return Verdict() }
        // A server that has been started again has forgotten its error, until it comes to it again.
        trouble = Self.problem(status) ?? trouble
        var verdict = Verdict(problem: trouble)
        if !status.applying || status.receiving == "No" {
            // Starting again repeats the transaction that failed and nothing else: GTIDs are strict, so it is safe at
            // any time; the pauses grow, because it helps against deadlocks and not against divergence.
            if now >= nextRestart ?? now {
                verdict.restart = true
                nextRestart = now + min(.seconds(1) * (1 << min(restarts, 6)), .seconds(60))
                restarts += 1
            }
        } else if verdict.problem == nil {
            if isBusy { verdict.busy = since.map { now - $0 } }
            verdict.problem = stall(applied, committed, now)
        }
        return verdict
    }

    private func stall(
        _ applied: Position,
        _ committed: Position,
        _ now: ContinuousClock.Instant
    ) -> AgentStatus.Problem? {
        guard let lastProgress, now - lastProgress > Self.patience else { return nil }
        return AgentStatus.Problem(
            reason: "ApplyStalled",
            message:
                "the server has applied nothing after \(applied) for \((now - lastProgress).components.seconds) s, though "
                + "\(committed) is committed; it does not work on it and reports no error: look at its process list"
        )
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
