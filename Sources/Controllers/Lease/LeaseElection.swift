public import Kubernetes
public import KubernetesModel
public import Logging
import ServiceLifecycle
import Synchronization

/// The lease could not be renewed in time: another process may lead by now, and this one must end.
public struct LeaseLost: Error, Hashable, Sendable, CustomStringConvertible {
    /// The lease.
    public var lease: ObjectKey
    /// Who holds it now, as far as that is known.
    public var holder: String?
    /// What the last attempt ended with.
    public var reason: String

    /// What happened, for the last line of the log.
    public var description: String {
        let by = holder.map { ", held by \($0)" } ?? ""
        return "lost the lease \(lease)\(by): \(reason). This process ends, for another may lead now"
    }
}

/// How the election reaches its lease.
///
/// Every call is one request, without retries, on a connection that no other traffic can delay.
protocol LeaseStore: Sendable {
    /// The lease; nil when there is none.
    func read() async throws -> Lease?
    /// Makes the lease; an error when there is one already.
    func create(_ spec: Lease.Spec) async throws -> Lease
    /// Writes the record; an error when the lease has changed since it was read.
    func write(_ spec: Lease.Spec, over lease: Lease) async throws -> Lease
}

/// Elects one of several processes by a lease, and leads for as long as it is kept.
public final class LeaseElection: Sendable {
    /// The lease.
    public let lease: ObjectKey
    /// The name under which this process holds the lease.
    public let identity: String

    private let store: any LeaseStore
    private let times: LeaseTimes
    private let time: TimeSource
    private let logger: Logger
    private let metrics: RuntimeMetrics?
    /// The lease as we wrote it last; nil while this process does not hold it.
    private let holding = Mutex<Lease?>(nil)

    init(
        lease: ObjectKey,
        identity: String,
        store: any LeaseStore,
        times: LeaseTimes,
        time: TimeSource,
        logger: Logger,
        metrics: RuntimeMetrics?
    ) {
        self.lease = lease
        self.identity = identity
        self.store = store
        self.times = times
        self.time = time
        self.logger = logger
        self.metrics = metrics
        metrics?.masterStatus.set(0, lease.name)
    }

    /// An election over the lease of that name, made when it is not there.
    ///
    /// The client gets connections of its own for it, so that no other traffic delays a renewal.
    public convenience init(
        client: KubernetesClient,
        lease: ObjectKey,
        identity: String,
        times: LeaseTimes = LeaseTimes(),
        logger: Logger,
        metrics: RuntimeMetrics? = nil
    ) {
        let limits = KubernetesClient.Limits(attempts: 1, timeout: times.renewDeadline)
        self.init(
            lease: lease,
            identity: identity,
            store: ClientLeaseStore(client: client.isolated(limits: limits), key: lease),
            times: times,
            time: .continuous,
            logger: logger,
            metrics: metrics
        )
    }

    /// True while this process holds the lease.
    public var isLeading: Bool { holding.withLock { $0 != nil } }

    /// Waits for the lease, then runs `lead` while renewing it.
    ///
    /// When `lead` returns, the lease is released so that another process need not wait for its end.
    ///
    /// Throws `LeaseLost` when the lease could not be renewed in time; `lead` is cancelled then. A graceful shutdown
    /// while it waits for the lease ends the waiting; one while it leads is `lead`'s to heed.
    public func run(
        onLoss: @escaping @Sendable (LeaseLost) -> Void = { _ in },
        lead: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard let held = try await acquire() else { return }
        hold(held.lease)
        logger.notice("leading", metadata: ["lease": "\(lease)", "identity": "\(identity)"])
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await lead() }
                tasks.addTask {
                    do {
                        try await self.renew(held)
                    } catch let lost as LeaseLost {
                        self.hold(nil)
                        onLoss(lost)
                        throw lost
                    }
                }
                try await tasks.next()
                tasks.cancelAll()
            }
        } catch {
            await release()
            throw error
        }
        await release()
    }

    private struct Held: Sendable {
        var lease: Lease
        var state: LeaseElectionState
        /// When the request was sent that renewed it: others count from later.
        var renewedAt: Duration
    }

    /// Nil when the process is shut down before it was elected.
    private func acquire() async throws -> Held? {
        var state = LeaseElectionState(identity: identity, times: times)
        logger.info("waiting for the lease", metadata: ["lease": "\(lease)", "identity": "\(identity)"])
        var holder = ""
        while !Task.isShuttingDownGracefully {
            try Task.checkCancellation()
            let began = time.now
            do {
                let attempt = try await withDeadline(began + times.renewDeadline) { [state] in
                    try await self.attempt(state)
                }
                state = attempt.state
                if let lease = attempt.lease { return Held(lease: lease, state: state, renewedAt: began) }
                if attempt.holder != holder {
                    holder = attempt.holder
                    logger.info("another process leads", metadata: ["lease": "\(lease)", "holder": "\(holder)"])
                }
            } catch {
                if Task.isCancelled { throw CancellationError() }
                logger.warning("cannot reach the lease", metadata: ["lease": "\(lease)", "error": "\(error)"])
            }
            // Spread, so that candidates that wait for the same expiry do not come together.
            let pause = times.retryPeriod * Double.random(in: 1..<1.2)
            try? await cancelWhenGracefulShutdown { [time] in try await time.sleep(for: pause) }
        }
        return nil
    }

    /// Renews until it fails for too long, which it throws.
    private func renew(_ held: Held) async throws {
        var held = held
        // As long as all goes well the lease is as we wrote it last, and a renewal is one request.
        var known: Lease? = held.lease
        var pause = times.retryPeriod
        var failure = "no answer within \(times.renewDeadline)"
        while true {
            let deadline = held.renewedAt + times.renewDeadline
            try await time.sleep(until: min(time.now + pause, deadline))
            let began = time.now
            guard began < deadline else { throw LeaseLost(lease: lease, holder: nil, reason: failure) }
            do {
                let attempt = try await withDeadline(deadline) { [state = held.state, known] in
                    try await self.attempt(state, known: known)
                }
                guard let lease = attempt.lease else {
                    throw LeaseLost(lease: lease, holder: attempt.holder, reason: "another process has taken it")
                }
                held = Held(lease: lease, state: attempt.state, renewedAt: began)
                known = lease
                pause = times.retryPeriod
                hold(lease)
            } catch let lost as LeaseLost {
                throw lost
            } catch {
                try Task.checkCancellation()
                // It may have been a conflict, which reading again settles.
                known = nil
                pause = times.retryPeriod / 4
                failure = "\(error)"
                logger.warning("cannot renew the lease", metadata: ["lease": "\(lease)", "error": "\(error)"])
            }
        }
    }

    private struct Attempt: Sendable {
        var state: LeaseElectionState
        /// The lease, when it is ours now.
        var lease: Lease?
        var holder = ""
    }

    private func attempt(_ state: LeaseElectionState, known: Lease? = nil) async throws -> Attempt {
        var state = state
        let lease: Lease?
        if let known { lease = known } else { lease = try await store.read() }
        switch state.decide(lease, now: time.now, date: WallClock.now()) {
        case .create(let spec): return Attempt(state: state, lease: try await store.create(spec))
        case .write(let spec, let old): return Attempt(state: state, lease: try await store.write(spec, over: old))
        case .wait(let holder): return Attempt(state: state, lease: nil, holder: holder)
        }
    }

    /// Lets go as well as it can: whoever waits gets it by its expiry otherwise.
    private func release() async {
        guard let held = holding.withLock({ $0 }) else { return }
        hold(nil)
        let state = LeaseElectionState(identity: identity, times: times)
        let deadline = time.now + times.retryPeriod
        // In a task of its own: the one that stops may be cancelled, and this is its last wish.
        let task = Task { [store, identity] in
            try await self.withDeadline(deadline) {
                do {
                    _ = try await store.write(state.release(held.spec), over: held)
                } catch {
                    // A renewal may have been on its way when the work ended.
                    guard let lease = try await store.read(), lease.spec.holderIdentity == identity else { return }
                    _ = try await store.write(state.release(lease.spec), over: lease)
                }
            }
        }
        do {
            try await task.value
            logger.notice("released the lease", metadata: ["lease": "\(lease)"])
        } catch {
            logger.warning("could not release the lease", metadata: ["lease": "\(lease)", "error": "\(error)"])
        }
    }

    private func hold(_ held: Lease?) {
        holding.withLock { $0 = held }
        metrics?.masterStatus.set(held == nil ? 0 : 1, lease.name)
    }

    private func withDeadline<Value: Sendable>(
        _ deadline: Duration,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await time.withDeadline(deadline, operation)
    }
}
