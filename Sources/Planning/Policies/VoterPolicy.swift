import KubernetesModel
import XDB

/// Gives votes to the candidates and loggers that have none, and takes them from those that the spec does not want.
///
/// One at a time, each by an election of the old voters. That is safe when the present epoch has committed its first
/// transaction, hence only while its leader takes writes: see docs/safety.md.
enum VoterPolicy {
    /// How long nothing is tried after an attempt that changed no vote: each costs the writes a pause.
    static let pause = Duration.seconds(60)

    static func apply(_ draft: inout Draft) {
        tell(&draft)
        guard draft.status.election == nil, !draft.voters.contains(where: \.vacant),
            case .leads(isWritable: true) = draft.leadership, !hasJustFailed(draft)
        else { return }
        // Candidates first: with two of them the next change is a hand-over, and no restart of a server.
        let waiting = draft.withoutVote.sorted { left, right in
            (left.kind == .candidate ? 0 : 1, left.ordinal) < (right.kind == .candidate ? 0 : 1, right.ordinal)
        }
        if let newcomer = waiting.first(where: { isReady($0, draft) }) {
            let to = successor(draft, joining: newcomer) ?? draft.status.leader ?? newcomer.name
            let why = newcomer.newcomer ? "has the log and gets a vote" : "has the log again and gets its vote"
            return HandoverPolicy.begin(
                .voterAdded,
                to: to,
                "\(newcomer.name) \(why)",
                joining: newcomer.name,
                &draft
            )
        }
        let going = draft.unwanted.compactMap { draft.member($0) }
        guard let member = going.first(where: { VoterRemoval($0, draft).obstacle == nil }),
            let to = VoterRemoval(member, draft).leader
        else { return }
        HandoverPolicy.begin(
            .voterRemoved,
            to: to,
            "the spec does not want \(member.name) any more, and its vote is taken away",
            leaving: member.name,
            &draft
        )
    }

    // MARK: Who gets a vote

    /// Whether a member would be a good voter now.
    static func isReady(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool { obstacle(member, draft) == nil }

    /// Why a member gets no vote yet; nil when it follows, and the log that it lacks is a matter of a moment.
    static func obstacle(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        guard draft.withoutVote.contains(where: { $0.name == member.name }) else { return "it has a vote" }
        guard !draft.unwanted.contains(member.name) else { return "the spec does not want it any more" }
        guard draft.findings[member.name]?.finding.reason == .awaitingVote, let agent = draft.heard(member),
            agent.hearsLeader, agent.position.epoch == draft.status.epoch,
            let leader = draft.member(draft.status.leader).flatMap({ draft.heard($0) })
        else { return draft.findings[member.name]?.finding.message ?? "nothing is known of it" }
        let allowed = LeaderChange.allowedTransactions
        guard agent.position.sequence + allowed >= leader.position.sequence else {
            return "it receives the log, of which it lacks more than \(allowed) transactions"
        }
        // One that was here before may be all that brings the votes back; one that is new may have to lead.
        if member.newcomer, member.kind.hasData {
            guard agent.server.state == .running, let applied = agent.server.applied,
                applied.sequence + allowed >= leader.position.sequence
            else { return "its server applies the log" }
        }
        // With it, commits need a majority of one voter more.
        let present = draft.voters.count { draft.findings[$0.name]?.health == .healthy }
        let needed = majority(of: draft.voters.count + 1)
        guard present + 1 >= needed else {
            return
                "with it a commit would need \(needed) of \(draft.voters.count + 1) voters, and \(present) play their part"
        }
        return nil
    }

    /// A sealed leader's server has to start again before it leads, and another candidate's need not.
    static func successor(
        _ draft: Draft,
        joining: XDBGroup.MemberStatus? = nil,
        without leaving: String? = nil
    ) -> String? {
        func rank(_ member: XDBGroup.MemberStatus) -> (Int, Position, Int) {
            (draft.unwanted.contains(member.name) ? 0 : 1, draft.heard(member)?.position ?? .zero, -member.ordinal)
        }
        return (draft.voters + [joining].compactMap(\.self)).filter { member in
            member.kind == .candidate && member.name != draft.status.leader && member.name != leaving
                && LeaderChange.obstacle(member, draft, joining: joining?.name) == nil
        }.max { rank($0) < rank($1) }?.name
    }

    private static func hasJustFailed(_ draft: Draft) -> Bool {
        let epochs = draft.status.epochs
        guard let last = epochs.first, last.cause == .voterAdded || last.cause == .voterRemoved, let time = last.time,
            last.voters == epochs.dropFirst().first?.voters
        else { return false }
        return draft.observation.now.since(time) < pause
    }

    // MARK: What is said of it

    /// Says of each member whose vote comes or goes what that waits for, and of the group whether it goes on.
    private static func tell(_ draft: inout Draft) {
        var steps: [String] = []
        var waits: [String] = []
        let next =
            hasJustFailed(draft)
            ? "too few answered to change a vote, and it is tried again after \(pause.components.seconds) s"
            : "its turn comes next"
        for member in draft.withoutVote where draft.findings[member.name]?.finding.reason == .awaitingVote {
            let obstacle = obstacle(member, draft)
            say("; " + (obstacle.map { "not yet: \($0)" } ?? next), of: member.name, &draft)
        }
        for member in draft.status.members where member.newcomer {
            guard let found = draft.findings[member.name] else { continue }
            let words =
                "\(member.name) is to get a vote: \(draft.member(member.name)?.message ?? found.finding.message)"
            if found.health == .unhealthy { waits.append(words) } else { steps.append(words) }
        }
        for name in draft.unwanted {
            guard let member = draft.member(name) else { continue }
            let obstacle = VoterRemoval(member, draft).obstacle
            let words = obstacle.map { "it stays for now: \($0.words)" } ?? next
            say("the spec does not want it any more; \(words)", of: name, &draft)
            if let obstacle, !obstacle.passes {
                waits.append("\(name) is to go, and stays for now: \(obstacle.brief)")
            } else {
                steps.append("\(name) is to go: \(obstacle?.brief ?? next)")
            }
        }
        if draft.lacking > 0 {
            let words = draft.lacking == 1 ? "1 member waits" : "\(draft.lacking) members wait"
            waits.append(
                "\(words) for a free ordinal: a group has \(ServerID.ordinals), and one is free again when nothing of its "
                    + "last member is left"
            )
        }
        guard !steps.isEmpty || !waits.isEmpty else { return }
        draft.change =
            steps.isEmpty
            ? Finding(.changeWaits, waits.joined(separator: "; "))
            : Finding(.changingMembers, (steps + waits).joined(separator: "; "))
    }

    private static func say(_ words: String, of name: String, _ draft: inout Draft) {
        guard let index = draft.status.members.firstIndex(where: { $0.name == name }) else { return }
        let message = draft.status.members[index].message
        let separator = message == nil || words.hasPrefix("; ") ? "" : "; "
        let all = (message ?? "") + separator + words
        draft.status.members[index].message = all
        draft.findings[name]?.finding.message = all
    }
}

/// Whether a voter that the spec does not want any more can lose its vote now.
struct VoterRemoval {
    /// What stands against it.
    struct Obstacle: Hashable {
        var words: String
        /// The same beside sentences about the other members.
        var brief: String
        /// It is under way, and nobody has to do anything.
        var passes: Bool

        init(words: String, brief: String? = nil, passes: Bool) {
            self.words = words
            self.brief = brief ?? words
            self.passes = passes
        }
    }

    let member: XDBGroup.MemberStatus
    let draft: Draft

    init(_ member: XDBGroup.MemberStatus, _ draft: Draft) {
        self.member = member
        self.draft = draft
    }

    /// Nil when the vote can go now.
    var obstacle: Obstacle? {
        guard draft.voters.contains(where: { $0.name == member.name }) else {
            return Obstacle(
                words:
                    "a leader was forced without it, and it may have the only copy of what was lost then; it goes when it "
                    + "is back and follows, or when its Node object is deleted",
                passes: false
            )
        }
        if let rebuild = draft.status.rebuild, rebuild.member == member.name, rebuild.result == nil {
            return Obstacle(words: "its rebuild has to end first", passes: true)
        }
        if let vacant = draft.voters.first(where: \.vacant) {
            return Obstacle(words: "the vote of \(vacant.name) passes on", passes: true)
        }
        return newcomers ?? majority ?? leadership
    }

    /// Who comes comes first, unless the one that goes is no help anyhow.
    private var newcomers: Obstacle? {
        guard !member.isOutOfOrder(now: draft.observation.now) else { return nil }
        let waiting = draft.status.members.filter { $0.newcomer && !draft.unwanted.contains($0.name) }
        guard !waiting.isEmpty else { return nil }
        let words = waiting.map { "\($0.name) (\(draft.findings[$0.name]?.finding.message ?? "it is being made"))" }
        return Obstacle(
            words: "first \(words.joined(separator: ", ")) must have a vote",
            brief: "first \(waiting.map(\.name).joined(separator: ", ")) must have a vote",
            passes: waiting.contains { draft.findings[$0.name]?.health != .unhealthy }
        )
    }

    private var majority: Obstacle? {
        let remaining = draft.voters.filter { $0.name != member.name }
        let ailing = remaining.filter { draft.findings[$0.name]?.health != .healthy }
        let needed = Planning.majority(of: remaining.count)
        guard !remaining.isEmpty, remaining.count - ailing.count >= needed else {
            return Obstacle(
                words: "without it \(needed) of \(remaining.count) voters must play their part, and "
                    + "\(remaining.count - ailing.count) do: put right \(describe(ailing))",
                passes: !ailing.contains { draft.findings[$0.name]?.health == .unhealthy }
            )
        }
        let silent = draft.voters.filter { draft.heard($0) == nil || !ElectionPolicy.counts($0.name, draft) }
        let all = Planning.majority(of: draft.voters.count)
        guard draft.voters.count - silent.count >= all else {
            return Obstacle(
                words:
                    "\(all) of \(draft.voters.count) voters have to agree, and \(draft.voters.count - silent.count) can: "
                    + "put right \(describe(silent))",
                passes: false
            )
        }
        return nil
    }

    private func describe(_ members: [XDBGroup.MemberStatus]) -> String {
        members.map { "\($0.name) (\(draft.findings[$0.name]?.finding.message ?? "nothing is known of it"))" }
            .joined(separator: ", ")
    }

    private var leadership: Obstacle? {
        guard leader == nil else { return nil }
        let others = draft.voters.filter { $0.kind == .candidate && $0.name != member.name }
        let reasons = others.map { "\($0.name): \(LeaderChange.obstacle($0, draft) ?? "")" }.joined(separator: "; ")
        return Obstacle(words: "it leads, and no other candidate can take over now (\(reasons))", passes: false)
    }

    /// Who is to lead without it: another candidate, since the present leader's server would have to start again.
    var leader: String? {
        if let other = VoterPolicy.successor(draft, without: member.name) { return other }
        return draft.status.leader == member.name ? nil : draft.status.leader
    }
}
