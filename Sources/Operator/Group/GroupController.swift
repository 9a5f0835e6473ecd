import Controllers
import KubernetesModel
import Logging
import Planning
import Synchronization
import XDB

/// Brings groups to what their specs want: gathers what is, has `Planning` decide, records, acts.
///
/// The order of one round is what makes it safe to be interrupted anywhere and to run beside another operator. The
/// status is written first, with the resource version that the decision was made from: a conflict voids the decision.
/// Only what is recorded is done, and every effect can be repeated.
final class GroupController: Reconciler {
    /// What one decision is made from, and with whom it is carried out.
    struct Snapshot: Sendable {
        /// The observation.
        var observation: GroupObservation
        /// How the group's agents are reached; nil before there are certificates.
        var client: AgentClient?
    }

    private struct Memory {
        var uid: String
        var since: ContinuousClock.Instant = .now
        var seals: [SealAnswer] = []
        var refusals = Refusals()
        var wrotePositions: ContinuousClock.Instant?
        /// Rounds in a row in which some action failed.
        var failures = 0
    }

    private let cluster: any ClusterAccess
    private let caches: Caches
    private let transport: any AgentTransport
    private let secrets: SecretKeeper
    private let objects: ObjectKeeper
    private let monitor: AgentMonitor
    private let effects: GroupEffects
    private let settings: OperatorSettings
    private let announce: @Sendable (GroupEvent, XDBGroup) async -> Void
    private let clock: @Sendable () -> Time
    private let logger: Logger
    private let rebuilds = RebuildGate()
    private let handovers = HandoverGate()
    private let memory = Mutex<[ObjectKey: Memory]>([:])

    /// Makes the controller of all groups in the caches.
    init(
        cluster: any ClusterAccess,
        caches: Caches,
        transport: any AgentTransport,
        monitor: AgentMonitor,
        settings: OperatorSettings,
        priorityClass: String? = nil,
        cleanupNamespace: String? = nil,
        clock: @escaping @Sendable () -> Time = WallClock.now,
        logger: Logger,
        announce: @escaping @Sendable (GroupEvent, XDBGroup) async -> Void
    ) {
        self.cluster = cluster
        self.caches = caches
        self.transport = transport
        self.monitor = monitor
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.announce = announce
        secrets = SecretKeeper(cluster: cluster)
        objects = ObjectKeeper(cluster: cluster, caches: caches)
        effects = GroupEffects(
            cluster: cluster,
            caches: caches,
            secrets: secrets,
            objects: objects,
            monitor: monitor,
            priorityClass: priorityClass,
            cleanupNamespace: cleanupNamespace,
            passed: { settings.passed($0) },
            logger: logger
        )
    }

    func observe(_ key: ObjectKey) async throws -> Snapshot? {
        guard let group = try caches.get(XDBGroup.self, key) else {
            await forget(key)
            return nil
        }
        let remembered = remember(group)
        var observation = try GroupObserver(caches: caches).observe(group, now: clock())
        let reference = GroupReference(group.metadata)
        let lives = group.status.members.map(\.life)
        // The certificates of former lives are to be removed.
        let certified = lives + group.status.debts.map(\.life).filter { !lives.contains($0) }
        observation.secrets = try await secrets.present(reference, lives: certified)
        observation.failoverMode = settings.failoverMode
        observation.rebuildLimit = settings.rebuildLimit
        observation.transferBudget = settings.transferBudget
        observation.seals = remembered.seals
        observation.refusals = remembered.refusals.all
        observation.observing = remembered.since.duration(to: .now)
        observation.sincePositions = remembered.wrotePositions.map { $0.duration(to: .now) }

        var client: AgentClient?
        if let credentials = try await secrets.credentials(reference, lives: certified) {
            let made = AgentClient(transport: transport, credentials: credentials)
            client = made
            monitor.track(
                key,
                AgentMonitor.Subscription(
                    endpoints: lives.compactMap { observation.endpoint(of: $0) },
                    client: made,
                    credentials: credentials,
                    silence: .seconds(group.spec.failover.unreachableSeconds)
                )
            )
        }
        observation.agents = monitor.observations(of: key)
        return Snapshot(observation: observation, client: client)
    }

    func decide(_ snapshot: Snapshot, now: Time) -> GroupPlan {
        plan(snapshot.observation)
    }

    func apply(_ plan: GroupPlan, to snapshot: Snapshot) async throws -> Followup {
        let group = snapshot.observation.group
        var observation = snapshot.observation
        do {
            let changes = plan.status != group.status
            if changes { observation.group = try await record(plan.status, after: observation) }
            let outcome = try await effects.carryOut(plan, for: observation, client: snapshot.client)
            keep(outcome.seals, of: observation.group)
            let isNews = keep(outcome.trials, of: observation.group)
            for event in plan.events { await announce(event, group) }
            if outcome.didSeal { return .again(after: outcome.seals.isEmpty ? .milliseconds(500) : .zero) }
            // Each failure is in the log, and a refusal is told. What failed is planned again as long as it is wanted.
            if let pause = pauseAfter(failures: outcome.failures.count, of: group.key) { return .again(after: pause) }
            if changes || isNews { return .again(after: .zero) }
            return plan.checkAgain.map { .again(after: $0) } ?? .done
        } catch let conflict as StatusConflict {
            // The watch brings the newer version; until then nothing that is decided here could be recorded.
            logger.debug("decision dropped", metadata: ["error": "\(conflict)"])
            return .again(after: .milliseconds(100))
        }
    }

    func status(
        _ snapshot: Snapshot,
        _ plan: GroupPlan,
        _ result: Result<Followup, any Error>
    ) async throws {
        // Recorded already, before the effects.
    }

    // MARK: -

    private func record(_ status: XDBGroup.Status, after observation: GroupObservation) async throws -> XDBGroup {
        let group = observation.group
        let begins = group.status.rebuild == nil && status.rebuild != nil
        // What leaves room for this rebuild was seen a while ago, and other groups are decided on at the same time.
        if begins { try rebuilds.enter(group.key, caches, expecting: observation.otherRebuilds) }
        defer { if begins { rebuilds.leave(group.key) } }
        let leaves = group.status.election == nil && status.election?.cause == .nodeOffline
        if leaves { try handovers.enter(group.key, caches) }
        defer { if leaves { handovers.leave(group.key) } }
        var wanted = group
        wanted.status = status
        let written = try await cluster.writeStatus(of: wanted)
        caches.wrote(written)
        for point in CrashPoint.recorded(status, after: group.status) { settings.passed(point) }
        let moved = zip(status.members, group.status.members).contains { $0.position != $1.position }
        if moved || status.members.count != group.status.members.count {
            memory.withLock { $0[group.key]?.wrotePositions = .now }
        }
        return written
    }

    private func remember(_ group: XDBGroup) -> Memory {
        memory.withLock { memory in
            if let known = memory[group.key], known.uid == group.metadata.uid { return known }
            let fresh = Memory(uid: group.metadata.uid)
            memory[group.key] = fresh
            return fresh
        }
    }

    /// Keeps the newest answer of each member.
    private func keep(_ seals: [SealAnswer], of group: XDBGroup) {
        if seals.isEmpty { return }
        memory.withLock { memory in
            guard let known = memory[group.key]?.seals else { return }
            let answered = Set(seals.map(\.member))
            memory[group.key]?.seals = known.filter { !answered.contains($0.member) } + seals
        }
    }

    /// Keeps what the API server refuses; true when that has changed.
    private func keep(_ trials: [ObjectName: Trial], of group: XDBGroup) -> Bool {
        memory.withLock { $0[group.key]?.refusals.take(trials) ?? false }
    }

    /// Nil when nothing failed; else longer and longer, up to the time in which a person would look again.
    private func pauseAfter(failures: Int, of group: ObjectKey) -> Duration? {
        memory.withLock { memory in
            guard failures > 0 else {
                memory[group]?.failures = 0
                return nil
            }
            let rounds = min(memory[group]?.failures ?? 0, 6)
            memory[group]?.failures = rounds + 1
            return min(.milliseconds(250) * (1 << rounds), .seconds(10))
        }
    }

    private func forget(_ key: ObjectKey) async {
        memory.withLock { $0[key] = nil }
        monitor.forget(key)
        await secrets.forget(key)
        let names = GroupNames(group: key.name, namespace: key.namespace)
        objects.forget(
            namespace: key.namespace,
            names: [names.configuration, names.leaderService, names.followersService, names.disruptionBudget]
        )
    }
}
