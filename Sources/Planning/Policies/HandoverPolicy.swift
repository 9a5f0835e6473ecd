import KubernetesModel
import XDB

/// Begins elections that are wished for while the leader leads: because a person asks for another leader, because the
/// leader's pod or agent stops in order, because its node is offline, or because a vote comes or goes.
///
/// The wish is recorded as the status' election before anybody is sealed. Up to then it can be taken back; afterwards it
/// is finished like any other election, by whoever observes next.
enum HandoverPolicy {
    static func apply(_ draft: inout Draft) {
        if let election = draft.status.election, election.isWish {
            if election.cause != .forced { goOn(election, &draft) }
            return
        }
        if let operation = draft.turn, let wish = operation.spec.changeLeader { consider(wish, of: operation, &draft) }
        if draft.status.election == nil { considerStop(&draft) }
        if draft.status.election == nil { OfflineNodes.considerLeader(&draft) }
        if draft.status.election == nil { considerMaintenance(&draft) }
    }

    private static func goOn(_ election: XDBGroup.ElectionStatus, _ draft: inout Draft) {
        switch draft.leadership {
        case .leads, .recorded:
            if isWanted(election, draft) {
                draft.leadership = .handover(election.reason)
            } else {
                draft.status.election = nil
            }
        // Somebody has promised the epoch, or the leader was lost meanwhile.
        case .lost: draft.leadership = .handover(election.reason)
        case .none, .handover, .suspected, .sealing, .blocked: break
        }
    }

    /// Whether an election for which nobody is sealed yet should go on.
    private static func isWanted(_ election: XDBGroup.ElectionStatus, _ draft: Draft) -> Bool {
        if election.cause == .handOver { return stopping(draft) != nil }
        if election.cause == .maintenance { return maintained(draft) != nil }
        if election.cause == .nodeOffline { return OfflineNodes.leader(draft) != nil }
        if election.cause == .restart, election.operation == nil {
            return draft.rollout?.members[draft.status.leader ?? ""]?.isToBeRenewed ?? false
        }
        if election.cause == .voterAdded {
            return draft.member(election.joining).map { VoterPolicy.isReady($0, draft) } ?? false
        }
        if election.cause == .voterRemoved {
            guard let member = draft.member(election.leaving), draft.unwanted.contains(member.name) else {
                return false
            }
            return VoterRemoval(member, draft).obstacle == nil
        }
        return draft.observation.operations.contains {
            $0.metadata.name == election.operation && !$0.isFinished && !$0.spec.cancel
        }
    }

    // MARK: A person asks

    private static func consider(
        _ wish: XDBOperation.ChangeLeader,
        of operation: XDBOperation,
        _ draft: inout Draft
    ) {
        let name = operation.metadata.name
        // It has had its election.
        guard !draft.status.epochs.contains(where: { $0.operation == name }) else { return }
        let verdict = LeaderChange(draft: draft, wish: wish).verdict
        draft.verdicts[name] = verdict
        guard case .begin(let member) = verdict else { return }
        begin(.changeLeader, to: member, "\(member) is to lead, as operation \(name) asks", operation: name, &draft)
    }

    // MARK: The leader stops

    /// The leader, while it stops in order and waits for somebody to hand over to.
    private static func stopping(_ draft: Draft) -> XDBGroup.MemberStatus? {
        guard case .leads = draft.leadership, let leader = draft.member(draft.status.leader),
            let agent = draft.heard(leader), agent.isStopping == true
        else { return nil }
        return leader
    }

    private static func considerStop(_ draft: inout Draft) {
        guard let leader = stopping(draft),
            case .success(let successor) = LeaderChange.best(draft, orSetAside: true)
        else { return }
        begin(.handOver, to: successor, "\(leader.name) stops in order and hands over", &draft)
    }

    // MARK: The leader is under maintenance

    /// The leader, while people work on it.
    private static func maintained(_ draft: Draft) -> XDBGroup.MemberStatus? {
        guard case .leads(isWritable: true) = draft.leadership, let leader = draft.member(draft.status.leader),
            draft.setAside(leader)?.reason == .maintenance
        else { return nil }
        return leader
    }

    private static func considerMaintenance(_ draft: inout Draft) {
        // There is no hurry: what was asked for comes first, and whoever takes over plays its part.
        guard let leader = maintained(draft), draft.status.rebuild == nil, draft.turn == nil,
            case .success(let successor) = LeaderChange.best(draft),
            draft.findings[successor]?.health == .healthy
        else { return }
        begin(.maintenance, to: successor, "\(leader.name) is under maintenance and hands over", &draft)
    }

    /// Records an election that is wished for.
    static func begin(
        _ cause: XDBGroup.ElectionCause,
        to member: String,
        _ why: String,
        operation: String? = nil,
        joining: String? = nil,
        leaving: String? = nil,
        _ draft: inout Draft
    ) {
        // A failover that was about to begin becomes the one that was asked for.
        let epoch = ElectionPolicy.target(draft)
        draft.status.election = nil
        var election = ElectionPolicy.election(epoch, ElectionPolicy.Occasion(why, cause), draft)
        election.to = member
        election.operation = operation
        election.joining = joining
        election.leaving = leaving
        draft.status.election = election
        draft.leadership = .handover(why)
        draft.intentions.append("have \(member) lead (\(why))")
    }
}

/// What is to be thought of an operation that has not begun.
enum OperationVerdict: Hashable {
    /// It can begin, with this member.
    case begin(String)
    /// It has to wait, and why.
    case wait(String)
    /// It is so already.
    case done(String)
    /// It is refused, and why.
    case refuse(String)
}

/// Whether the leader can be changed as somebody wishes.
struct LeaderChange {
    /// What a follower may lack of the leader's log, or have yet to apply, in transactions: more would be a long time
    /// without a leader.
    static let allowedTransactions: UInt64 = 10_000
    /// The same in seconds of its server's lag.
    static let allowedSeconds = 10.0

    let draft: Draft
    let wish: XDBOperation.ChangeLeader

    var verdict: OperationVerdict {
        if draft.spec.paused { return .wait("the group is paused (spec.paused)") }
        switch draft.leadership {
        case .none: return .wait("the group has had no leader yet")
        case .recorded, .leads(isWritable: false), .handover, .sealing: return .wait("another change of leader goes on")
        case .suspected(let finding): return .wait(finding.words)
        case .blocked(let finding): return .wait(finding.message)
        case .leads(isWritable: true), .lost: break
        }
        if wish.to == XDBOperation.ChangeLeader.automatic {
            switch Self.best(draft) {
            case .success(let member): return .begin(member)
            case .failure(let refusal): return .refuse(refusal.reason)
            }
        }
        let candidates = draft.voters.filter { $0.kind == .candidate }.map(\.name)
        guard let member = draft.member(wish.to) else {
            return .refuse(
                "\(wish.to) is no member of the group; its candidates are \(candidates.joined(separator: ", "))"
            )
        }
        if member.name == draft.status.leader, case .leads = draft.leadership {
            return .done("\(member.name) leads already")
        }
        if let obstacle = Self.obstacle(member, draft) { return .refuse("\(member.name) cannot lead: \(obstacle)") }
        return .begin(member.name)
    }

    /// The candidate, other than the leader, with the most advanced log of those that may lead now.
    ///
    /// - Parameters:
    ///   - orSetAside: One that is to be left alone may lead, too, when no other can.
    ///   - isMeant: Who is looked at.
    static func best(
        _ draft: Draft,
        orSetAside: Bool = false,
        where isMeant: (XDBGroup.MemberStatus) -> Bool = { _ in true }
    ) -> Result<String, Refusal> {
        let others = draft.voters.filter { member in
            member.kind == .candidate && (member.name != draft.status.leader || isLost(draft)) && isMeant(member)
        }
        let unoccupied = others.filter { obstacle($0, draft) == nil && !draft.isSetAside($0) }
        let able =
            unoccupied.isEmpty && (orSetAside || isLost(draft))
            ? others.filter { inability($0, draft) == nil } : unoccupied
        // One that is being made anew would not be, as the leader.
        let steady = able.filter { draft.status.rebuild?.member != $0.name }
        let best = (steady.isEmpty ? able : steady).max { left, right in
            let (left, right) = (
                (draft.heard(left)?.position ?? .zero, -left.ordinal),
                (
                    draft.heard(right)?.position ?? .zero, -right.ordinal
                )
            )
            return left < right
        }
        if let best { return .success(best.name) }
        let reasons = others.map { "\($0.name): \(obstacle($0, draft) ?? "")" }.joined(separator: "; ")
        return .failure(
            Refusal(
                member: draft.status.leader ?? "",
                reason: others.isEmpty ? "there is no other candidate" : "no other candidate can lead now (\(reasons))"
            )
        )
    }

    private static func isLost(_ draft: Draft) -> Bool {
        if case .lost = draft.leadership { true } else { false }
    }

    /// Why a candidate cannot or should not take over now; nil when it can.
    static func obstacle(_ member: XDBGroup.MemberStatus, _ draft: Draft, joining: String? = nil) -> String? {
        // Of a group without a leader every candidate may be needed.
        if let aside = draft.setAside(member), !isLost(draft) { return aside.words }
        return inability(member, draft, joining: joining)
    }

    private static func inability(
        _ member: XDBGroup.MemberStatus,
        _ draft: Draft,
        joining: String? = nil
    ) -> String? {
        guard member.voter || member.name == joining, !member.isSuccessor else { return "it does not vote" }
        if let refusal = MemberExamination(draft: draft, member: member).refusal { return refusal }
        // Without a leader nobody streams, and what is missing is pulled from another voter.
        return isLost(draft) ? nil : lag(of: member, draft)
    }

    /// What a follower, logger or learner lacks of what the leader has, when that is more than a moment's; nil when it is
    /// not, or when nothing is heard.
    static func lag(of member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        guard let leader = draft.member(draft.status.leader).flatMap({ draft.heard($0) }),
            let agent = draft.heard(member)
        else { return nil }
        guard agent.phase == .streaming else { return "it does not receive the leader's log now" }
        let log = leader.position.sequence.subtracting(agent.position.sequence)
        if log > allowedTransactions { return "its log is \(log) transactions behind" }
        if let lag = agent.server.lagSeconds, lag > allowedSeconds { return "its server is \(Int(lag)) s behind" }
        let unapplied = agent.position.sequence.subtracting(agent.server.applied?.sequence ?? 0)
        if agent.server.applied != nil, unapplied > allowedTransactions {
            return "its server has \(unapplied) transactions to apply"
        }
        return nil
    }
}

extension UInt64 {
    /// The difference, or 0 when the other is larger.
    fileprivate func subtracting(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
