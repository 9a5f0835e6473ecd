import KubernetesModel
import XDB

// From the outside: its node, its claim, its pod, and what keeps its container from starting.
extension MemberExamination {
    var place: MemberFinding? {
        if let lost = lostNode ?? lostClaim { return lost }
        let node = draft.node(member.node)
        let away = node.map { $0.ready != .true } ?? false
        guard let pod = draft.pod(of: member) else {
            if let node, away {
                return MemberFinding(
                    .unhealthy,
                    .nodeNotReady,
                    "its data are on node \(node.name), which is not ready; its pod starts there when the node is back"
                )
            }
            return refused ?? MemberFinding(.progressing, .starting, "its pod is being made")
        }
        if away, let node {
            return MemberFinding(
                .unhealthy,
                .nodeNotReady,
                "it runs on node \(node.name), which is not ready; bring the node back"
            )
        }
        if let refused { return refused }
        if pod.isBeingDeleted {
            return MemberFinding(
                .progressing,
                .terminating,
                "its pod is being deleted, and made again on the same data"
            )
        }
        if let failure = pod.failure {
            return MemberFinding(.progressing, .terminating, "its pod failed (\(failure)) and is made again")
        }
        if let words = pod.unschedulable {
            return MemberFinding(.unhealthy, .unschedulable, "no node fits its pod: \(words); \(schedulingRemedy)")
        }
        return nil
    }

    // MARK: Node

    /// Its node is not in the cluster any more, and its data with it.
    private var lostNode: MemberFinding? {
        guard let name = member.node, draft.node(name) == nil, !draft.observation.nodes.isEmpty, member.joined else {
            return nil
        }
        let remedy = "bring the node back under its old name"
        if isPinned {
            let fate = prospect.words(
                "it is rebuilt on another node, unless that one is back under its old name first",
                else: remedy,
                isElsewhere: true
            )
            return MemberFinding(
                .unhealthy,
                .nodeMissing,
                "its data are on node \(name), which is not in the cluster; \(fate)"
            )
        }
        // A volume that can be attached elsewhere is, by Kubernetes itself.
        guard let words = draft.pod(of: member)?.unschedulable else { return nil }
        let fate = prospect.words(
            "when that is so for \(draft.spec.repair.graceSeconds) s it is rebuilt on another node with a new claim",
            else: remedy,
            isElsewhere: true
        )
        return MemberFinding(
            .unhealthy,
            .nodeMissing,
            "no node fits its pod (\(words)), and node \(name), where it ran last, is not in the cluster: its volume may be "
                + "bound to that node; \(fate)"
        )
    }

    /// True when the member's pod can only run on one node.
    private var isPinned: Bool {
        draft.status.storage?.hostPath != nil && member.joined
    }

    // MARK: Claim

    /// Its claim is gone, or goes when nothing uses it any more: no empty one is made in its place.
    private var lostClaim: MemberFinding? {
        guard draft.status.storage?.volumeClaim != nil, member.joined else { return nil }
        let (pod, claim) = (draft.pod(of: member), draft.claim(of: member))
        let name = draft.names.claim(of: member.member, incarnation: member.incarnation)
        if let claim {
            // A pod that has its node keeps the claim until it ends.
            guard claim.isBeingDeleted, pod?.node == nil else { return nil }
            return dataMissing("its claim \(name) is being deleted")
        }
        return pod?.isRunning ?? false ? nil : dataMissing("its claim \(name) is gone")
    }

    // MARK: Pod

    /// What the API server refuses of that without which the member does not start.
    private var refused: MemberFinding? {
        if draft.pod(of: member)?.isRunning ?? false { return nil }
        // The claim first: the others may wait for it.
        let needs = [
            ObjectName(
                "PersistentVolumeClaim",
                draft.names.claim(of: member.member, incarnation: member.incarnation)
            ),
            ObjectName("Secret", draft.names.certificate(of: member.life)), ObjectName("Pod", member.life),
        ]
        let refusals = needs.compactMap { need in draft.observation.refusals.first { $0.object == need } }
        return refusals.first.map { MemberFinding(.unhealthy, .refused, $0.sentence) }
    }

    private var schedulingRemedy: String {
        if isPinned, let node = member.node {
            return "its data are on \(node): make room there, or remove the taint"
        }
        var limits = ["every member needs a node of its own"]
        let zones = member.kind == .learner ? learnerZones : draft.spec.placement.zones
        if !zones.isEmpty { limits.append("in the zones \(zones.joined(separator: ", "))") }
        if !draft.spec.placement.nodeSelector.isEmpty {
            limits.append("with the labels of spec.placement.nodeSelector")
        }
        return limits.joined(separator: " ") + "; add nodes or widen spec.placement"
    }

    private var learnerZones: [String] {
        draft.spec.members.learners.first { $0.name == member.learnerSet }?.zones ?? []
    }

    var container: MemberFinding? {
        guard let pod = draft.pod(of: member), let reason = pod.waitingReason else { return nil }
        let words = [reason, pod.waitingMessage].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
        switch reason {
        case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
            "RegistryUnavailable":
            return MemberFinding(
                .unhealthy,
                .imagePull,
                "the image '\(draft.spec.image)' cannot be had (\(words)); put spec.image right, or make the image "
                    + "available to the nodes"
            )
        case "ContainerCreating", "PodInitializing":
            return MemberFinding(.progressing, .starting, "its containers start")
        default:
            return MemberFinding(
                .unhealthy,
                .containerFailed,
                "its container does not start (\(words)); look at kubectl describe pod \(pod.name) and "
                    + "kubectl logs \(pod.name)"
            )
        }
    }
}
