public import XDB

/// The choice of a leader from the answers of sealed voters.
///
/// ## Why no committed transaction is lost
///
/// Let N be the number of voters, W the number of voters that must be durable before a transaction counts as committed,
/// and R the number of voters that must be sealed before anybody is chosen. Both are ⌊N/2⌋ + 1, so
///
///     R + W > N
///
/// and the R sealed voters share at least one voter, V, with the W that hold any committed transaction t of epoch d.
///
/// 1. V had t durable **before** it promised epoch e: after the promise it acknowledges nothing older. So V's answer is
///    at least t: the largest position P among the answers is at least t.
/// 2. Positions are ordered by (epoch, sequence). When P is of epoch d, the log that ends in P was written by the one
///    leader of d, in order, so it has everything of d up to P, t included.
/// 3. When P is of a later epoch f, d < f < e, the leader of f was chosen by this same rule, so by induction the log of
///    f started with t in it, and a log that ends in a transaction of f has everything that f started with.
///
/// The new leader completes its log up to P before it does anything else, so it leads with t. The induction needs
/// one leader per epoch (the epoch is recorded with the resource version that was read, so one of two operators fails)
/// and a leader that counts nothing as committed before a transaction of its own epoch is durable on a majority.
///
/// Comparing sequences alone would break step 2: a deposed leader's tail can be longer than the log that replaced it.
public struct Election: Hashable, Sendable {
    /// The epoch that the winner will lead; every answer must have promised exactly this one.
    public var epoch: Epoch
    /// All voters of the newest recorded epoch, silent ones included: the N of the theorem.
    public var voters: [Voter]
    /// The answers of the sealed voters.
    ///
    /// Those of other epochs or of members that do not vote are left out.
    public var answers: [SealAnswer]
    /// Zones in which the leader should be, the best first.
    public var preferredZones: [String]
    /// Who led before; among equals it leads again, since clients and caches are warm there.
    public var previousLeader: String?
    /// The candidate that is asked for; it leads if it may at all.
    public var wished: String?
    /// The member that gets a vote with the epoch, if it has answered.
    ///
    /// Its answer counts neither towards the majority nor for the start: both are the old voters'. One at a time: any
    /// majority of N voters and any of those N and one more have a voter in common, ⌊N/2⌋ + 1 + ⌊(N + 1)/2⌋ + 1 > N + 1, so
    /// that whatever the old voters have committed is met by every election of the new ones.
    public var joining: Voter?
    /// The voter that has no vote any more with the epoch, and does not lead it.
    ///
    /// Its answer counts as the others' do, and is left out where it is not needed: its log is about to be removed. One at
    /// a time, for the same reason: ⌊N/2⌋ + 1 + ⌊(N − 1)/2⌋ + 1 > N. It keeps its vote when too few of the others have
    /// answered to be a majority of their own, or when none of them may lead.
    public var leaving: String?

    /// Makes an election.
    public init(
        epoch: Epoch,
        voters: [Voter],
        answers: [SealAnswer],
        preferredZones: [String] = [],
        previousLeader: String? = nil,
        wished: String? = nil,
        joining: Voter? = nil,
        leaving: String? = nil
    ) {
        self.epoch = epoch
        self.voters = voters
        self.answers = answers
        self.preferredZones = preferredZones
        self.previousLeader = previousLeader
        self.wished = wished
        self.joining = joining
        self.leaving = leaving
    }

    /// Chooses a leader, or says why nobody can be chosen.
    public func decide() -> ElectionOutcome {
        if let leaving, voters.contains(where: { $0.name == leaving }),
            case .elected(let elected) = decide(without: leaving)
        {
            return .elected(elected)
        }
        return decide(without: nil)
    }

    private func decide(without leaving: String?) -> ElectionOutcome {
        var positions: [String: SealAnswer] = [:]
        for answer in answers where answer.epoch == epoch {
            positions[answer.member] = answer
        }
        var sealed = voters.compactMap { voter in
            positions[voter.name].map { Sealed(voter: voter, answer: $0) }
        }
        if let leaving {
            let staying = sealed.filter { $0.voter.name != leaving }
            guard staying.count >= majority(of: voters.count - 1) else {
                return .noQuorum(noQuorum(sealed, positions))
            }
            if staying.count >= majority(of: voters.count) { sealed = staying }
        }

        guard sealed.count >= majority(of: voters.count), let best = sealed.max(by: { $0.position < $1.position })
        else {
            return .noQuorum(noQuorum(sealed, positions))
        }
        let start = best.position

        // Neither can happen while the invariants hold. Both would be the sign of a lost disk or of an API server that
        // was put back to an older state, and going on would turn that into lost or doubled transactions.
        guard start.epoch < epoch else {
            return .refused(.epochInUse(member: best.voter.name, position: start))
        }
        if let ahead = sealed.max(by: { $0.answer.committed < $1.answer.committed }), ahead.answer.committed > start {
            return .refused(.committedMissing(member: ahead.voter.name, committed: ahead.answer.committed, best: start))
        }

        let newcomer = joining.flatMap { voter in
            positions[voter.name].map { Sealed(voter: voter, answer: $0) }
        }
        var refusals: [Refusal] = []
        var contenders: [Contender] = []
        for one in sealed + [newcomer].compactMap(\.self)
        where one.voter.kind == .candidate && one.voter.name != leaving {
            switch contender(one, start: start, sealed: sealed) {
            case .success(let contender): contenders.append(contender)
            case .failure(let refusal): refusals.append(refusal)
            }
        }
        guard let (winner, rule) = choose(among: contenders) else {
            return .refused(.noCandidate(refusals))
        }
        return .elected(
            Elected(
                leader: winner.voter.name,
                epoch: epoch,
                start: start,
                source: winner.source,
                rule: rule,
                ballots: (voters + [newcomer?.voter].compactMap(\.self)).map {
                    Ballot(voter: $0.name, position: positions[$0.name]?.position)
                },
                refusals: refusals,
                joined: newcomer?.voter.name,
                left: leaving
            )
        )
    }

    private func noQuorum(_ sealed: [Sealed], _ positions: [String: SealAnswer]) -> NoQuorum {
        NoQuorum(
            voters: voters.count,
            answered: sealed.map(\.voter.name),
            missing: voters.map(\.name).filter { positions[$0] == nil }
        )
    }

    /// A voter with its answer.
    private struct Sealed {
        var voter: Voter
        var answer: SealAnswer
        var position: Position { answer.position }
    }

    /// A voter that may lead, and whom it pulls from when its own log ends before the start.
    private struct Contender {
        var voter: Voter
        var position: Position
        var source: String?
    }

    private func contender(_ one: Sealed, start: Position, sealed: [Sealed]) -> Result<Contender, Refusal> {
        if let reason = one.voter.refusal {
            return .failure(Refusal(member: one.voter.name, reason: reason))
        }
        if one.position == start {
            return .success(Contender(voter: one.voter, position: one.position, source: nil))
        }
        // Only a newcomer's: the start is the largest of the voters' answers.
        guard one.position < start else {
            return .failure(
                Refusal(
                    member: one.voter.name,
                    reason: "its log ends at \(one.position), and what is there beyond \(start) has to be removed first"
                )
            )
        }
        // The holder's log must still have the transaction after the contender's last one. When the contender ends in
        // a tail that it must drop, the common point is lower still; its agent then refuses, and says so.
        let source = sealed.filter { holder in
            guard holder.position == start, let first = holder.answer.first else { return false }
            return first.sequence <= one.position.sequence + 1
        }.min { lastResort($0) == lastResort($1) ? $0.voter.ordinal < $1.voter.ordinal : lastResort($1) }
        guard let source else {
            return .failure(
                Refusal(
                    member: one.voter.name,
                    reason: "its log ends at \(one.position), and no answering voter that reaches \(start) still has "
                        + "what comes after it; it has to be rebuilt"
                )
            )
        }
        return .success(Contender(voter: one.voter, position: one.position, source: source.voter.name))
    }

    /// Whoever led until now has failed or is about to end: it is pulled from only when nobody else has as much.
    private func lastResort(_ holder: Sealed) -> Bool { holder.voter.name == previousLeader }

    /// Narrows the contenders by one rule after the other until one is left; the last rule that told them apart is
    /// the reason of the choice.
    private func choose(among contenders: [Contender]) -> (Contender, ElectionRule)? {
        guard let highest = contenders.map(\.position).max() else { return nil }
        var left = contenders
        var rule = ElectionRule.onlyCandidate

        func narrow(_ next: ElectionRule, _ keep: (Contender) -> Bool) {
            let kept = left.filter(keep)
            guard !kept.isEmpty, kept.count < left.count else { return }
            left = kept
            rule = next
        }
        narrow(.wished) { $0.voter.name == wished }
        narrow(.unoccupied) { !$0.voter.isSetAside }
        // What a log lacks is pulled in a moment; a server that has yet to start takes longer.
        narrow(.running) { $0.voter.isRunning }
        narrow(.steady) { !$0.voter.isUnsteady }
        narrow(.mostAdvanced) { $0.position == highest }
        for zone in preferredZones {
            // Of the preferred zones only the first that has a contender counts.
            guard left.contains(where: { $0.voter.zone == zone }) else { continue }
            narrow(.preferredZone) { $0.voter.zone == zone }
            break
        }
        narrow(.previousLeader) { $0.voter.name == previousLeader }
        let lowest = left.map(\.voter.ordinal).min()
        narrow(.lowestOrdinal) { $0.voter.ordinal == lowest }
        return left.first.map { ($0, rule) }
    }
}
