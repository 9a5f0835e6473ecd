public import Kubernetes
public import KubernetesModel
public import Logging
public import ServiceLifecycle
import Synchronization
import UnixSignals

/// A program of controllers, put together: caches that follow the API server, controllers that run while this process
/// leads, events, probes and metrics; started in order, stopped in reverse.
///
/// Declare everything first, then `run`. On SIGTERM the reconciles that run come to their end, the lease is released
/// and the events are written, all within `stopWithin`; what is not done by then is cancelled. When the lease is lost,
/// `run` throws `LeaseLost` and the process must end.
public final class Runtime: Sendable {
    /// What a runtime is told.
    public struct Configuration: Sendable {
        /// Names the program in events, for example `xdb-operator.github.io/operator`.
        public var controller: String
        /// Names this process in the lease and in events: its pod's name.
        public var identity: String
        /// The lease; nil runs the controllers without an election.
        public var lease: ObjectKey?
        /// How the lease is kept.
        public var leaseTimes: LeaseTimes
        /// Where the probes and metrics are served; nil for nowhere.
        public var probePort: Int?
        /// How long a graceful stop may take.
        public var stopWithin: Duration

        /// With the usual times.
        public init(
            controller: String,
            identity: String,
            lease: ObjectKey? = nil,
            leaseTimes: LeaseTimes = LeaseTimes(),
            probePort: Int? = 8080,
            stopWithin: Duration = .seconds(10)
        ) {
            self.controller = controller
            self.identity = identity
            self.lease = lease
            self.leaseTimes = leaseTimes
            self.probePort = probePort
            self.stopWithin = stopWithin
        }
    }

    private struct Declared {
        var always: [any ServiceLifecycle.Service] = []
        var leading: [any ServiceLifecycle.Service] = []
        var readiness: [HealthCheck] = []
        var liveness: [HealthCheck] = []
    }

    /// The way to the API server.
    public let client: KubernetesClient
    /// What is cached, by type.
    public let caches = Caches()
    /// Writes that the caches see at once.
    public let writer: ObjectWriter
    /// Tells people what happens.
    public let events: EventRecorder
    /// The numbers of the program.
    public let metrics: RuntimeMetrics

    private let configuration: Configuration
    private let logger: Logger
    private let declared = Mutex(Declared())

    /// A runtime without caches and controllers.
    ///
    /// Hand `RuntimeMetrics.observe` to the client, so that its requests are counted.
    public init(
        client: KubernetesClient,
        configuration: Configuration,
        metrics: RuntimeMetrics = RuntimeMetrics(),
        logger: Logger
    ) {
        self.client = client
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        writer = ObjectWriter(client: client, caches: caches)
        events = EventRecorder(
            client: client,
            controller: configuration.controller,
            instance: configuration.identity,
            logger: logger
        )
    }

    // MARK: Declaring

    /// Declares that objects of a kind are cached.
    ///
    /// The caches are filled before this process leads, so that it can begin at once when it does.
    @discardableResult
    public func cache<Object: KubernetesObject>(
        _ type: Object.Type,
        scope: CacheScope = .all,
        indexes: [CacheIndex<Object>] = [],
        transform: (@Sendable (inout Object) -> Void)? = nil
    ) -> Cache<Object> {
        let cache = Cache<Object>(scope: scope, indexes: indexes)
        caches.add(cache)
        let informer = Informer(client: client, cache: cache, transform: transform, logger: logger, metrics: metrics)
        declared.withLock {
            $0.always.append(informer)
            $0.readiness.append(.synced("cache \(Object.resource.plural)", cache))
        }
        return cache
    }

    /// Declares a service that runs from the start: before this process leads, and when it never does.
    public func add(_ service: some ServiceLifecycle.Service) {
        declared.withLock { $0.always.append(service) }
    }

    /// Declares a service that runs while this process leads: a controller, first of all.
    public func addLeading(_ service: some ServiceLifecycle.Service) {
        declared.withLock { $0.leading.append(service) }
    }

    /// Declares a question that `/readyz` asks.
    public func addReadinessCheck(_ check: HealthCheck) { declared.withLock { $0.readiness.append(check) } }

    /// Declares a question that `/livez` asks.
    public func addLivenessCheck(_ check: HealthCheck) { declared.withLock { $0.liveness.append(check) } }

    // MARK: Running

    /// Runs until SIGTERM or SIGINT, or until the lease is lost, which it throws.
    public func run() async throws {
        let declared = self.declared.withLock { $0 }
        var services: [any ServiceLifecycle.Service] = []
        if let port = configuration.probePort {
            services.append(
                ProbeServer(
                    port: port,
                    liveness: declared.liveness,
                    readiness: declared.readiness,
                    metrics: metrics.registry,
                    logger: logger
                )
            )
        }
        services.append(events)
        services.append(contentsOf: declared.always)
        services.append(Leadership(runtime: self, services: declared.leading))
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // What does not heed the cancellation either must not keep the process alive; nor after the lease is lost.
        let cancellation = Duration.seconds(2)
        group.maximumGracefulShutdownDuration = max(configuration.stopWithin - cancellation, .zero)
        group.maximumCancellationDuration = cancellation
        try await ServiceGroup(configuration: group).run()
    }

    /// Runs the leading services while the process leads.
    private struct Leadership: ServiceLifecycle.Service {
        let runtime: Runtime
        let services: [any ServiceLifecycle.Service]

        func run() async throws {
            guard let lease = runtime.configuration.lease else { return try await lead() }
            let election = LeaseElection(
                client: runtime.client,
                lease: lease,
                identity: runtime.configuration.identity,
                times: runtime.configuration.leaseTimes,
                logger: runtime.logger,
                metrics: runtime.metrics
            )
            try await election.run { try await lead() }
            // The end of this service ends the program, which is right only when it is being stopped.
        }

        private func lead() async throws {
            guard !services.isEmpty else { return try await gracefulShutdown() }
            // The signals are the outer group's; it hands the shutdown on to this one.
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: services.map { .init(service: $0) },
                    logger: runtime.logger
                )
            )
            try await group.run()
        }
    }
}

extension RuntimeMetrics {
    /// Counts what the client does; to be handed to it as `observe`.
    public var observe: @Sendable (KubernetesClient.Observation) -> Void {
        { observation in
            self.request(
                code: observation.code.map { String($0) } ?? "<error>",
                method: observation.method,
                host: observation.host,
                seconds: observation.duration.inSeconds
            )
        }
    }
}
