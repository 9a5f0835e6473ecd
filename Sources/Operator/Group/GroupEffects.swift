import Controllers
import KubernetesModel
import Logging
import Planning
import XDB

/// Carries out the actions of a plan, in order.
///
/// The failure of one action does not keep the next from being tried: what depends on it fails by itself, harmlessly,
/// and the whole is decided anew soon.
struct GroupEffects: Sendable {
    /// What came of the actions of one plan.
    struct Outcome: Sendable {
        /// The answers of members that were sealed.
        var seals: [SealAnswer] = []
        /// True when members were asked to seal: their answers are to be decided on at once.
        var didSeal = false
        /// What went wrong, action by action.
        var failures: [String] = []
        /// What came of what was tried at the API server, by object.
        var trials: [ObjectName: Trial] = [:]

        /// Adds what came of one action.
        fileprivate mutating func take(
            _ action: GroupAction,
            _ result: Result<[SealAnswer]?, any Error>,
            _ names: GroupNames,
            _ logger: Logger
        ) throws {
            if let object = action.object(in: names) {
                let error: (any Error)? = if case .failure(let error) = result { error } else { nil }
                trials[object] = Trial(error).and(trials[object] ?? .done)
            }
            switch result {
            case .success(nil): break
            case .success(let answers?):
                didSeal = true
                seals += answers
            case .failure(let error as StatusConflict): throw error
            case .failure(let error as CancellationError): throw error
            case .failure(let error):
                failures.append("\(action.summary): \(error)")
                logger.warning("action failed", metadata: ["action": "\(action.summary)", "error": "\(error)"])
            }
        }
    }

    let cluster: any ClusterAccess
    let caches: Caches
    let secrets: SecretKeeper
    let objects: ObjectKeeper
    let monitor: AgentMonitor
    let priorityClass: String?
    /// Where cleanup pods run; nil for the namespace of their group.
    let cleanupNamespace: String?
    /// Told of every action that has been carried out.
    let passed: @Sendable (CrashPoint?) -> Void
    let logger: Logger

    func carryOut(
        _ plan: GroupPlan,
        for observation: GroupObservation,
        client: AgentClient?
    ) async throws -> Outcome {
        let names = GroupReference(observation.group.metadata).names
        var outcome = Outcome()
        var rest = plan.actions[...]
        while !rest.isEmpty {
            // What several agents are told they are told at the same time.
            let together = rest.prefix(max(rest.prefix { $0.tellsAnAgent }.count, 1))
            rest = rest.dropFirst(together.count)
            let results = await withTaskGroup(of: (GroupAction, Result<[SealAnswer]?, any Error>).self) { tasks in
                for action in together {
                    tasks.addTask {
                        do {
                            let answers = try await carryOut(action, observation, client)
                            passed(CrashPoint(action))
                            return (action, .success(answers))
                        } catch {
                            return (action, .failure(error))
                        }
                    }
                }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            for (action, result) in results { try outcome.take(action, result, names, logger) }
        }
        return outcome
    }

    /// Returns the answers when members were sealed.
    private func carryOut(
        _ action: GroupAction,
        _ observation: GroupObservation,
        _ client: AgentClient?
    ) async throws -> [SealAnswer]? {
        let group = observation.group
        let reference = GroupReference(group.metadata)
        switch action {
        case .addFinalizer:
            try await setFinalizers(group.metadata.finalizers + [Label.finalizer], of: group)
        case .removeFinalizer:
            try await setFinalizers(group.metadata.finalizers.filter { $0 != Label.finalizer }, of: group)
        case .ensure(let object):
            try await ensure(object, reference, group)
        case .createPod(let pod):
            let body = MemberPodBody(group: reference, pod: pod, priorityClass: priorityClass).json
            try await make(body, named: pod.name)
        case .createCleanup(let name, let node, let directory):
            let pod = CleanupPod(
                group: reference,
                namespace: cleanupNamespace(of: reference),
                name: name,
                node: node,
                directory: directory,
                image: group.spec.image
            )
            guard let body = pod.json else { throw EffectError.refused("\(directory) is no directory of a group") }
            try await make(body, named: pod.name)
        case .deletePod(let name, let uid, let why):
            logger.info("deleting pod", metadata: ["pod": "\(name)", "reason": "\(why)"])
            try await cluster.deletePod(reference.objectKey(name), uid: uid)
        case .discardPod(let name, let uid, let why):
            logger.info("discarding pod", metadata: ["pod": "\(name)", "reason": "\(why)"])
            try await cluster.deletePod(reference.objectKey(name), uid: uid, grace: 1)
        case .forceDeletePod(let name, let uid, let why):
            logger.notice("deleting pod by force", metadata: ["pod": "\(name)", "reason": "\(why)"])
            try await cluster.deletePod(reference.objectKey(name), uid: uid, grace: 0)
        case .deleteCertificate(let life):
            try await secrets.deleteCertificate(reference, life: life)
        case .createJob(let job):
            try await create(job, reference)
        case .deleteJob(let name, let force):
            try await deleteJob(name, force: force, reference)
        case .deleteCleanup(let name):
            let key = ObjectKey(namespace: cleanupNamespace(of: reference), name: name)
            guard let pod = try caches.get(Pod.self, key) else { return nil }
            try await cluster.deletePod(pod.key, uid: pod.metadata.uid)
        case .deleteClaim(let name):
            try await cluster.deleteClaim(reference.objectKey(name))
        case .label(let name, let role):
            try await label(name, [Label.role: role?.rawValue], reference, observation)
        case .relabel(let name, let labels):
            try await label(name, labels, reference, observation)
        case .bringConfiguration(let name, let revision):
            guard let pod = observation.pods.first(where: { $0.name == name }) else { return nil }
            let key = reference.objectKey(name)
            caches.wrote(try await cluster.setAnnotation(Label.configuration, to: revision, of: key, uid: pod.uid))
        case .setZones(let zones):
            try await setZones(zones, of: group)
        case .recordOperation(let operation):
            if let written = try await cluster.writeStatus(of: operation) { caches.wrote(written) }
        case .createOperation(let name, let spec):
            if let made = try await cluster.create(reference.operationBody(name, spec), as: XDBOperation.self) {
                caches.wrote(made)
            }
        case .initialize(let member, let request):
            try await call(.initialize, .none, member, observation, client) { try await $0.initialize($1, request) }
        case .lead(let member, let request):
            try await call(.lead, request.epoch, member, observation, client) { try await $0.lead($1, request) }
        case .follow(let member, let request):
            try await call(.follow, request.epoch, member, observation, client) { try await $0.follow($1, request) }
        case .limitCopy(let member, let request):
            let (client, endpoint) = try reach(member, observation, client)
            try await client.limitCopy(endpoint, request)
        case .verify(let member, let request):
            try await call(.verify, .none, member, observation, client) { try await $0.verify($1, request) }
        case .seal(let members, let request):
            return await seal(members, request, observation, client)
        }
        return nil
    }

    // MARK: The API server

    private func cleanupNamespace(of group: GroupReference) -> String { cleanupNamespace ?? group.namespace }

    private func setFinalizers(_ finalizers: [String], of group: XDBGroup) async throws {
        // The status may have been written a moment ago: the cache has that version.
        let current = try caches.get(XDBGroup.self, group.key) ?? group
        guard current.metadata.uid == group.metadata.uid else { return }
        let left = try await cluster.setFinalizers(finalizers, of: current)
        if left.metadata.isBeingDeleted, left.metadata.finalizers.isEmpty {
            caches.deleted(XDBGroup.self, left.key, uid: left.metadata.uid)
        } else {
            caches.wrote(left)
        }
    }

    private func setZones(_ zones: MemberZones, of group: XDBGroup) async throws {
        // The status may have been written a moment ago: the cache has that version, with the same spec or another.
        let current = try caches.get(XDBGroup.self, group.key) ?? group
        guard current.metadata.uid == group.metadata.uid, current.spec == group.spec else {
            throw StatusConflict(group: group.key)
        }
        let wanted = zones.applied(to: current.spec)
        guard wanted != current.spec else { return }
        var patch: JSONValue = ["placement": ["zones": JSONValue(wanted.placement.zones)]]
        // A merge patch replaces a list as a whole.
        if wanted.members != current.spec.members {
            patch["members"] = ["learners": wanted.members.learners.fieldJSON ?? .null]
        }
        caches.wrote(try await cluster.setSpec(patch, of: current))
    }

    private func make(_ body: JSONValue, named name: String) async throws {
        guard let made = try await cluster.create(body, as: Pod.self) else {
            throw EffectError.refused("a pod named \(name) is there already; it is waited for until it has gone")
        }
        caches.wrote(made)
    }

    private func ensure(_ object: OwnedObject, _ reference: GroupReference, _ group: XDBGroup) async throws {
        switch object {
        case .authority: try await secrets.ensureAuthority(reference)
        case .certificate(let life): try await secrets.ensureCertificate(reference, life: life)
        case .users: try await secrets.ensureAccounts(reference)
        case .configuration:
            try await objects.ensure(reference.configurationBody(group.spec.configuration), as: ConfigMap.self)
        case .leaderService: try await objects.ensure(reference.leaderServiceBody, as: Service.self)
        case .followersService: try await objects.ensure(reference.followersServiceBody, as: Service.self)
        case .disruptionBudget(let minimumAvailable):
            let version = cluster.disruptionBudgetVersion
            let body = reference.disruptionBudgetBody(
                apiVersion: version,
                minimumAvailable: minimumAvailable
            )
            if version == PodDisruptionBudget.resource.apiVersion {
                try await objects.ensure(body, as: PodDisruptionBudget.self)
            } else {
                try await objects.ensure(body, as: PodDisruptionBudgetV1Beta1.self)
            }
        case .claim(let name, let member, let incarnation, let claim):
            if try caches.get(PersistentVolumeClaim.self, reference.objectKey(name)) != nil { return }
            let body = MemberClaim(
                group: reference,
                member: member,
                incarnation: incarnation,
                storageClassName: claim.storageClassName,
                size: "\(claim.size)",
                isDeletedWithGroup: group.spec.storage.onDelete == .delete
            ).body
            caches.wrote(
                try await cluster.apply(body, as: PersistentVolumeClaim.self)
            )
        }
    }

    private func label(
        _ name: String,
        _ labels: [String: String?],
        _ reference: GroupReference,
        _ observation: GroupObservation
    ) async throws {
        guard let pod = observation.pods.first(where: { $0.name == name }) else { return }
        let key = reference.objectKey(name)
        caches.wrote(try await cluster.setLabels(labels, of: key, uid: pod.uid))
    }
}

/// Why an effect was not tried.
enum EffectError: Error, CustomStringConvertible {
    case refused(String)

    var description: String {
        switch self {
        case .refused(let why): why
        }
    }
}
