import KubernetesModel

/// How long a lease holds, and how it is kept.
public struct LeaseTimes: Hashable, Sendable {
    /// How long others wait after the last renewal that they saw before they take the lease.
    public var duration: Duration
    /// How long the holder tries to renew before it gives up.
    ///
    /// Shorter than `duration` by what the holder needs to stop its work.
    public var renewDeadline: Duration
    /// The pause between two attempts.
    public var retryPeriod: Duration

    /// Kubernetes' own: 15, 10 and 2 seconds.
    public init(
        duration: Duration = .seconds(15),
        renewDeadline: Duration = .seconds(10),
        retryPeriod: Duration = .seconds(2)
    ) {
        precondition(
            retryPeriod < renewDeadline && renewDeadline < duration,
            "a lease is retried sooner than given up, and given up sooner than others take it"
        )
        self.duration = duration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }
}

/// The rules of an election by lease: no clock, no connection.
///
/// The times in a lease are the holder's and its clock may be wrong, so nothing is compared with them: a lease has
/// expired when it was seen unchanged for its whole duration by the own monotonic clock.
struct LeaseElectionState: Sendable {
    /// What to do about the lease as it was read.
    enum Decision: Equatable {
        /// There is none: make it with this record.
        case create(Lease.Spec)
        /// Write this record over the version that was read.
        case write(Lease.Spec, over: Lease)
        /// Someone else has it.
        case wait(holder: String)
    }

    let identity: String
    let times: LeaseTimes
    private var observed: Lease.Spec?
    private var observedAt = Duration.zero

    init(identity: String, times: LeaseTimes) {
        self.identity = identity
        self.times = times
    }

    /// Takes the lease as it was just read, nil when there is none, and decides.
    ///
    /// `date` goes into the record.
    mutating func decide(_ lease: Lease?, now: Duration, date: Time) -> Decision {
        guard let lease else {
            observed = nil
            return .create(record(after: nil, date: date))
        }
        if observed != lease.spec {
            observed = lease.spec
            observedAt = now
        }
        let holder = lease.spec.holderIdentity
        let holds = Duration.seconds(max(Int(lease.spec.leaseDurationSeconds), 1))
        if !holder.isEmpty, holder != identity, now < observedAt + holds { return .wait(holder: holder) }
        return .write(record(after: lease.spec, date: date), over: lease)
    }

    /// The record that lets go: nobody holds it, and the next may come at once.
    func release(_ spec: Lease.Spec) -> Lease.Spec {
        var released = spec
        released.holderIdentity = ""
        released.leaseDurationSeconds = 1
        return released
    }

    private func record(after old: Lease.Spec?, date: Time) -> Lease.Spec {
        var new = Lease.Spec()
        new.holderIdentity = identity
        new.leaseDurationSeconds = Int32(times.duration.components.seconds)
        new.renewTime = MicroTime(date)
        if let old, old.holderIdentity == identity {
            new.acquireTime = old.acquireTime
            new.leaseTransitions = old.leaseTransitions
        } else {
            new.acquireTime = MicroTime(date)
            new.leaseTransitions = old.map { $0.leaseTransitions + 1 } ?? 0
        }
        return new
    }
}
