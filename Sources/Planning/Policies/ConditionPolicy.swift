import KubernetesModel
import XDB

/// Puts what was found out into conditions, and into the few words that `kubectl get` shows.
enum ConditionPolicy {
    static func apply(_ draft: inout Draft) {
        let conditions = GroupConditions(draft)
        for (type, verdict) in [
            (ConditionType.specValid, conditions.specValid), (.ready, conditions.ready),
            (.writable, conditions.writable), (.fullyRedundant, conditions.fullyRedundant),
            (.progressing, conditions.progressing),
        ] {
            draft.status.conditions.set(
                Condition(
                    type.rawValue,
                    verdict.status,
                    reason: verdict.finding.reason.rawValue,
                    message: verdict.finding.message,
                    observedGeneration: draft.observation.group.metadata.generation
                ),
                now: draft.observation.now
            )
        }
        tellPendingRepairs(&draft)
        summarise(&draft, conditions)
        draft.checkAgain(within: conditions.progressing.status == .true ? .seconds(2) : .seconds(30))
    }

    /// There only while it holds: nobody has to read that nothing is pending.
    private static func tellPendingRepairs(_ draft: inout Draft) {
        let type = ConditionType.repairPending.rawValue
        guard !draft.pendingRepairs.isEmpty else { return draft.status.conditions.removeAll { $0.type == type } }
        draft.status.conditions.set(
            Condition(
                type,
                .true,
                reason: Reason.repairPending.rawValue,
                message: draft.pendingRepairs.map(\.message).joined(separator: "; "),
                observedGeneration: draft.observation.group.metadata.generation
            ),
            now: draft.observation.now
        )
    }

    private static func summarise(_ draft: inout Draft, _ conditions: GroupConditions) {
        let members = draft.status.members.filter { !$0.isSuccessor && !$0.leaving }
        let ready = members.count { draft.findings[$0.name]?.health == .healthy }
        draft.status.readyMembers = members.isEmpty ? nil : "\(ready)/\(members.count)"
        draft.status.zones = members.isEmpty ? nil : members.map { $0.zone ?? "-" }.joined(separator: ",")
        draft.status.lag = members.compactMap(\.lagSeconds).max().map { $0 == 0 ? "0s" : ">=\($0)s" }
        draft.status.message = conditions.headline
    }
}

/// The conditions of a group, worked out from a draft.
struct GroupConditions {
    struct Verdict: Hashable {
        var status: Condition.Status
        var finding: Finding

        init(_ status: Condition.Status, _ reason: Reason, _ message: String) {
            self.status = status
            self.finding = Finding(reason, message)
        }

        init(_ status: Condition.Status, _ finding: Finding) {
            self.status = status
            self.finding = finding
        }
    }

    let draft: Draft

    init(_ draft: Draft) {
        self.draft = draft
    }

    var specValid: Verdict {
        let problems = draft.specProblems
        guard !problems.isEmpty else { return Verdict(.true, .valid, "the spec is carried out") }
        let text = problems.prefix(5).map(\.description).joined(separator: "; ")
        let more = problems.count > 5 ? "; and \(problems.count - 5) more" : ""
        return Verdict(.false, .invalidSpec, "\(text)\(more). Nothing of the group is touched until this is put right")
    }

    /// Whether a write would succeed.
    var writable: Verdict {
        let leader = draft.status.leader ?? "-"
        switch draft.leadership {
        case .none:
            return Verdict(.false, bootstrapping)
        case .recorded:
            return Verdict(.false, .promoting, "\(leader) is told that it leads epoch \(draft.status.epoch)")
        case .suspected(let finding):
            // It may well take writes; the operator cannot know.
            return Verdict(.unknown, .leaderSuspected, finding.words)
        case .lost(let finding):
            return Verdict(.false, .leaderLost, finding.words)
        case .handover(let why):
            return Verdict(.false, .changingLeader, why)
        case .sealing(let why):
            return Verdict(.false, .sealing, why)
        case .blocked(let finding):
            return Verdict(.false, finding)
        case .leads(isWritable: false):
            return Verdict(.false, .promoting, "\(leader) completes and applies its log before it takes writes")
        case .leads(isWritable: true):
            if let missing = missingMajority { return Verdict(.false, .noQuorum, missing) }
            return Verdict(.true, .writable, "\(leader) takes writes in epoch \(draft.status.epoch)")
        }
    }

    /// Why commits wait although the leader is open for writes; nil when they do not.
    private var missingMajority: String? {
        guard let leader = draft.member(draft.status.leader), let agent = draft.heard(leader) else { return nil }
        let voters = draft.voters.filter { $0.name != leader.name }
        let connected = Set(agent.peers.filter(\.connected).map(\.name))
        let away = voters.filter { !connected.contains(draft.seat(of: $0)) }.map(\.name)
        guard 1 + voters.count - away.count < majority(of: 1 + voters.count) else { return nil }
        return
            "commits wait: \(away.joined(separator: ", ")) do not acknowledge, and a majority of \(1 + voters.count) "
            + "voters is needed; bring back their pods or nodes"
    }

    var ready: Verdict {
        guard writable.status == .true else { return Verdict(writable.status, writable.finding) }
        let voters = draft.voters
        let healthy = voters.count { draft.findings[$0.name]?.health == .healthy }
        guard healthy >= majority(of: voters.count) else {
            return Verdict(.false, .noQuorum, "only \(healthy) of \(voters.count) voters play their part")
        }
        return Verdict(.true, .asWanted, "\(healthy) of \(voters.count) voters play their part")
    }

    var fullyRedundant: Verdict {
        let members = draft.status.members.filter {
            !$0.isSuccessor && !$0.leaving && !draft.unwanted.contains($0.name)
        }
        let lacking = members.filter { draft.findings[$0.name]?.health != .healthy }
        guard !members.isEmpty else { return Verdict(.false, bootstrapping) }
        if let missing = missingVotes { return Verdict(.false, .votersMissing, missing) }
        guard let worst = worst(of: lacking) else {
            if draft.lacking > 0, let change = draft.change { return Verdict(.false, change) }
            return Verdict(.true, .asWanted, "all \(members.count) members play their part")
        }
        return Verdict(.false, worst.reason, describe(lacking))
    }

    /// Who has no vote since a leader was forced, and why not; nil when all voters vote.
    private var missingVotes: String? {
        let outsiders = draft.outsiders
        guard !outsiders.isEmpty else { return nil }
        let voters = draft.voters.map(\.name)
        return
            "\(voters.count) of \(voters.count + outsiders.count) voters vote (\(voters.joined(separator: ", "))), since a "
            + "leader was forced without the others; they get their votes back by themselves, one after the other, when "
            + "they are back with their data and have the log. \(describe(outsiders))"
    }

    var progressing: Verdict {
        if draft.spec.paused {
            return Verdict(.false, .paused, "spec.paused is true\(wish)")
        }
        if specValid.status == .false {
            return Verdict(.false, .invalidSpec, "the spec is refused: see the condition SpecValid")
        }
        if let problem = draft.problems.first { return Verdict(.false, problem) }
        if case .blocked(let finding) = draft.leadership { return Verdict(.false, finding) }
        if let stranded = draft.strandedLeader { return Verdict(.false, stranded) }
        // What it waits for is in its message.
        if case .leads(isWritable: true) = draft.leadership, let change = draft.change, change.reason == .changeWaits {
            return Verdict(.false, change)
        }
        let lacking = draft.status.members.filter { draft.findings[$0.name]?.health != .healthy }
        let underWay = lacking.filter { draft.findings[$0.name]?.health == .progressing }
        if let worst = worst(of: lacking), worst.reason.isWarning, underWay.isEmpty {
            return Verdict(.false, worst.reason, "nothing more can be done by itself: \(describe(lacking))")
        }
        switch draft.leadership {
        case .none: return Verdict(.true, bootstrapping)
        case .lost, .handover, .sealing, .recorded, .leads(isWritable: false):
            return Verdict(.true, writable.finding)
        case .suspected(let finding): return Verdict(.true, .leaderSuspected, finding.words)
        case .leads(isWritable: true), .blocked: break
        }
        if let change = draft.change { return Verdict(.true, change) }
        if let rollout = draft.rollout {
            let next = underWay.isEmpty ? rollout.next : describe(underWay)
            return Verdict(.true, .rollingChange, rollout.sentence + (next.map { "; \($0)" } ?? ""))
        }
        if let worst = worst(of: underWay) { return Verdict(.true, worst.reason, describe(underWay)) }
        if let removal { return removal }
        return Verdict(.false, .asWanted, "the group is as its spec wants it")
    }

    /// How far the removal of members is; nil when nothing of one is left.
    private var removal: Verdict? {
        let debts = draft.status.debts.filter { $0.isMember(draft) }
        guard !debts.isEmpty else { return nil }
        let words = debts.map { "\($0.member) is removed: \($0.message ?? "its pod ends")" }.joined(separator: "; ")
        let isAway = debts.allSatisfy { debt in
            draft.node(debt.node).map { $0.ready != .true } ?? false
                && !draft.observation.pods.contains { $0.name == debt.life }
        }
        return isAway ? Verdict(.false, .cleanupPending, words) : Verdict(.true, .terminating, words)
    }

    /// The sentence for `kubectl get -o wide`.
    var headline: String {
        if specValid.status == .false { return specValid.finding.message }
        if draft.spec.paused { return progressing.finding.message }
        if let problem = draft.problems.first { return problem.message }
        if writable.status != .true, draft.leadership != .none { return writable.finding.message }
        if fullyRedundant.status != .true { return fullyRedundant.finding.message }
        return progressing.finding.message
    }

    private var bootstrapping: Finding {
        let waiting = draft.status.members.filter { $0.voter && !$0.joined }
        if waiting.isEmpty { return Finding(.bootstrapping, "the first leader is about to be elected") }
        return Finding(.bootstrapping, "the group starts; \(describe(waiting))")
    }

    /// What the operator would do now, were it not paused.
    private var wish: String {
        let words = draft.wish
        guard !words.isEmpty else { return "; nothing is to be done" }
        let more = words.count > 4 ? " and \(words.count - 4) more" : ""
        return "; without that the operator would now \(words.prefix(4).joined(separator: ", "))\(more)"
    }

    /// Problems before progress, by ordinal.
    private func worst(of members: [XDBGroup.MemberStatus]) -> Finding? {
        let findings = members.compactMap { draft.shown($0) }
        let unhealthy = findings.filter { $0.health == .unhealthy }
        return (unhealthy.first { $0.finding.reason.isWarning } ?? unhealthy.first ?? findings.first)?.finding
    }

    private func describe(_ members: [XDBGroup.MemberStatus]) -> String {
        members.compactMap { member in
            draft.shown(member).map { "\(member.name): \($0.finding.message)" }
        }.joined(separator: "; ")
    }
}
