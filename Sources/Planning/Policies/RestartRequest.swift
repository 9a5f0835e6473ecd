import KubernetesModel
import XDB

/// A restart that somebody asks for, and how far it is.
///
/// A pod that is made while the operation is under way carries its uid (`Label.restart`), so that it is seen which members
/// have been restarted for it, whoever looks.
struct RestartRequest {
    let draft: Draft
    let operation: XDBOperation
    let wish: XDBOperation.Restart

    init?(_ operation: XDBOperation, _ draft: Draft) {
        guard let wish = operation.spec.restart else { return nil }
        self.draft = draft
        self.operation = operation
        self.wish = wish
    }

    /// The one whose turn it is, or that is brought to a whole state after it was cancelled.
    static func current(_ draft: Draft) -> RestartRequest? {
        let begun = draft.unfinished.first { $0.spec.restart != nil && $0.status.state == .running }
        return (begun ?? draft.turn).flatMap { RestartRequest($0, draft) }
    }

    /// The members that are to be restarted.
    var members: [XDBGroup.MemberStatus] {
        let retired = Set(draft.retired.map(\.name))
        let all = draft.status.members.filter { !$0.isSuccessor && !retired.contains($0.name) }
        if let name = wish.member { return all.filter { $0.name == name } }
        return all.filter { !draft.isSetAside($0) }
    }

    /// Whether a member's pod was made for this.
    func isRenewed(_ member: XDBGroup.MemberStatus) -> Bool {
        draft.pod(of: member).map { $0.restart == operation.metadata.uid && !$0.isBeingDeleted } ?? false
    }

    /// Whether a member's pod was made for this, and the member plays its part again.
    func isDone(_ member: XDBGroup.MemberStatus) -> Bool {
        isRenewed(member) && draft.findings[member.name]?.health == .healthy
    }

    /// The member whose pod is away, or new and not yet of use.
    var away: XDBGroup.MemberStatus? {
        members.first { member in
            guard let pod = draft.pod(of: member), !pod.isBeingDeleted else { return true }
            return isRenewed(member) && !isDone(member)
        }
    }

    /// True once something was done for it.
    var hasBegun: Bool { operation.status.state == .running || members.contains { isRenewed($0) } }

    /// How far it is, in words.
    var sentence: String {
        let members = members
        let done = members.count { isDone($0) }
        if wish.member != nil { return done == 1 ? "\(wish.member ?? "") is restarted" : "it is being restarted" }
        return "\(done) of \(members.count) members are restarted"
    }

    /// What to think of it; with `begin`, the member that is concerned by the next step.
    var verdict: OperationVerdict {
        if draft.spec.paused { return .wait("the group is paused (spec.paused)") }
        if let refusal { return .refuse(refusal) }
        let members = members
        if let away { return .wait("\(away.name): \(draft.shown(away)?.finding.message ?? "its pod is being made")") }
        let remaining = members.filter { !isRenewed($0) }
        if remaining.isEmpty { return .done(sentence) }
        switch step(remaining) {
        case .remake(let member), .handOver(let member): return .begin(member)
        case .wait(let why): return isRefusable && !hasBegun ? .refuse(why) : .wait(why)
        }
    }

    /// The next step for those that are still to be restarted.
    func step(_ remaining: [XDBGroup.MemberStatus]) -> Renewal.Step {
        let renewal = Renewal(draft: draft)
        guard wish.member != nil, let member = remaining.first else {
            return renewal.next(of: remaining, evenAiling: true)
        }
        if let lost = renewal.lostNode(of: member) { return .wait(lost) }
        if draft.voters.count > 1 || !member.voter {
            if let standstill = renewal.standstill { return .wait(standstill) }
            if let lack = RebuildRequest.lackOfVoters(without: member, draft) { return .wait(lack) }
        }
        return renewal.step(for: member)
    }

    /// What is refused at once, whatever may pass.
    private var refusal: String? {
        guard let name = wish.member, members.isEmpty else { return nil }
        if draft.retired.contains(where: { $0.name == name }) {
            return "\(name) is not wanted any more, and is being removed"
        }
        let names = draft.status.members.filter { !$0.isSuccessor }.map(\.name).joined(separator: ", ")
        return "\(name) is no member of the group; its members are \(names)"
    }

    /// One member is restarted now or not at all; all of them are when the group allows it.
    private var isRefusable: Bool { wish.member != nil && Renewal(draft: draft).standstill == nil }
}
