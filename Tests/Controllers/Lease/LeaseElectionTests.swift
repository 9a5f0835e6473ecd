import KubernetesModel
import Logging
import Testing

@testable import Controllers

/// A lease in memory, with the API server's rule for versions.
private actor MemoryLease: LeaseStore {
    struct Conflict: Error {}
    struct Unreachable: Error {}

    private(set) var lease: Lease?
    private(set) var version = 0
    /// How often somebody came while it was down.
    private(set) var refusals = 0
    private(set) var isDown = false
    private(set) var hangs = false

    func setDown(_ down: Bool) { isDown = down }
    func setHanging() { hangs = true }

    /// Another process writes the lease, against the rules.
    func seize(by holder: String) {
        version += 1
        lease?.spec.holderIdentity = holder
        lease?.metadata.resourceVersion = String(version)
    }

    func read() async throws -> Lease? {
        try await reach()
        return lease
    }

    func create(_ spec: Lease.Spec) async throws -> Lease {
        try await reach()
        guard lease == nil else { throw Conflict() }
        return put(spec)
    }

    func write(_ spec: Lease.Spec, over old: Lease) async throws -> Lease {
        try await reach()
        guard lease?.metadata.resourceVersion == old.metadata.resourceVersion else { throw Conflict() }
        return put(spec)
    }

    private func reach() async throws {
        if isDown {
            refusals += 1
            throw Unreachable()
        }
        if hangs { try await Task.sleep(for: .seconds(3600)) }
    }

    private func put(_ spec: Lease.Spec) -> Lease {
        version += 1
        var new = Lease(metadata: ObjectMeta(name: "lease", namespace: "ns"), spec: spec)
        new.metadata.resourceVersion = String(version)
        lease = new
        return new
    }
}

@Suite(.timeLimit(.minutes(3))) struct LeaseElectionTests {
    private let times = LeaseTimes(
        duration: .seconds(1),
        renewDeadline: .milliseconds(600),
        retryPeriod: .milliseconds(50)
    )

    private func election(
        _ identity: String,
        _ store: MemoryLease,
        times: LeaseTimes? = nil,
        metrics: RuntimeMetrics? = nil
    ) -> LeaseElection {
        LeaseElection(
            lease: ObjectKey(namespace: "ns", name: "lease"),
            identity: identity,
            store: store,
            times: times ?? self.times,
            time: .continuous,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: metrics
        )
    }

    @Test func `of two candidates one leads, and the other when that one has stopped`() async throws {
        let store = MemoryLease()
        let leading = Shared<Set<String>>([])
        let most = Shared(0)
        let stopFirst = Latch()
        let stopSecond = Latch()
        func run(_ name: String, until stop: Latch) -> Task<Void, any Error> {
            Task {
                try await election(name, store).run {
                    let count = leading.change {
                        $0.insert(name)
                        return $0.count
                    }
                    most.change { $0 = max($0, count) }
                    try await stop.wait()
                    leading.change { _ = $0.remove(name) }
                }
            }
        }
        let first = run("first", until: stopFirst)
        try await eventually("the first leads") { leading.value == ["first"] }
        let second = run("second", until: stopSecond)
        // Longer than the duration: it holds because it is renewed.
        try await Task.sleep(for: .milliseconds(1500))
        #expect(leading.value == ["first"])
        stopFirst.open()
        try await first.value
        try await eventually("the second leads") { leading.value == ["second"] }
        #expect(await store.lease?.spec.leaseTransitions == 1)
        stopSecond.open()
        try await second.value
        #expect(most.value == 1)
        #expect(await store.lease?.spec.holderIdentity == "")
    }

    @Test func `a lease that cannot be renewed is lost, and the work is cancelled`() async throws {
        let store = MemoryLease()
        let metrics = RuntimeMetrics()
        let election = election("me", store, metrics: metrics)
        let lost = Shared<LeaseLost?>(nil)
        let ended = Shared(false)
        let task = Task {
            try await election.run(onLoss: { loss in lost.change { $0 = loss } }) {
                do { try await Task.sleep(for: .seconds(3600)) } catch { ended.change { $0 = true } }
            }
        }
        try await eventually("it leads") { election.isLeading }
        #expect(metrics.masterStatus.value("lease") == 1)
        await store.setDown(true)
        await #expect(throws: LeaseLost.self) { try await task.value }
        #expect(lost.value != nil)
        #expect(ended.value)
        #expect(!election.isLeading)
        #expect(metrics.masterStatus.value("lease") == 0)
    }

    @Test func `an API server that hangs loses the lease too`() async throws {
        let store = MemoryLease()
        let election = election("me", store)
        let task = Task { try await election.run { try await Task.sleep(for: .seconds(3600)) } }
        try await eventually("it leads") { election.isLeading }
        await store.setHanging()
        await #expect(throws: LeaseLost.self) { try await task.value }
    }

    @Test func `a lease that another has taken is lost, and left to it`() async throws {
        let store = MemoryLease()
        let election = election("me", store)
        let task = Task { try await election.run { try await Task.sleep(for: .seconds(3600)) } }
        try await eventually("it leads") { election.isLeading }
        await store.seize(by: "other")
        let error = await #expect(throws: LeaseLost.self) { try await task.value }
        #expect(error?.holder == "other")
        #expect(await store.lease?.spec.holderIdentity == "other")
    }

    @Test func `a short outage of the API server is survived`() async throws {
        let store = MemoryLease()
        // Short is what ends long before the deadline, also where each wait takes its time.
        let patient = LeaseTimes(
            duration: .seconds(90),
            renewDeadline: .seconds(60),
            retryPeriod: .milliseconds(50)
        )
        let election = election("me", store, times: patient)
        let task = Task { try await election.run { try await Task.sleep(for: .seconds(3600)) } }
        try await eventually("it leads") { election.isLeading }
        for _ in 0..<3 {
            await store.setDown(true)
            let refusals = await store.refusals
            try await eventually("it meets the outage") { await store.refusals >= refusals + 2 }
            let version = await store.version
            await store.setDown(false)
            try await eventually("it renews again") { await store.version > version }
        }
        #expect(election.isLeading)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await store.lease?.spec.holderIdentity == "", "released on the way out")
    }

    @Test func `an error of the work is thrown, and the lease released`() async throws {
        struct Broken: Error {}
        let store = MemoryLease()
        await #expect(throws: Broken.self) { try await election("me", store).run { throw Broken() } }
        #expect(await store.lease?.spec.holderIdentity == "")
    }
}
