import KubernetesModel
import XDB

/// Gives candidates and loggers back the votes that they lost when a leader was forced without them.
///
/// One at a time, each by an election of the old voters in which the newcomer is sealed too. That is safe when the present
/// epoch has committed its first transaction, hence only while its leader takes writes: see docs/safety.md.
enum VoterPolicy {
    /// How long nothing is tried after an attempt in which the newcomer did not answer: each costs the writes a pause.
    static let pause = Duration.seconds(60)

    static func apply(_ draft: inout Draft) {
        guard draft.status.election == nil, !draft.voters.contains(where: \.vacant),
            case .leads(isWritable: true) = draft.leadership
        else { return }
        // Candidates first: with two of them the next change is a hand-over, and no restart of a server.
        let outsiders = draft.outsiders.sorted { left, right in
            (left.kind == .candidate ? 0 : 1, left.ordinal) < (right.kind == .candidate ? 0 : 1, right.ordinal)
        }
        guard let newcomer = outsiders.first(where: { isReady($0, draft) }), !hasJustFailed(draft) else { return }
        let to = successor(draft, joining: newcomer) ?? draft.status.leader ?? newcomer.name
        HandoverPolicy.begin(
            .voterAdded,
            to: to,
            "\(newcomer.name) has the log again and gets its vote",
            joining: newcomer.name,
            &draft
        )
    }

    /// Whether a member would be a good voter now: it follows, and the log that it lacks is a matter of a moment.
    static func isReady(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        guard draft.outsiders.contains(where: { $0.name == member.name }),
            draft.findings[member.name]?.finding.reason == .awaitingVote,
            let agent = draft.heard(member), agent.hearsLeader, agent.position.epoch == draft.status.epoch,
            let leader = draft.member(draft.status.leader).flatMap({ draft.heard($0) })
        else { return false }
        guard agent.position.sequence + LeaderChange.allowedTransactions >= leader.position.sequence else {
            return false
        }
        // With it, commits need a majority of one voter more.
        let present = draft.voters.count { draft.findings[$0.name]?.health == .healthy }
        return present + 1 >= majority(of: draft.voters.count + 1)
    }

    /// A sealed leader's server has to start again before it leads, and another candidate's need not.
    private static func successor(_ draft: Draft, joining: XDBGroup.MemberStatus) -> String? {
        (draft.voters + [joining]).filter { member in
            member.kind == .candidate && member.name != draft.status.leader
                && LeaderChange.obstacle(member, draft, joining: joining.name) == nil
        }.max { left, right in
            (draft.heard(left)?.position ?? .zero, -left.ordinal) < (
                draft.heard(right)?.position ?? .zero, -right.ordinal
            )
        }?.name
    }

    private static func hasJustFailed(_ draft: Draft) -> Bool {
        let epochs = draft.status.epochs
        guard let last = epochs.first, last.cause == .voterAdded, let time = last.time,
            last.voters == epochs.dropFirst().first?.voters
        else { return false }
        return draft.observation.now.since(time) < pause
    }
}
