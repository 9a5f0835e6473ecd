import KubernetesModel
import XDB

/// The step of a rebuild in which a sample of the new life's data is compared with another member's.
///
/// A server that plays its part and has not the group's data is the worst outcome of all, so nothing but a match leads on.
struct RebuildVerification {
    let rebuild: XDBGroup.RebuildStatus
    let successor: XDBGroup.MemberStatus

    /// How often it is tried to compare them; each attempt is a minute of the agent's own attempts.
    static let attempts = 5
    /// How long the whole may take.
    static let patience = Duration.seconds(900)

    /// What was compared, in words, once the data match; until then it does what is next, and says what it waits for.
    func match(_ draft: inout Draft) -> String? {
        if isOverdue(draft) {
            let last = rebuild.message ?? "nothing was heard of the comparison"
            fail(
                "its data could not be compared within \(Self.patience.components.seconds) s: \(last)",
                failure: RebuildWatch.failure,
                &draft
            )
            return nil
        }
        guard let agent = draft.heard(successor) else {
            wait(draft.findings[successor.name]?.finding.message ?? "its agent is not heard", &draft)
            return nil
        }
        guard let source = draft.member(rebuild.comparedWith) else {
            choose("no member to compare with was chosen yet", &draft)
            return nil
        }
        guard let verification = agent.verification, verification.attempt == rebuild.attempt,
            verification.source == source.life
        else {
            ask(source, &draft)
            return nil
        }
        switch verification.state {
        case .matched: return verification.message
        case .running: follow(source, verification, &draft)
        case .differs:
            draft.tell(
                .dataDiffer,
                "\(successor.life) does not take the place of \(rebuild.member): \(verification.message)"
            )
            fail(verification.message, failure: Reason.dataDiffer.rawValue, &draft)
        case .failed:
            // A server that stands still for a whole attempt, and says why, is not asked for another.
            if let problem = agent.problems.first(where: { Self.standstills.contains($0.reason) }) {
                let why = "its data do not continue the group's log: \(problem.message)"
                fail(why, failure: problem.reason, &draft)
            } else {
                again(verification.message, &draft)
            }
        }
        return nil
    }

    /// What an agent says of a server that does not apply the log, and will not.
    private static let standstills: Set<String> = ["ApplyFailed", "Diverged"]

    private func isOverdue(_ draft: Draft) -> Bool {
        guard let began = rebuild.steps.last?.start else { return false }
        return MicroTime(draft.observation.now).milliseconds(since: began) > Self.patience.milliseconds
    }

    private func wait(_ why: String, _ draft: inout Draft) { draft.status.rebuild?.message = why }

    private func fail(_ why: String, failure: String? = nil, _ draft: inout Draft) {
        RebuildPolicy.end(.failed, why, failure: failure, &draft)
    }

    // MARK: With whom

    /// The member that was copied from, unless it leads; else the most advanced one; the leader, who has the clients, last.
    private func candidate(except: String? = nil, _ draft: Draft) -> String? {
        guard let member = draft.member(rebuild.member) else { return nil }
        if let copied = draft.member(rebuild.source), copied.name != except, copied.name != draft.status.leader,
            RebuildRequest.obstacle(asSource: copied, draft) == nil
        {
            return copied.name
        }
        return RebuildRequest.bestSource(for: member, except: except, draft)?.name
    }

    private func choose(_ why: String, _ draft: inout Draft) {
        guard let name = candidate(draft) else {
            return wait("it waits for another member with data that plays its part: \(why)", &draft)
        }
        draft.status.rebuild?.comparedWith = name
        if let source = draft.member(name) { ask(source, &draft) }
    }

    /// Another member where there is one, else the same again.
    private func again(_ why: String, _ draft: inout Draft) {
        guard rebuild.attempt < Self.attempts else {
            return fail("its data could not be compared: \(why)", &draft)
        }
        let other = candidate(except: rebuild.comparedWith, draft) ?? rebuild.comparedWith
        draft.status.rebuild?.attempt += 1
        draft.status.rebuild?.comparedWith = other
        wait("\(why); it is tried again, with \(other ?? "nobody")", &draft)
    }

    // MARK: The agent

    private func ask(_ source: XDBGroup.MemberStatus, _ draft: inout Draft) {
        if let refusal = draft.agent(of: successor)?.refusal, refusal.request == .verify,
            refusal.error.reason == "NotFound"
        {
            return fail(
                "the agent of \(successor.life) cannot compare its data: it is older than the operator; put spec.image to "
                    + "the operator's version, and rebuild it again",
                &draft
            )
        }
        if let obstacle = RebuildRequest.obstacle(asSource: source, draft) {
            guard let other = candidate(except: source.name, draft) else {
                return wait("its data are to be compared with those of \(source.name): \(obstacle)", &draft)
            }
            draft.status.rebuild?.comparedWith = other
            return wait("\(source.name) cannot be compared with: \(obstacle); \(other) takes its place", &draft)
        }
        guard let address = draft.address(of: source.name) else {
            return wait("\(source.name), with which its data are to be compared, has no address", &draft)
        }
        let attempt = draft.status.rebuild?.attempt ?? rebuild.attempt
        wait("its data are to be compared with those of \(source.name)", &draft)
        draft.act(.verify(member: successor.name, VerifyRequest(attempt: attempt, source: address)))
    }

    /// The agent tries by itself for a while; but a source that is gone does not come back by that.
    private func follow(
        _ source: XDBGroup.MemberStatus,
        _ verification: AgentStatus.Verification,
        _ draft: inout Draft
    ) {
        if draft.heard(source) == nil, draft.silence(of: source) > RebuildPolicy.patience {
            return again("\(source.name) is not heard any more", &draft)
        }
        wait(verification.message, &draft)
    }
}
