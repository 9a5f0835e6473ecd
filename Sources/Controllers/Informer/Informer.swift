public import Kubernetes
public import KubernetesModel
public import Logging
public import ServiceLifecycle

/// Fills a cache with the objects of a kind and keeps it the same as the API server's for as long as it runs.
///
/// No failure of the API server ends it: it goes on from where it was when the server is back. Until then the cache
/// answers with what it had.
public final class Informer<Object: KubernetesObject>: ServiceLifecycle.Service {
    /// What it fills.
    public let cache: Cache<Object>

    private let follow: @Sendable () async throws -> Void

    init(
        source: some ObjectSource<Object>,
        cache: Cache<Object>,
        transform: (@Sendable (inout Object) -> Void)? = nil,
        time: TimeSource = .continuous,
        logger: Logger,
        metrics: RuntimeMetrics? = nil,
        adjust: (inout ReflectorTuning) -> Void = { _ in }
    ) {
        self.cache = cache
        _ = Allocator.keepsBuffersApart
        var tuning = ReflectorTuning()
        adjust(&tuning)
        let reflector = Reflector(
            name: Object.resource.plural,
            source: source,
            cache: cache,
            transform: transform,
            time: time,
            logger: logger,
            metrics: metrics,
            tuning: tuning
        )
        follow = { try await reflector.run() }
    }

    /// An informer of the kind's objects within the cache's scope.
    ///
    /// `transform` drops from every object what the program does not need, before it is kept.
    public convenience init(
        client: KubernetesClient,
        cache: Cache<Object>,
        transform: (@Sendable (inout Object) -> Void)? = nil,
        logger: Logger,
        metrics: RuntimeMetrics? = nil
    ) {
        self.init(
            source: ClientSource<Object>(client: client, scope: cache.scope),
            cache: cache,
            transform: transform,
            logger: logger,
            metrics: metrics
        )
    }

    /// Follows the API server until the graceful shutdown or the cancellation of the task.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [follow] in try await follow() }
        } catch is CancellationError {
            // How it ends.
        }
    }
}
