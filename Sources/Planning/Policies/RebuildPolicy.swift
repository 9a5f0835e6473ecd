import KubernetesModel
import XDB

/// Makes members anew: a new life of the data beside the old, which takes the old one's place at the end.
///
/// Everything is recorded before it is done: `status.rebuild` says which step is under way, and an entry of
/// `status.members` with `successorOf` is the new life, which the other policies treat like any member that does not vote.
/// The steps follow from what is seen alone, so whoever observes next goes on.
enum RebuildPolicy {
    static func apply(_ draft: inout Draft) {
        giveSeatsBack(&draft)
        guard let rebuild = draft.status.rebuild else { return consider(&draft) }
        draft.checkAgain(within: .seconds(1))
        if rebuild.result == nil {
            goOn(rebuild, &draft)
        } else {
            leave(rebuild, &draft)
        }
    }

    // MARK: Beginning

    private static func consider(_ draft: inout Draft) {
        guard let operation = draft.turn, let wish = operation.spec.rebuild else { return }
        let request = RebuildRequest(draft: draft, wish: wish, zones: MigrationRequest.shelter(for: wish.member, draft))
        let verdict = RebuildHandover.settle(request.verdict, operation, draft)
        draft.verdicts[operation.metadata.name] = verdict
        // What it waits for may be over in a moment, and other groups' rebuilds are seen by looking alone.
        if case .wait = verdict { draft.checkAgain(within: .seconds(1)) }
        guard case .begin(let begun) = verdict, let member = draft.member(wish.member) else { return }
        guard begun == member.name else {
            return RebuildHandover.begin(operation, of: member.name, to: begun, &draft)
        }
        guard case .success(let way) = request.way(member) else { return }
        begin(operation, member, way, &draft)
    }

    /// Records the beginning, with an entry for the new life.
    static func begin(
        _ operation: XDBOperation,
        _ member: XDBGroup.MemberStatus,
        _ way: RebuildRequest.Way,
        _ draft: inout Draft
    ) {
        guard let index = draft.status.members.firstIndex(where: { $0.name == member.name }) else { return }
        let incarnation = member.nextIncarnation
        draft.status.members[index].incarnations = incarnation

        var successor = XDBGroup.MemberStatus()
        successor.name = XDBGroup.MemberStatus.life(of: member.name, incarnation)
        successor.ordinal = member.ordinal
        successor.kind = member.kind
        successor.learnerSet = member.learnerSet
        successor.voter = false
        successor.successorOf = member.name
        successor.incarnation = incarnation
        successor.incarnations = incarnation
        successor.node = way.node
        successor.zone = draft.node(way.node)?.zone
        draft.status.members.insert(successor, at: index + 1)

        var rebuild = XDBGroup.RebuildStatus()
        rebuild.operation = operation.metadata.name
        rebuild.member = member.name
        rebuild.successor = successor.name
        rebuild.mode = way.mode
        rebuild.node = way.node
        rebuild.zones = way.zones
        rebuild.avoidedNodes = way.avoidedNodes
        rebuild.source = way.source
        rebuild.reason = way.reason
        rebuild.step = member.kind.hasData ? .copy : .join
        if operation.spec.rebuild?.discardFirst ?? false, !member.discarded { rebuild.step = .discard }
        let handover =
            operation.spec.rebuild == nil
            ? nil : RebuildHandover.step(of: operation.metadata.name, isOver: true, draft)
        rebuild.steps = [handover].compactMap(\.self) + [step(rebuild.step, draft)]
        draft.status.rebuild = rebuild
        // The seat is the new life's at once where it is vacant already.
        if member.vacant { draft.status.votersVersion += 1 }
        draft.findings[successor.name] = MemberFinding(.progressing, .rebuilding, way.reason)
        draft.tell(.rebuilding, "\(member.name) is rebuilt \(way.reason)")
    }

    // MARK: Steps

    private static func step(_ step: XDBGroup.RebuildStep, _ draft: Draft) -> XDBOperation.Step {
        XDBOperation.Step(step.rawValue, from: MicroTime(draft.observation.now), to: nil)
    }

    /// Ends the present step and begins the next.
    static func advance(to next: XDBGroup.RebuildStep, _ result: String? = nil, _ draft: inout Draft) {
        guard var rebuild = draft.status.rebuild else { return }
        endStep(of: &rebuild, result, draft)
        rebuild.step = next
        rebuild.attempt = 1
        rebuild.job = nil
        rebuild.progress = nil
        rebuild.message = nil
        rebuild.steps.append(step(next, draft))
        draft.status.rebuild = rebuild
        let words = result.map { "; \($0)" } ?? ""
        draft.tell(.rebuilding, "\(rebuild.member) is rebuilt: \(next.rawValue)\(words)")
    }

    static func endStep(of rebuild: inout XDBGroup.RebuildStatus, _ result: String?, _ draft: Draft) {
        guard let last = rebuild.steps.last, last.end == nil else { return }
        rebuild.steps[rebuild.steps.count - 1] = XDBOperation.Step(
            last.name,
            from: last.start,
            to: MicroTime(draft.observation.now),
            result ?? last.message
        )
    }

    private static func goOn(_ rebuild: XDBGroup.RebuildStatus, _ draft: inout Draft) {
        let operation = draft.observation.operations.first { $0.metadata.name == rebuild.operation }
        let isWanted = operation.map { !$0.spec.cancel && !$0.isFinished } ?? false
        // Once the vote passes on, the way ahead is the shorter one.
        let mayEnd = rebuild.step != .vote && rebuild.step != .clean
        if mayEnd, !isWanted { return end(.cancelled, "it was cancelled in the step \(rebuild.step.rawValue)", &draft) }
        guard let successor = draft.successor(of: rebuild.member), let member = draft.member(rebuild.member) else {
            return rebuild.step == .clean
                ? clean(rebuild, &draft) : end(.failed, "\(rebuild.member) is no member any more", &draft)
        }
        // One without data has its vote vacant, which holds up everything: it is finished first.
        if mayEnd, !member.discarded, member.leaving || draft.unwanted.contains(member.name) {
            return end(.cancelled, "\(member.name) is not wanted any more", &draft)
        }
        if mayEnd, draft.status.leader == member.name {
            return end(
                .failed,
                "\(member.name) leads since epoch \(draft.status.epoch), and a leader is not rebuilt",
                &draft
            )
        }
        if mayEnd, operation?.spec.rebuild?.isRepair ?? false, draft.findings[member.name]?.health == .healthy {
            return end(.cancelled, "\(member.name) plays its part again, and keeps its place", &draft)
        }
        if mayEnd, operation?.spec.rebuild?.isRepair ?? false, let aside = draft.setAside(member) {
            return end(.cancelled, "\(member.name) is left alone: \(aside.words)", &draft)
        }
        if rebuild.step != .clean, let lost = lostTarget(successor, rebuild, draft) {
            return end(.failed, lost, failure: "NodeLost", &draft)
        }
        // Of a logger its pod tells where it is: it has no Job.
        if rebuild.node == nil { draft.status.rebuild?.node = successor.node }
        switch rebuild.step {
        case .discard:
            RebuildDiscard(rebuild: rebuild, successor: successor, member: member, operation: operation).goOn(&draft)
        case .copy: RebuildJobs(rebuild: rebuild, successor: successor, operation: operation).copy(&draft)
        case .prepare: RebuildJobs(rebuild: rebuild, successor: successor, operation: operation).prepare(&draft)
        case .refresh: RebuildJobs(rebuild: rebuild, successor: successor, operation: operation).refresh(&draft)
        case .join: join(rebuild, successor, of: member, &draft)
        case .verify: verify(rebuild, successor, of: member, &draft)
        case .vote: vote(rebuild, successor, of: member, &draft)
        case .clean: clean(rebuild, &draft)
        }
    }

    /// How long the node of the new life may be away before the rebuild is given up.
    static let patience = Duration.seconds(30)

    /// Why nothing can become of the new life; nil while something can.
    private static func lostTarget(
        _ successor: XDBGroup.MemberStatus,
        _ rebuild: XDBGroup.RebuildStatus,
        _ draft: Draft
    ) -> String? {
        guard let name = successor.node else { return nil }
        let lost = "node \(name), on which the new life was made,"
        guard let node = draft.node(name) else { return "\(lost) is not in the cluster any more" }
        guard node.ready != .true else { return nil }
        guard let since = node.since, draft.observation.now.since(since) > patience else { return nil }
        return "\(lost) is not ready"
    }

    // MARK: Joining and voting

    private static func join(
        _ rebuild: XDBGroup.RebuildStatus,
        _ successor: XDBGroup.MemberStatus,
        of member: XDBGroup.MemberStatus,
        _ draft: inout Draft
    ) {
        if successor.kind.hasData, let agent = draft.heard(successor), agent.phase == .uninitialized {
            return end(.failed, "the directory of the new life is empty, although its Jobs have filled it", &draft)
        }
        guard let agent = draft.heard(successor), isCaughtUp(successor, agent, draft) else {
            let waits = draft.findings[successor.name]?.finding.message
            draft.status.rebuild?.message = waits
            return RebuildTrouble.stop(rebuild, successor, &draft)
        }
        let result = "it has the log up to \(agent.position)"
        if successor.kind.hasData { return advance(to: .verify, result, &draft) }
        takeOver(successor, from: member, result, &draft)
    }

    /// With data, the new life goes on when another member has the same.
    private static func verify(
        _ rebuild: XDBGroup.RebuildStatus,
        _ successor: XDBGroup.MemberStatus,
        of member: XDBGroup.MemberStatus,
        _ draft: inout Draft
    ) {
        let verification = RebuildVerification(rebuild: rebuild, successor: successor)
        guard let match = verification.match(&draft) else { return }
        // While the data were compared its server waited.
        guard let agent = draft.heard(successor), isCaughtUp(successor, agent, draft) else {
            draft.status.rebuild?.message = "\(match); it receives and applies what has been written since"
            return
        }
        takeOver(successor, from: member, match, &draft)
    }

    /// The new life has all that it needs: its vote passes to it, or, where there is none, its place.
    private static func takeOver(
        _ successor: XDBGroup.MemberStatus,
        from member: XDBGroup.MemberStatus,
        _ result: String,
        _ draft: inout Draft
    ) {
        guard draft.voters.contains(where: { $0.name == member.name }) else {
            return succeed(successor, member, result, &draft)
        }
        guard case .leads(isWritable: true) = draft.leadership, draft.status.election == nil,
            let index = draft.status.members.firstIndex(where: { $0.name == member.name })
        else { return }
        // From here on neither life counts in elections. The leader is told in the next round: after this is recorded.
        draft.status.members[index].vacant = true
        draft.status.votersVersion += 1
        advance(to: .vote, result, &draft)
    }

    /// Whether the rest of what it lacks is a matter of a moment.
    private static func isCaughtUp(_ member: XDBGroup.MemberStatus, _ agent: AgentStatus, _ draft: Draft) -> Bool {
        guard member.joined, agent.role == .follower, agent.epoch == draft.status.epoch, agent.phase == .streaming,
            agent.hearsLeader, agent.position.epoch == draft.status.epoch,
            let leader = draft.member(draft.status.leader).flatMap({ draft.heard($0) })
        else { return false }
        let allowed = LeaderChange.allowedTransactions
        guard agent.position.sequence + allowed >= leader.position.sequence else { return false }
        guard member.kind.hasData else { return true }
        guard draft.findings[member.name]?.health == .healthy, agent.server.state == .running,
            let applied = agent.server.applied
        else { return false }
        return applied.sequence + allowed >= leader.position.sequence
    }

    private static func vote(
        _ rebuild: XDBGroup.RebuildStatus,
        _ successor: XDBGroup.MemberStatus,
        of member: XDBGroup.MemberStatus,
        _ draft: inout Draft
    ) {
        guard fillsSeat(successor.life, draft) else { return RebuildTrouble.stop(rebuild, successor, &draft) }
        succeed(successor, member, nil, &draft)
    }

    /// A life counts in elections when its log has all that another one may have been counted for in its seat.
    ///
    /// See docs/safety.md: what the leader counted the other one for is at or before the position at which it began to count
    /// this one; of epochs that began with this one in the seat the first transaction is enough.
    private static func fillsSeat(_ life: String, _ draft: Draft) -> Bool {
        guard case .leads = draft.leadership,
            let leader = draft.member(draft.status.leader).flatMap({ draft.heard($0) }),
            leader.role == .leader, leader.epoch == draft.status.epoch,
            leader.voters?.contains(life) ?? false,
            // From here on it refuses to count the other one, whoever may still ask for that.
            leader.votersVersion ?? 0 >= draft.status.votersVersion,
            let seat = leader.peers.first(where: { $0.name == life }), let durable = seat.durable
        else { return false }
        return durable.epoch == draft.status.epoch && durable >= seat.since ?? .zero
    }

    /// Where a rebuild has ended before the vote had arrived, the member keeps it, if it still has its data.
    private static func giveSeatsBack(_ draft: inout Draft) {
        for index in draft.status.members.indices {
            let member = draft.status.members[index]
            guard member.vacant, !member.discarded, draft.successor(of: member.name) == nil,
                fillsSeat(member.life, draft)
            else { continue }
            draft.status.members[index].vacant = false
            draft.tell(
                .rebuilding,
                "\(member.name) has its vote again: \(member.life) has all that was counted in its place"
            )
        }
    }

    /// The new life takes the place of the old, which becomes something to remove: one record.
    private static func succeed(
        _ successor: XDBGroup.MemberStatus,
        _ member: XDBGroup.MemberStatus,
        _ result: String?,
        _ draft: inout Draft
    ) {
        guard let index = draft.status.members.firstIndex(where: { $0.name == member.name }) else { return }
        var heir = member
        heir.incarnation = successor.incarnation
        heir.node = successor.node
        heir.zone = successor.zone
        heir.podIP = successor.podIP
        heir.position = successor.position
        heir.applied = successor.applied
        heir.lagSeconds = successor.lagSeconds
        heir.vacant = false
        heir.discarded = false
        heir.discardedTail = nil
        heir.health = successor.health
        heir.reason = successor.reason
        heir.message = successor.message
        draft.status.members[index] = heir
        draft.status.members.removeAll { $0.name == successor.name }
        draft.findings[member.name] = draft.findings[successor.name]
        draft.findings[successor.name] = nil
        // What was removed first is owed since then.
        if !member.discarded { DebtPolicy.owe(member, "its successor \(heir.life) has taken its place", &draft) }
        let vote = draft.voters.contains { $0.name == member.name } ? " and votes" : ""
        let words = "\(heir.life) on \(heir.node ?? "-") has taken the place of \(member.life)\(vote)"
        advance(to: .clean, [result, words].compactMap(\.self).joined(separator: "; "), &draft)
    }
}
