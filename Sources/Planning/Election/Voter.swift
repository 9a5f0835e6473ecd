/// A member whose durable log counts towards a majority.
public struct Voter: Hashable, Sendable {
    /// What a voter keeps, and so whether it may lead.
    public enum Kind: String, Hashable, Sendable {
        /// Has data; may lead.
        case candidate
        /// Has the log alone; votes and never leads.
        case logger
    }

    /// The member's name, for example `orders-1`.
    public var name: String
    /// The member's ordinal; the last tie-break.
    public var ordinal: Int
    /// What the voter keeps.
    public var kind: Kind
    /// The zone of the member's node, where it is known.
    public var zone: String?
    /// Why this voter must not lead now, as a sentence; nil when it may.
    ///
    /// Loggers need none.
    ///
    /// This is about leading alone: the answer of a voter that must not lead still counts towards the majority, and
    /// its log may be what the new leader pulls from.
    public var refusal: String?
    /// Whether its server runs, so that it can lead at once.
    public var isRunning: Bool
    /// Whether people work on it or on its node: another one is better, even if that one takes longer.
    public var isSetAside: Bool
    /// Whether it has just led and failed, or did so often of late, or is being rebuilt or removed: an equal is better.
    public var isUnsteady: Bool

    /// Makes a voter.
    public init(
        name: String,
        ordinal: Int,
        kind: Kind,
        zone: String? = nil,
        refusal: String? = nil,
        isRunning: Bool = true,
        isSetAside: Bool = false,
        isUnsteady: Bool = false
    ) {
        self.name = name
        self.ordinal = ordinal
        self.kind = kind
        self.zone = zone
        self.refusal = refusal
        self.isRunning = isRunning
        self.isSetAside = isSetAside
        self.isUnsteady = isUnsteady
    }
}

/// How many voters make a majority of `voters`: W = R = ⌊N / 2⌋ + 1, so that R + W > N.
public func majority(of voters: Int) -> Int {
    voters / 2 + 1
}
