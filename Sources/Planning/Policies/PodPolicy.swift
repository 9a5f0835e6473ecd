import KubernetesModel
import XDB

/// A pod for every wanted member: made when there is none, and made again on the same data when it has failed or when
/// it does not start and would now be made differently.
enum PodPolicy {
    static func apply(_ draft: inout Draft) {
        let retired = Set(draft.retired.map(\.name))
        for member in draft.status.members where !retired.contains(member.name) && isDue(member, draft) {
            let wanted = MemberPod(of: member, draft: draft)
            guard let pod = draft.pod(of: member) else {
                if mayRun(member, draft) {
                    draft.act(.createPod(wanted))
                }
                continue
            }
            guard !pod.isBeingDeleted else { continue }
            // A learner has become a candidate: its pod goes on.
            if let kind = pod.kind, kind != member.kind { draft.act(.relabel(pod: pod.name, labels: wanted.labels)) }
            if pod.phase == .failed || pod.phase == .succeeded {
                replace(pod, because: pod.failure ?? "it has ended", &draft)
            } else if !runs(pod, member, draft), pod.revision != wanted.revision {
                replace(pod, because: "it does not run, and the spec has changed", &draft)
            }
        }
    }

    /// Before its data are there, a successor has Jobs and no pod, and a member whose data are given up has none any more.
    private static func isDue(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        guard member.isSuccessor else { return !member.discarded }
        guard let rebuild = draft.status.rebuild, rebuild.successor == member.name else { return false }
        return [.join, .verify, .vote].contains(rebuild.step)
    }

    /// Whose agent answers runs, before the kubelet has told so; but not when it tells what keeps the container from
    /// starting, since an agent that was heard a moment ago may have ended then.
    private static func runs(_ pod: PodObservation, _ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        pod.isRunning || pod.isReady || pod.waitingReason == nil && draft.heard(member) != nil
    }

    private static func replace(_ pod: PodObservation, because why: String, _ draft: inout Draft) {
        draft.act(.deletePod(name: pod.name, uid: pod.uid, why: why))
        draft.tell(.podReplaced, "\(pod.member): pod \(pod.name) is made again: \(why)")
    }

    /// Not on a node that is gone from the cluster, and not on a claim that is gone or on its way out.
    private static func mayRun(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        if draft.findings[member.name]?.finding.reason == .nodeMissing { return false }
        guard draft.status.storage?.volumeClaim != nil else { return true }
        return draft.claim(of: member).map { !$0.isBeingDeleted } ?? !member.joined
    }
}

extension MemberPod {
    /// The pod that a member should have now.
    init(of member: XDBGroup.MemberStatus, draft: Draft) {
        let spec = draft.spec
        let names = draft.names
        let storage = draft.status.storage ?? spec.storage
        let set = spec.members.learners.first { $0.name == member.learnerSet }
        let rebuild = draft.status.rebuild.flatMap { $0.successor == member.name ? $0 : nil }
        let wanted = member.kind == .learner ? set?.zones ?? [] : spec.placement.zones
        let zones = rebuild.flatMap { $0.zones.isEmpty ? nil : $0.zones } ?? wanted

        self.name = member.life
        self.member = member.member
        self.ordinal = member.ordinal
        self.incarnation = member.incarnation
        self.kind = member.kind
        if let path = storage.hostPath?.path {
            data = .hostPath(names.directory(of: path, member: member.member, incarnation: member.incarnation))
        } else {
            data = .claim(names.claim(of: member.member, incarnation: member.incarnation))
        }
        if let node = member.node, storage.hostPath != nil || rebuild != nil {
            placement = .pinned(node: node)
        } else {
            // Where a volume binds a pod to a zone, the spread must not forbid that zone.
            placement = .free(zones: zones, isSpreadRequired: !zones.isEmpty && !member.joined)
        }
        if let rebuild, rebuild.mode == .crossHost {
            avoidedNodes = [draft.member(member.successorOf)?.node].compactMap(\.self) + rebuild.avoidedNodes
        }
        formerLife = draft.member(member.successorOf)?.life
        nodeSelector = spec.placement.nodeSelector
        tolerations = spec.placement.tolerations
        image = spec.image
        resources = member.kind == .logger ? spec.resources.logger : spec.resources.data
        spread = member.learnerSet.map { "learners-\($0)" } ?? "voters"
        labels = [
            "app.kubernetes.io/name": "xdb",
            "app.kubernetes.io/instance": names.group,
            "app.kubernetes.io/component": member.kind.rawValue.lowercased(),
            "app.kubernetes.io/managed-by": "xdb-operator",
            Label.group: names.group,
            Label.member: member.member,
            Label.kind: member.kind.rawValue,
            Label.incarnation: String(member.incarnation),
            Label.life: member.life,
            Label.spread: spread,
        ]
        revision = Self.revision(image, zones, nodeSelector, tolerations, resources)
        annotations[Label.image] = image
        annotations[Label.resources] = Digest.text(of: (resources.fieldJSON ?? .null).description)
        if member.kind.hasData {
            annotations[Label.configuration] = ServerConfiguration(spec.configuration).revision
        }
        annotations[Label.restart] = RestartRequest.current(draft).flatMap { request in
            request.members.contains { $0.name == member.name } ? request.operation.metadata.uid : nil
        }
    }

    /// What the user can change about a pod that does not start, in one word.
    private static func revision(
        _ image: String,
        _ zones: [String],
        _ nodeSelector: [String: String],
        _ tolerations: [XDBGroup.Toleration],
        _ resources: XDBGroup.ContainerResources
    ) -> String {
        let parts: JSONValue = [
            .string(image), zones.fieldJSON ?? nil, nodeSelector.fieldJSON ?? nil, tolerations.fieldJSON ?? nil,
            resources.fieldJSON ?? nil,
        ]
        return Digest.text(of: parts.description)
    }
}
