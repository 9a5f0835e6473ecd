import KubernetesModel
import XDB

/// Members that somebody wants elsewhere: who is to move, whether that can be, and what is next.
///
/// All of it follows from where the members are now, so that whoever observes next goes on, whatever happened in between.
struct MigrationRequest {
    /// What is to be done.
    enum Next: Hashable {
        /// The zones in the spec come first.
        case setZones(MemberZones)
        /// This member is made anew at its new place.
        case move(String, RebuildRequest.Way)
        /// Another candidate leads first.
        case handOver(to: String)
        /// Nothing now, and why.
        case wait(String)
        /// It is paused, or another operation has its turn.
        case rest(String)
        /// All are where they are wanted.
        case done
        /// It is given up, and why; what it leaves behind is whole.
        case end(XDBOperation.State, String)
    }

    let draft: Draft
    let operation: XDBOperation
    let wish: XDBOperation.Migrate

    /// How often the rebuild of one member may fail.
    static let attempts = 3

    init?(_ operation: XDBOperation, _ draft: Draft) {
        guard let wish = operation.spec.migrate else { return nil }
        self.draft = draft
        self.operation = operation
        self.wish = wish
    }

    /// The one that has begun, paused or cancelled ones included; else the one whose turn it is.
    static func current(_ draft: Draft) -> MigrationRequest? {
        let begun = draft.unfinished.first { $0.spec.migrate != nil && $0.status.plan != nil && !$0.spec.dryRun }
        return (begun ?? draft.turn).flatMap { MigrationRequest($0, draft) }
    }

    /// Where a member may be made anew while members leave a zone: not there; nil for wherever the spec says.
    static func shelter(for member: String, _ draft: Draft) -> [String]? {
        guard let request = current(draft), request.isGoingOn, let zones = request.zones,
            let member = draft.member(member),
            let set = MigrationZones.sets(draft).first(where: { $0.learners == member.learnerSet }), zones.concerns(set)
        else { return nil }
        let after = zones.after(set)
        return after.isEmpty ? nil : after
    }

    var name: String { operation.metadata.name }

    /// True once its plan is recorded.
    var hasBegun: Bool { operation.status.plan != nil }
    /// True while further moves are to come.
    var isGoingOn: Bool { hasBegun && !operation.spec.paused && !operation.spec.cancel }

    /// The zones that members leave and go to; nil when one member goes to a node.
    var zones: MigrationZones? {
        guard let from = wish.from, let to = wish.to else { return nil }
        return MigrationZones(from: from.zone, to: to.zone)
    }

    // MARK: Who moves

    /// Whether a member is to move.
    func isAway(_ member: XDBGroup.MemberStatus) -> Bool {
        guard !member.isSuccessor, !member.leaving else { return false }
        guard let zones else { return member.name == wish.member && member.node != wish.node }
        guard member.zone == zones.from else { return false }
        return MigrationZones.sets(draft).first { $0.learners == member.learnerSet }.map(zones.concerns) ?? true
    }

    /// Those that are still to move, in order: who does not play its part, loggers, learners, followers, the leader.
    var remaining: [XDBGroup.MemberStatus] {
        Renewal(draft: draft).inOrder(draft.status.members.filter(isAway))
    }

    /// How a member's place is asked for.
    func rebuild(of member: XDBGroup.MemberStatus) -> RebuildRequest {
        var rebuild = XDBOperation.Rebuild()
        rebuild.member = member.name
        rebuild.mode = .crossHost
        rebuild.node = wish.node
        var request = RebuildRequest(draft: draft, wish: rebuild, zones: zones.map { [$0.to] })
        request.failedNodes = operation.status.plan?.moves.first { $0.member == member.name }?.failedNodes ?? []
        return request
    }

    /// Who is to lead before the leader moves: a candidate that need not move any more.
    var heir: Result<String, Refusal> {
        if let zones, case .success(let heir) = LeaderChange.best(draft, where: { $0.zone == zones.to }) {
            return .success(heir)
        }
        return LeaderChange.best(draft) { !isAway($0) }
    }

    // MARK: Before it begins

    /// What to think of it; with `begin`, the member that moves first.
    var verdict: OperationVerdict {
        if draft.spec.paused { return .wait("the group is paused (spec.paused)") }
        guard draft.status.epoch > .none else { return .wait("the group has had no leader yet") }
        if let refusal = MigrationRefusal(request: self).words { return .refuse(refusal) }
        if let begun = Self.current(draft), begun.hasBegun, begun.name != name {
            let isPaused =
                begun.operation.spec.paused ? ", which is paused: set spec.paused to false, or cancel it" : ""
            return .wait("it waits for operation \(begun.name)\(isPaused)")
        }
        if let standstill = Renewal(draft: draft).standstill { return .wait(standstill) }
        let ailing = draft.status.members.filter { member in
            !member.isSuccessor && draft.findings[member.name]?.health != .healthy
        }
        guard let first = ailing.first else {
            return remaining.first.map { .begin($0.name) } ?? .done("nobody has to move")
        }
        let words = "\(first.name): \(draft.findings[first.name]?.finding.message ?? "nothing is known of it")"
        let lasting = ailing.contains { $0.isOutOfOrder(now: draft.observation.now) }
        return lasting
            ? .refuse(
                "\(draft.names.group) is not fully redundant (\(words)), and nobody moves before it is: put that right, or have "
                    + "the member made anew (an XDBOperation with rebuild)"
            ) : .wait(words)
    }

    // MARK: While it goes on

    /// What is next of one that has begun.
    var next: Next {
        if let words = obligation { return .rest(words) }
        if let (state, why) = ending {
            let zones = zonesWhenGivenUp
            return zones == MemberZones(draft.spec) ? .end(state, why) : .setZones(zones)
        }
        if operation.spec.paused { return .rest("it is paused (spec.paused of the operation)") }
        if let turn = draft.turn, turn.metadata.name != name {
            return .rest("operation \(turn.metadata.name) comes first")
        }
        let remaining = remaining
        if let zones {
            let wanted = MigrationZones.zones(draft) { remaining.isEmpty ? zones.after($0) : zones.during($0) }
            if wanted != MemberZones(draft.spec) { return .setZones(wanted) }
        }
        guard let member = remaining.first else {
            return isGone ? .end(.failed, "\(wish.member ?? "") is no member any more") : .done
        }
        if let obstacle = Renewal(draft: draft).obstacle(besides: member) { return .wait(obstacle) }
        guard member.name != draft.status.leader else { return handOver(from: member) }
        let request = rebuild(of: member)
        switch (request.verdict, request.way(member)) {
        case (.begin, .success(let way)): return .move(member.name, way)
        case (.refuse(let why), _), (.wait(let why), _): return .wait("\(member.name): \(why)")
        case (_, .failure(let refusal)): return .wait("\(member.name): \(refusal.reason)")
        case (.done(let what), _): return .wait("\(member.name): \(what)")
        }
    }

    private func handOver(from leader: XDBGroup.MemberStatus) -> Next {
        switch heir {
        case .success(let heir): .handOver(to: heir)
        case .failure(let refusal): .wait("\(leader.name) leads, and \(refusal.reason)")
        }
    }

    private var isGone: Bool { wish.member.map { draft.member($0) == nil } ?? false }

    /// What it has begun and that has to come to its end first, whatever is wished for.
    private var obligation: String? {
        // One rebuild ends and the next begins in two records: what limits them counts each.
        let rebuild = draft.status.rebuild ?? draft.observation.group.status.rebuild
        if let rebuild, rebuild.operation == name { return rebuild.message ?? rebuild.step.rawValue }
        if let election = draft.status.election, election.operation == name { return election.reason }
        return nil
    }

    /// Why it is given up; nil while it is not.
    private var ending: (XDBOperation.State, String)? {
        // Whoever is where it is wanted has nothing to give up.
        guard !remaining.isEmpty else { return nil }
        if operation.spec.cancel { return (.cancelled, "it was cancelled") }
        let moves = operation.status.plan?.moves ?? []
        if let failed = moves.first(where: { $0.failures >= Self.attempts }) {
            return (
                .failed, "\(failed.member) could not be moved in \(failed.failures) attempts: \(failed.message ?? "")"
            )
        }
        guard let since = operation.status.plan?.waitingSince,
            draft.observation.now.since(since) > .seconds(operation.spec.timeoutSeconds)
        else { return nil }
        return (
            .failed, "no move could begin for \(operation.spec.timeoutSeconds) s: \(operation.status.message ?? "")"
        )
    }

    /// The zones of the spec when it ends as it is now.
    private var zonesWhenGivenUp: MemberZones {
        guard let zones else { return MemberZones(draft.spec) }
        let changes = operation.status.plan?.zones ?? []
        return MigrationZones.zones(draft) { set in
            zones.givenUp(set, before: changes.first { $0.of == set.name }?.before)
        }
    }
}
