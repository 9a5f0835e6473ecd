import Controllers
public import Kubernetes
import KubernetesModel
public import Logging
import Planning
import ProcessMemory
import ServiceLifecycle
import XDB

/// The operator, put together: caches, the group controller, the streams to the agents.
public struct OperatorProgram: Sendable {
    /// What the operator is told by its command line.
    public struct Options: Sendable {
        /// The one namespace whose groups are looked after; nil for all.
        public var namespace: String?
        /// The lease by which one of several operators works; nil for none.
        public var lease: ObjectKeyPair?
        /// The operator's own: where the ConfigMap with the settings for all groups is, and where operations on nodes are
        /// accepted.
        public var settingsNamespace: String
        /// Names this process in the lease and in events.
        public var identity: String
        /// Where `/livez`, `/readyz` and `/metrics` are served; nil for nowhere.
        public var probePort: Int?
        /// The priority class of members' pods; nil for the cluster's default.
        public var priorityClass: String?
        /// Where the pods run that remove directories from hosts; nil for the namespace of their group.
        ///
        /// Without one of its own, a namespace with groups whose directories are to be removed cannot be deleted before
        /// its groups: nothing can be made in it any more.
        public var cleanupNamespace: String?
        /// How many groups are worked on at the same time.
        public var workers: Int

        /// Joins the options.
        public init(
            namespace: String? = nil,
            lease: ObjectKeyPair? = nil,
            settingsNamespace: String,
            identity: String,
            probePort: Int? = nil,
            priorityClass: String? = nil,
            cleanupNamespace: String? = nil,
            workers: Int = 4
        ) {
            self.namespace = namespace
            self.lease = lease
            self.settingsNamespace = settingsNamespace
            self.identity = identity
            self.probePort = probePort
            self.priorityClass = priorityClass
            self.cleanupNamespace = cleanupNamespace
            self.workers = workers
        }
    }

    /// The namespace and the name of an object.
    public struct ObjectKeyPair: Sendable {
        /// The namespace.
        public var namespace: String
        /// The name.
        public var name: String

        /// Names an object.
        public init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    /// Half of what is usual: where a leader and the operator fail with the same node, writes wait for the lease.
    private static let leaseTimes = LeaseTimes(
        duration: .seconds(8),
        renewDeadline: .seconds(5),
        retryPeriod: .seconds(1)
    )

    private let configuration: Configuration
    private let options: Options
    private let logger: Logger

    /// An operator of the cluster that the configuration leads to.
    public init(configuration: Configuration, options: Options, logger: Logger) {
        self.configuration = configuration
        self.options = options
        self.logger = logger
    }

    /// Runs until the process is told to stop, or until the lease is lost, which it throws.
    public func run() async throws {
        let metrics = RuntimeMetrics()
        let client = KubernetesClient(
            configuration,
            fieldManager: fieldManager,
            logger: logger,
            observe: metrics.observe
        )
        let cluster = try await untilReached { try await KubernetesCluster(client) }

        let runtime = Runtime(
            client: client,
            configuration: Runtime.Configuration(
                controller: "\(XDBGroup.resource.group)/operator",
                identity: options.identity,
                lease: options.lease.map { ObjectKey(namespace: $0.namespace, name: $0.name) },
                leaseTimes: Self.leaseTimes,
                probePort: options.probePort
            ),
            metrics: metrics,
            logger: logger
        )

        // Only what is ours is kept of the kinds that everybody uses, and of most of it only the metadata.
        let mine = CacheScope(namespace: options.namespace, labels: ["app.kubernetes.io/managed-by": fieldManager])
        let groups = runtime.cache(XDBGroup.self, scope: CacheScope(namespace: options.namespace))
        let pods = runtime.cache(Pod.self, scope: mine, indexes: [.owner, .cleanup, .job])
        let jobs = runtime.cache(Job.self, scope: mine, indexes: [.owner])
        let claims = runtime.cache(PersistentVolumeClaim.self, scope: mine)
        let nodes = runtime.cache(Node.self) { node in
            node.metadata.annotations = [:]
        }
        let classes = runtime.cache(StorageClass.self)
        let services = runtime.cache(PartialObjectMetadata<KubernetesModel.Service>.self, scope: mine)
        let operations = runtime.cache(
            XDBOperation.self,
            scope: CacheScope(namespace: options.namespace),
            indexes: [.group]
        )
        let settingsMap = runtime.cache(
            ConfigMap.self,
            scope: CacheScope(
                namespace: options.settingsNamespace,
                fieldSelector: "metadata.name=\(OperatorSettings.name)"
            )
        )
        let maps = runtime.cache(PartialObjectMetadata<ConfigMap>.self, scope: mine)

        let monitor = AgentMonitor(logger: logger)
        let settings = OperatorSettings(logger: logger)
        let events = runtime.events
        let reconciler = GroupController(
            cluster: cluster,
            caches: runtime.caches,
            transport: KubernetesAgentTransport(Transport()),
            monitor: monitor,
            settings: settings,
            priorityClass: options.priorityClass,
            cleanupNamespace: options.cleanupNamespace,
            logger: logger
        ) { event, group in
            events.record(
                event.isWarning ? .warning : .normal,
                on: group.reference,
                reason: event.reason.rawValue,
                action: "Reconcile",
                note: event.message
            )
        }
        let controller = Controller(
            name: "xdbgroup",
            reconciler: reconciler,
            caches: [groups, operations, pods, jobs, claims, nodes, classes, services, maps, settingsMap],
            workers: options.workers,
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(30)),
            logger: logger,
            metrics: metrics
        )
        monitor.onChange { controller.enqueue($0) }

        let kind = XDBGroup.resource
        controller.watch(groups)
        controller.watch(operations) { [$0.group].compactMap(\.self) }
        controller.watch(pods, ownersOf: kind)
        controller.watch(pods) { pod in CleanupController.group(of: pod).map { [$0] } ?? [] }
        controller.watch(jobs, ownersOf: kind)
        controller.watch(pods) { pod in pod.groupOfJob.map { [$0] } ?? [] }
        controller.watch(services, ownersOf: kind)
        controller.watch(maps, ownersOf: kind)
        controller.watch(claims) { claim in
            // A claim that is to be retained has no owner.
            claim.metadata.labels[Label.group].map { [ObjectKey(namespace: claim.metadata.namespace, name: $0)] } ?? []
        }
        if cluster.disruptionBudgetVersion == PodDisruptionBudget.resource.apiVersion {
            let budgets = runtime.cache(PartialObjectMetadata<PodDisruptionBudget>.self, scope: mine)
            controller.watch(budgets, ownersOf: kind)
        } else {
            let budgets = runtime.cache(PartialObjectMetadata<PodDisruptionBudgetV1Beta1>.self, scope: mine)
            controller.watch(budgets, ownersOf: kind)
        }
        // Heartbeats of nodes are no reason to look at every group; a node that comes, goes or changes its readiness is.
        nodes.onChange { change, isInitial in
            if isInitial { return }
            if case .updated(let old, let new) = change, NodeObservation(old) == NodeObservation(new) { return }
            for group in (try? groups.list()) ?? [] { controller.enqueue(group.key, priority: Priority.low) }
        }

        settingsMap.onChange { change, isInitial in
            let data: [String: String]?
            switch change {
            case .added(let map), .updated(_, let map): data = map.data
            case .deleted: data = nil
            }
            guard settings.take(data, isInitial: isInitial) else { return }
            for group in (try? groups.list()) ?? [] { controller.enqueue(group.key, priority: Priority.low) }
        }

        let janitor = Controller(
            name: "xdboperation",
            reconciler: OperationController(cluster: cluster, caches: runtime.caches, logger: logger),
            caches: [groups, operations],
            workers: 1,
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(30)),
            logger: logger,
            metrics: metrics
        )
        janitor.watch(operations)
        groups.onChange { change, _ in
            // The operations of a group that goes have nothing to wait for.
            guard case .deleted(let group) = change else { return }
            for operation in (try? operations.list(namespace: group.metadata.namespace)) ?? []
            where operation.group == group.key { janitor.enqueue(operation.key) }
        }

        let nodeWork = Controller(
            name: "node",
            reconciler: NodeController(
                cluster: cluster,
                caches: runtime.caches,
                namespace: options.settingsNamespace,
                dataBytes: { group in
                    // All members have the same data; the largest is the safe guess.
                    monitor.observations(of: group).values.compactMap(\.status.server.dataBytes).max()
                        .map { Int(clamping: $0) }
                },
                passed: { settings.passed($0) },
                logger: logger
            ),
            caches: [groups, operations, nodes],
            // What one finds may be what another does.
            workers: 1,
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(30)),
            logger: logger,
            metrics: metrics
        )
        nodeWork.watch(operations) { $0.isOnNodes ? [$0.key] : [] }
        let followNodes: @Sendable () -> Void = {
            for operation in (try? operations.list()) ?? [] where operation.isOnNodes && !operation.isFinished {
                nodeWork.enqueue(operation.key)
            }
        }
        groups.onChange { _, isInitial in if !isInitial { followNodes() } }
        nodes.onChange { change, isInitial in
            if isInitial { return }
            if case .updated(let old, let new) = change, NodeObservation(old) == NodeObservation(new) { return }
            followNodes()
        }

        let cleanups = Controller(
            name: "cleanup",
            reconciler: CleanupController(cluster: cluster, caches: runtime.caches, logger: logger),
            caches: [groups, pods],
            workers: 1,
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(30)),
            logger: logger,
            metrics: metrics
        )
        cleanups.watch(pods) { pod in CleanupController.group(of: pod) == nil ? [] : [pod.key] }
        groups.onChange { change, _ in
            guard case .deleted(let group) = change else { return }
            for pod in (try? pods.list(index: .cleanup, value: group.metadata.uid)) ?? [] { cleanups.enqueue(pod.key) }
        }

        runtime.addLeading(controller)
        runtime.addLeading(janitor)
        runtime.addLeading(nodeWork)
        runtime.addLeading(cleanups)
        runtime.addLeading(MonitorService(monitor: monitor))
        runtime.add(UnusedPages())
        try await runtime.run()
        client.close()
    }

    /// Tries until the API server answers: an operator that starts before it must not end in a crash loop.
    private func untilReached<Value>(_ body: () async throws -> Value) async throws -> Value {
        let backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(10))
        var failures = 0
        while true {
            do {
                return try await body()
            } catch let error where !(error is CancellationError) {
                failures += 1
                logger.warning("the API server does not answer", metadata: ["error": "\(error)"])
                try await Task.sleep(for: backoff.pause(failures: failures, chance: .random(in: 0..<1)))
            }
        }
    }
}

/// Ends the streams to the agents with the program.
private struct MonitorService: ServiceLifecycle.Service {
    let monitor: AgentMonitor

    func run() async {
        await cancelWhenGracefulShutdown { await monitor.run() }
    }
}
