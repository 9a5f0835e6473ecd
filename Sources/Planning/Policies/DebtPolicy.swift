import KubernetesModel
import XDB

/// Removes former lives of members, and members that have left: the Jobs, the pod, the certificate, and last the data.
///
/// What is on a node that is away stays recorded until the node is back, or its Node object is deleted.
enum DebtPolicy {
    /// Records that a life of a member is not needed any more.
    ///
    /// - Parameter isMember: The member as a whole is removed, and its data are kept where data are to be retained.
    static func owe(
        _ member: XDBGroup.MemberStatus,
        _ why: String,
        isMember: Bool = false,
        _ draft: inout Draft
    ) {
        var debt = XDBGroup.Debt()
        debt.life = member.life
        debt.member = member.member
        debt.node = member.node
        let storage = draft.status.storage ?? draft.spec.storage
        if isMember, storage.onDelete == .retain {
            // Its next namesake begins with another life.
        } else if let path = storage.hostPath?.path {
            // Never the directory of all its lives: a namesake's may be there when somebody late carries this out.
            debt.directory = draft.names.directory(
                of: path,
                member: member.member,
                incarnation: member.incarnation
            )
        } else {
            debt.claim = draft.names.claim(of: member.member, incarnation: member.incarnation)
        }
        debt.since = draft.observation.now.wholeSeconds
        debt.message = why
        draft.status.debts.removeAll { $0.life == debt.life }
        draft.status.debts.append(debt)
    }

    static func apply(_ draft: inout Draft) {
        // What was recorded before this round: a life loses its place in the record first.
        let recorded = Set(draft.observation.group.status.debts.map(\.life))
        for debt in draft.status.debts where recorded.contains(debt.life) {
            let waiting = pay(debt, &draft)
            guard let index = draft.status.debts.firstIndex(where: { $0.life == debt.life }) else { continue }
            if let waiting {
                draft.status.debts[index].message = waiting
            } else {
                draft.status.debts.remove(at: index)
            }
        }
        // A pod that is done stays until what it did is recorded.
        for cleanup in draft.observation.cleanups
        where cleanup.isFinished && !draft.cleanups.contains(cleanup.pod) {
            draft.act(.deleteCleanup(pod: cleanup.pod))
        }
        if !draft.status.debts.isEmpty { draft.checkAgain(within: .seconds(5)) }
    }

    /// Plans the next step; returns what it waits for, or nil when nothing is left.
    private static func pay(_ debt: XDBGroup.Debt, _ draft: inout Draft) -> String? {
        if let reliance = RebuildDiscard.reliance(on: debt.life, of: debt.member, draft) { return reliance }
        let isAway = draft.node(debt.node).map { $0.ready != .true } ?? (debt.node != nil)
        let jobs = draft.observation.jobs.filter { RebuildJobs.isOf(debt.life, $0) }
        for job in jobs { RebuildJobs.delete(job, &draft) }
        let pods = draft.observation.pods.filter { $0.name == debt.life }
        for pod in pods {
            let why =
                debt.isMember(draft) ? "\(debt.member) was removed" : "\(debt.life) is a former life of \(debt.member)"
            // Its vote has passed on, so whatever still runs there counts for nothing.
            if isAway {
                draft.act(.forceDeletePod(name: pod.name, uid: pod.uid, why: why))
            } else {
                discard(pod, why, &draft)
            }
        }
        guard jobs.isEmpty, pods.isEmpty else { return "its pods end" }
        let isCertified = draft.observation.secrets.contains(draft.names.certificate(of: debt.life))
        if isCertified { draft.act(.deleteCertificate(life: debt.life)) }
        return removeData(of: debt, &draft) ?? (isCertified ? "its certificate is deleted" : nil)
    }

    /// Deletes a pod that has nothing to end in order, since its data go too.
    static func discard(_ pod: PodObservation, _ why: String, _ draft: inout Draft) {
        if !pod.isBeingDeleted {
            draft.act(.discardPod(name: pod.name, uid: pod.uid, why: why))
        } else if hasEnded(pod, draft) {
            draft.act(.forceDeletePod(name: pod.name, uid: pod.uid, why: why))
        }
    }

    /// A kubelet may take a minute to say that a pod has gone whose containers have ended, or even that these have.
    private static let kubeletPatience = Duration.seconds(10)

    private static func hasEnded(_ pod: PodObservation, _ draft: Draft) -> Bool {
        if pod.hasEnded { return true }
        guard let killed = pod.killed, draft.node(pod.node)?.ready == .true else { return false }
        return draft.observation.now.since(killed) > kubeletPatience
    }

    private static func removeData(of debt: XDBGroup.Debt, _ draft: inout Draft) -> String? {
        if let claim = debt.claim {
            guard let present = draft.observation.claims.first(where: { $0.name == claim }) else { return nil }
            if !present.isBeingDeleted { draft.act(.deleteClaim(name: claim)) }
            return "its claim \(claim) is being deleted"
        }
        guard let directory = debt.directory, let node = debt.node else { return nil }
        switch Cleanup(node: node, directory: directory).plan(&draft) {
        case .done: return nil
        case .running: return "\(directory) is being removed from \(node)"
        case .waiting:
            return "\(directory) is removed when node \(node) is back, or forgotten when its Node object is deleted"
        case .failed(let words): return "\(directory) could not be removed from \(node): \(words); it is tried again"
        }
    }
}

extension XDBGroup.Debt {
    /// True for a member that was removed, and not for a former life of one that is there.
    func isMember(_ draft: Draft) -> Bool { draft.member(member) == nil }
}
