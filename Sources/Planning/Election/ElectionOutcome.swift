public import XDB

/// What came of an election.
public enum ElectionOutcome: Hashable, Sendable {
    /// A leader was chosen. Record the epoch first, then tell it to lead.
    case elected(Elected)
    /// Too few voters have answered; nothing may be chosen, and nothing has to be undone.
    case noQuorum(NoQuorum)
    /// A majority has answered, and yet nobody may be chosen.
    case refused(ElectionRefusal)
}

/// A chosen leader with everything that the certificate of the election needs.
public struct Elected: Hashable, Sendable {
    /// The member that leads.
    public var leader: String
    /// The epoch that it leads.
    public var epoch: Epoch
    /// The most advanced position among the answers: the leader's log is complete up to here before anything else.
    public var start: Position
    /// The voter to pull the rest of the log from; nil when the leader's own log reaches the start.
    public var source: String?
    /// What told the leader from the other contenders.
    public var rule: ElectionRule
    /// The answer of every voter, silent ones included, in the order of the voters.
    public var ballots: [Ballot]
    /// The candidates that answered and were passed over for a reason.
    public var refusals: [Refusal]
    /// The member that gets a vote with the epoch.
    public var joined: String?
    /// The member that has no vote any more with the epoch.
    public var left: String?

    /// The choice in one sentence, for the record and for the event.
    public var sentence: String {
        let pull = source.map { "; it completes its log from \($0)" } ?? ""
        let answers = ballots.map { "\($0.voter) \($0.position?.description ?? "silent")" }.joined(separator: ", ")
        return "\(leader) leads epoch \(epoch) from \(start): \(rule.sentence)\(pull) (\(answers))"
    }
}

/// One voter's answer as the certificate shows it.
public struct Ballot: Hashable, Sendable {
    /// The voter's name.
    public var voter: String
    /// The durable end of its log; nil when it did not answer.
    public var position: Position?
}

/// A candidate that may not lead, and why.
public struct Refusal: Error, Hashable, Sendable {
    /// The candidate's name.
    public var member: String
    /// Why it may not lead, in words that follow the name and a colon.
    public var reason: String
}

/// The rule that told the elected leader from the other contenders, weakest last.
public enum ElectionRule: String, Hashable, Sendable {
    /// There was no other contender.
    case onlyCandidate
    /// It was asked for.
    case wished
    /// People work on the others.
    case unoccupied
    /// Its server runs, and those of others do not.
    case running
    /// Others have just led and failed, or did so again and again of late, or are being rebuilt or removed.
    case steady
    /// Its log was the most advanced of the contenders'.
    case mostAdvanced
    /// Its log was as advanced as others', and its zone is the first of the preferred ones.
    case preferredZone
    /// It was equal in log and zone, and led before.
    case previousLeader
    /// It was equal in everything, and has the lowest ordinal.
    case lowestOrdinal

    /// The rule in words that complete "chosen because …".
    public var sentence: String {
        switch self {
        case .onlyCandidate: "it is the only candidate that answered and may lead"
        case .wished: "it was asked for"
        case .unoccupied: "the other candidates are under maintenance, or on nodes that are offline"
        case .running: "its server runs"
        case .steady:
            "the other candidates have just led and failed, or did so again and again of late, or are being rebuilt or removed"
        case .mostAdvanced: "its log is the most advanced of the candidates'"
        case .preferredZone: "of the most advanced candidates it is in the preferred zone"
        case .previousLeader: "of the most advanced candidates it led before"
        case .lowestOrdinal: "of the most advanced candidates it has the lowest ordinal"
        }
    }
}

/// An election without a majority.
public struct NoQuorum: Hashable, Sendable {
    /// How many voters there are.
    public var voters: Int
    /// The voters that answered.
    public var answered: [String]
    /// The voters that did not answer.
    public var missing: [String]

    /// How many of the missing voters would have to answer.
    public var needed: Int { majority(of: voters) - answered.count }

    /// What is missing, and what would make an election possible.
    public var sentence: String {
        let names = missing.joined(separator: ", ")
        let remedy = needed == missing.count ? "all of them are needed" : "\(needed) of them would be enough"
        return "\(answered.count) of \(voters) voters answered and \(majority(of: voters)) are needed: "
            + "\(names) did not; bring back their pods or nodes (\(remedy))"
    }
}

/// Why a majority of answers does not lead to a leader.
public enum ElectionRefusal: Hashable, Sendable {
    /// None of the candidates that answered may lead.
    case noCandidate([Refusal])
    /// A log already has transactions of the epoch to be elected; a newer one must be used.
    case epochInUse(member: String, position: Position)
    /// A voter knows of a commit that no answering log has: data were lost on a voter that answered.
    case committedMissing(member: String, committed: Position, best: Position)

    /// What is wrong and what to do.
    public var sentence: String {
        switch self {
        case .noCandidate([]):
            return "only loggers answered, and loggers never lead; bring back a candidate's pod or node"
        case .noCandidate(let refusals):
            let reasons = refusals.map { "\($0.member): \($0.reason)" }.joined(separator: "; ")
            return "no candidate that answered may lead (\(reasons)); bring back another candidate's pod or node"
        case .epochInUse(let member, let position):
            return "\(member) has \(position), an epoch that the group's status does not have; was the API server put "
                + "back to an older state? The next attempt takes a newer epoch"
        case .committedMissing(let member, let committed, let best):
            return "\(member) knows that \(committed) is committed, and the most advanced answer is \(best): a voter "
                + "lost its data; bring back the voter that did not answer"
        }
    }
}
