import KubernetesModel
import XDB

/// Brings what is new in the spec to members that run: a new option file to all of them at once, and an image, resources or
/// options that need a restart to one after the other.
///
/// Who lacks what is seen from the pods and from what the agents say, so nothing is recorded, and whoever observes next goes
/// on. While a member does not play its part no other is touched: so a change that is wrong stops at the first.
enum RolloutPolicy {
    static func apply(_ draft: inout Draft) {
        bringConfiguration(&draft)
        guard let rollout = draft.rollout else { return }
        // How far a member is behind wakes nobody.
        draft.checkAgain(within: .seconds(1))
        let outdated = draft.status.members.filter { rollout.members[$0.name]?.isToBeRenewed ?? false }
        let members = outdated.filter { !draft.isSetAside($0) }
        guard !members.isEmpty else {
            let words = outdated.compactMap { member in
                draft.setAside(member).map { "\(member.name) comes later: \($0.words)" }
            }
            if !words.isEmpty { draft.rollout?.next = words.joined(separator: "; ") }
            return
        }
        let renewal = Renewal(draft: draft)
        if let broken = members.first(where: { renewal.isBroken($0) }) {
            return remake(broken.name, "it does not play its part, and the spec has changed", &draft)
        }
        if rollout.stop != nil { return }
        // The leader is not the only one because it was the first to say what waits for a restart.
        let waiting = rollout.members.filter { $0.value.awaitsFile }.keys.sorted()
        guard waiting.isEmpty else {
            draft.rollout?.next = "the new configuration is on its way to \(waiting.joined(separator: ", "))"
            return
        }
        // What a person has asked for comes first.
        if let operation = draft.turn {
            draft.rollout?.next = "operation \(operation.metadata.name) comes first"
            return
        }
        take(renewal.next(of: members), rollout, &draft)
    }

    private static func take(_ step: Renewal.Step, _ rollout: Rollout, _ draft: inout Draft) {
        switch step {
        case .wait(let why): draft.rollout?.next = "the next one waits: \(why)"
        case .remake(let member) where member == draft.status.leader && ElectionPolicy.isLeftToPeople(draft):
            draft.rollout?.next =
                "\(member) is the only candidate, and failovers are left to people: make an XDBOperation with restart: "
                + "{member: \(member)}, and one with changeLeader: {to: auto} after it"
        case .remake(let member):
            remake(member, "it lacks \(rollout.what) (\(rollout.sentence))", &draft)
        case .handOver(let heir):
            let leader = draft.status.leader ?? ""
            HandoverPolicy.begin(
                .restart,
                to: heir,
                "\(leader) hands over, so that its pod can be made again with \(rollout.what)",
                &draft
            )
        }
    }

    private static func remake(_ member: String, _ why: String, _ draft: inout Draft) {
        draft.remake(member, because: why)
        draft.rollout?.next = "\(member) is made again"
    }

    /// Has the kubelets bring a new option file at once, which they would do after a minute by themselves.
    private static func bringConfiguration(_ draft: inout Draft) {
        let revision = ServerConfiguration(draft.spec.configuration).revision
        for member in draft.status.members where member.kind.hasData {
            guard let pod = draft.pod(of: member), pod.isRunning, !pod.isBeingDeleted, pod.configuration != revision
            else { continue }
            draft.act(.bringConfiguration(pod: pod.name, revision: revision))
        }
    }
}
