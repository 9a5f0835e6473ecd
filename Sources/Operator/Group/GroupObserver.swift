import Controllers
import KubernetesModel
import Planning
import XDB

/// Turns what the caches have into what a decision is made from.
struct GroupObserver: Sendable {
    private let caches: Caches

    /// Reads these caches.
    init(caches: Caches) {
        self.caches = caches
    }

    /// The group's objects now; what agents and Secrets say is filled in by the caller.
    func observe(_ group: XDBGroup, now: Time) throws -> GroupObservation {
        var observation = GroupObservation(group: group, now: now)
        observation.nodes = try caches.list(Node.self).map(NodeObservation.init)
        observation.pods = try caches.list(Pod.self, ownedBy: group.metadata.uid).compactMap(PodObservation.init)
        observation.cleanups = try caches.list(.cleanup, group.metadata.uid).map(CleanupObservation.init)
        observation.jobs = JobObservation.observations(
            of: try caches.list(Job.self, ownedBy: group.metadata.uid),
            pods: try caches.list(.job, group.key.description),
            now: now
        )
        // Claims that outlive their group have no owner.
        observation.claims = try caches.list(
            PersistentVolumeClaim.self,
            namespace: group.metadata.namespace,
            labels: [Label.group: group.metadata.name]
        ).compactMap(ClaimObservation.init)
        observation.otherRebuilds = try otherRebuilds(besides: group.key)
        observation.otherHandovers = try caches.list(XDBGroup.self)
            .count { $0.key != group.key && $0.isLeavingOfflineNode }
        observation.operations = try caches.list(.group, group.key.description)
        observation.storageClasses = try Set(caches.list(StorageClass.self).map(\.metadata.name))
        return observation
    }

    /// The rebuilds that are under way in all groups but one, in the order of the groups.
    func otherRebuilds(besides group: ObjectKey) throws -> [OtherRebuild] {
        try caches.list(XDBGroup.self).filter { $0.key != group }.compactMap { other in
            let operation = try other.status.rebuild.flatMap { rebuild in
                try caches.get(
                    XDBOperation.self,
                    ObjectKey(namespace: other.metadata.namespace, name: rebuild.operation)
                )
            }
            return OtherRebuild(other, operation)
        }
    }
}

extension OtherRebuild {
    /// Nil for a group without a rebuild, or with the remains of one.
    init?(_ group: XDBGroup, _ operation: XDBOperation?) {
        guard let rebuild = group.status.rebuild, rebuild.result == nil else { return nil }
        let isCopying = rebuild.step == .copy
        // What goes first is followed by a copy.
        let isReading = isCopying || rebuild.step == .discard
        let source = group.status.members.first { isReading && $0.name == rebuild.source }
        self.init(
            group: group.key.description,
            source: source?.node,
            target: rebuild.node,
            isCopying: isCopying,
            limit: isCopying
                ? [operation?.spec.copyLimit, group.spec.transfer.limit].compactMap(\.self).min() : nil
        )
    }
}

extension CacheIndex<XDBOperation> {
    /// By the group that an operation is about.
    static let group = CacheIndex("group") { [$0.group?.description].compactMap(\.self) }
}

extension CacheIndex<Pod> {
    /// Cleanup pods, by the uid of their group.
    static let cleanup = CacheIndex.label(Label.cleanup)
}

extension NodeObservation {
    init(_ node: Node) {
        self.init(
            name: node.metadata.name,
            zone: node.metadata.labels[Label.zone],
            ready: node.status.conditions["Ready"]?.status ?? .unknown,
            since: node.status.conditions["Ready"]?.lastTransitionTime,
            isCordoned: node.spec.isUnschedulable,
            isOffline: node.metadata.labels[Label.offline] != nil
        )
        labels = node.metadata.labels
        taints = node.spec.taints.map { NodeTaint(key: $0.key, value: $0.value, effect: $0.effect) }
    }
}

extension PodObservation {
    /// Nil for pods that are no member's.
    init?(_ pod: Pod) {
        let labels = pod.metadata.labels
        guard let member = labels[Label.member], let incarnation = labels[Label.incarnation].flatMap({ Int($0) })
        else { return nil }
        self.init(
            name: pod.metadata.name,
            uid: pod.metadata.uid,
            member: member,
            incarnation: incarnation,
            revision: pod.metadata.annotations[Label.revision] ?? ""
        )
        kind = labels[Label.kind].flatMap(XDBGroup.MemberKind.init(rawValue:))
        let annotations = pod.metadata.annotations
        image = annotations[Label.image]
        resources = annotations[Label.resources]
        configuration = annotations[Label.configuration]
        restart = annotations[Label.restart]
        created = pod.metadata.creationTimestamp
        role = labels[Label.role].flatMap(XDBGroup.MemberRole.init(rawValue:))
        phase = pod.status.phase
        node = pod.spec.nodeName.isEmpty ? nil : pod.spec.nodeName
        ip = pod.status.podIP.isEmpty ? nil : pod.status.podIP
        isReady = pod.isReady
        isBeingDeleted = pod.metadata.isBeingDeleted
        killed = pod.metadata.deletionTimestamp
        unschedulable = pod.status.unschedulable
        if let (reason, message) = pod.status.obstacle {
            waitingReason = reason
            waitingMessage = message
        }
        if pod.status.phase == .failed { failure = pod.status.reason.isEmpty ? "Failed" : pod.status.reason }
        let engine = pod.status.containerStatuses.first { $0.name == "engine" }
        if case .running(let since) = engine?.state {
            isRunning = true
            started = since
        }
        if case .terminated = engine?.state { hasEnded = true }
        restarts = engine?.restartCount ?? 0
    }
}

extension Pod.Status {
    /// The scheduler's words, while it finds no node.
    var unschedulable: String? {
        guard let scheduled = conditions["PodScheduled"], scheduled.status == .false else { return nil }
        return scheduled.message
    }

    /// What keeps a container from starting.
    ///
    /// A container that is on its way waits too.
    var obstacle: (reason: String, message: String)? {
        for container in initContainerStatuses + containerStatuses {
            guard case .waiting(let reason, var message) = container.state, !reason.isEmpty,
                !["ContainerCreating", "PodInitializing"].contains(reason)
            else { continue }
            // "back-off restarting" says nothing; how the container ended does.
            if case .terminated(let code, let ending, let words, _) = container.lastState {
                message +=
                    (message.isEmpty ? "" : "; ") + "it ended with code \(code)"
                    + (ending.isEmpty || ending == "Error" ? "" : " (\(ending))") + (words.isEmpty ? "" : ": \(words)")
            }
            return (reason, message)
        }
        return nil
    }
}

extension CleanupObservation {
    /// How far a cleanup pod is.
    init(_ pod: Pod) {
        var message: String?
        for container in pod.status.containerStatuses {
            if case .terminated(let code, _, let words, _) = container.state, code != 0 { message = words }
        }
        self.init(pod: pod.metadata.name, phase: pod.status.phase, message: message)
    }
}

extension ClaimObservation {
    /// Nil for claims that are no member's.
    init?(_ claim: PersistentVolumeClaim) {
        guard let member = claim.metadata.labels[Label.member],
            let incarnation = claim.metadata.labels[Label.incarnation].flatMap({ Int($0) })
        else { return nil }
        self.init(
            name: claim.metadata.name,
            member: member,
            incarnation: incarnation,
            isBound: claim.status.phase == "Bound",
            isBeingDeleted: claim.metadata.isBeingDeleted
        )
    }
}
