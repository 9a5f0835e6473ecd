import APIServerFixture
import Kubernetes
import KubernetesModel
import Logging
import ServiceLifecycle
import Testing

@testable import Controllers

@Suite("Runtime against a real API server", .enabled(if: APIServer.isAvailable), .timeLimit(.minutes(3)))
struct RuntimeAPIServerTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A namespace of its own for each test.
    private func prepare(_ server: APIServer? = nil) async throws -> (KubernetesClient, String) {
        let configuration: Configuration
        if let server {
            configuration = server.configuration
        } else {
            configuration = try await APIServer.sharedServer().configuration
        }
        let client = KubernetesClient(configuration, fieldManager: "test", logger: logger)
        let namespace = "test-\(UInt32.random(in: 0...UInt32.max))"
        try await client.create(["metadata": ["name": .string(namespace)]] as JSONValue, as: Namespace.self)
        return (client, namespace)
    }

    private func map(_ name: String, _ namespace: String, app: String = "a", value: String = "1") -> JSONValue {
        [
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": ["app": .string(app)]],
            "data": ["k": .string(value)],
        ]
    }

    private func following<Object: KubernetesObject>(
        _ cache: Cache<Object>,
        _ client: KubernetesClient,
        _ body: () async throws -> Void
    ) async throws {
        let informer = Informer(client: client, cache: cache, logger: logger)
        let task = Task { try await informer.run() }
        defer { task.cancel() }
        try await cache.waitForSync()
        try await body()
    }

    @Test func `a cache has what its namespace, labels and fields select, and follows it`() async throws {
        let (client, namespace) = try await prepare()
        let (_, elsewhere) = try await prepare()
        try await client.create(map("old", namespace), as: ConfigMap.self)
        try await client.create(map("other", namespace, app: "b"), as: ConfigMap.self)
        try await client.create(map("foreign", elsewhere), as: ConfigMap.self)
        let byApp = CacheIndex<ConfigMap>.label("app")
        let labelled = Cache<ConfigMap>(
            scope: CacheScope(namespace: namespace, labels: ["app": "a"]),
            indexes: [byApp]
        )
        let named = Cache<ConfigMap>(scope: CacheScope(namespace: namespace, fieldSelector: "metadata.name=other"))
        try await following(labelled, client) {
            #expect(try labelled.list().map(\.metadata.name) == ["old"])
            try await client.create(map("new", namespace), as: ConfigMap.self)
            try await client.apply(map("old", namespace, value: "2"), as: ConfigMap.self)
            try await eventually("both as they are") {
                try labelled.list(index: byApp, value: "a").map { $0.data["k"] ?? "" } == ["1", "2"]
            }
            // What no longer has the label leaves.
            try await client.apply(map("old", namespace, app: "b"), as: ConfigMap.self)
            try await client.delete(ConfigMap.self, ObjectKey(namespace: namespace, name: "new"))
            try await eventually("empty") { labelled.count == 0 }
        }
        try await following(named, client) {
            let names = try named.list().map(\.metadata.name)
            #expect(names == ["other"])
        }
    }

    @Test func `a cache survives a restart of the server, which has forgotten all versions`() async throws {
        let server = try await APIServer.start()
        let (client, namespace) = try await prepare(server)
        try await client.create(map("a", namespace), as: ConfigMap.self)
        let cache = Cache<ConfigMap>(scope: CacheScope(namespace: namespace, labels: ["app": "a"]))
        try await following(cache, client) {
            try await server.restart()
            #expect(try cache.list().map(\.metadata.name) == ["a"])
            try await client.create(map("b", namespace), as: ConfigMap.self)
            try await client.delete(ConfigMap.self, ObjectKey(namespace: namespace, name: "a"))
            try await eventually("the news") { try cache.list().map(\.metadata.name) == ["b"] }
        }
        await server.stop()
    }

    @Test func `own writes are in the cache when they return, and finalizers hold what is deleted`() async throws {
        let (client, namespace) = try await prepare()
        let cache = Cache<ConfigMap>(scope: CacheScope(namespace: namespace, labels: ["app": "a"]))
        let caches = Caches()
        caches.add(cache)
        let writer = ObjectWriter(client: client, caches: caches)
        let key = ObjectKey(namespace: namespace, name: "own")
        let finalizer = "xdb-operator.github.io/test"
        try await following(cache, client) {
            let dry = WriteOptions(isDryRun: true)
            _ = try await writer.apply(map("own", namespace), as: ConfigMap.self, dry)
            #expect(try caches.get(ConfigMap.self, key) == nil)
            for round in 0..<20 {
                _ = try await writer.apply(map("own", namespace, value: "\(round)"), as: ConfigMap.self)
                #expect(try caches.get(ConfigMap.self, key)?.data["k"] == "\(round)")
            }
            let object = try #require(try caches.get(ConfigMap.self, key))
            _ = try await writer.addFinalizer(finalizer, to: object)
            try await writer.delete(ConfigMap.self, key)
            let held = try #require(try caches.get(ConfigMap.self, key))
            #expect(held.metadata.isBeingDeleted)
            #expect(held.metadata.finalizers == [finalizer])
            try await writer.removeFinalizer(finalizer, from: held)
            #expect(try caches.get(ConfigMap.self, key) == nil)
            // Again is nothing: neither is an error.
            try await writer.removeFinalizer(finalizer, from: held)
            try await writer.delete(ConfigMap.self, key)
        }
    }

    @Test func `of two candidates one leads, and the other after it`() async throws {
        let (client, namespace) = try await prepare()
        let lease = ObjectKey(namespace: namespace, name: "election")
        let times = LeaseTimes(duration: .seconds(6), renewDeadline: .seconds(4), retryPeriod: .milliseconds(200))
        let led = Shared<[String]>([])
        func candidate(_ name: String) -> LeaseElection {
            LeaseElection(client: client, lease: lease, identity: name, times: times, logger: logger)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for name in ["one", "two"] {
                let election = candidate(name)
                tasks.addTask {
                    try await election.run {
                        led.change { $0.append(name) }
                        // Longer than a few renewals.
                        try await Task.sleep(for: .seconds(2))
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(led.value.sorted() == ["one", "two"])
        let left = try await client.get(Lease.self, lease)
        #expect(left.spec.leaseTransitions == 1)
        #expect(left.spec.holderIdentity.isEmpty)
    }

    @Test func `a lease that the server no longer lets us renew is lost`() async throws {
        let (client, namespace) = try await prepare()
        let lease = ObjectKey(namespace: namespace, name: "election")
        let times = LeaseTimes(duration: .seconds(3), renewDeadline: .seconds(2), retryPeriod: .milliseconds(200))
        let election = LeaseElection(client: client, lease: lease, identity: "one", times: times, logger: logger)
        await #expect(throws: LeaseLost.self) {
            try await election.run {
                // Another takes it, as one does whose clock we cannot see.
                try await client.patch(Lease.self, lease, ["spec": ["holderIdentity": "two"]])
                try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(try await client.get(Lease.self, lease).spec.holderIdentity == "two")
    }

    /// Notes what it begins and ends; how long a reconcile takes is up to the test.
    private struct Slow: Reconciler {
        let log: Shared<[String]>
        let pause: @Sendable () async throws -> Void

        func observe(_ key: ObjectKey) async throws -> ObjectKey? { key }
        func decide(_ snapshot: ObjectKey, now: Time) -> String { snapshot.name }
        func apply(_ plan: String, to snapshot: ObjectKey) async throws -> Followup {
            log.change { $0.append("\(plan) begins") }
            try await pause()
            log.change { $0.append("\(plan) ends") }
            return .done
        }
        func status(_ snapshot: ObjectKey, _ plan: String, _ result: Result<Followup, any Error>) async throws {}
    }

    /// A program that has begun to reconcile `a`, and whose worker has `b` to do next; nothing else runs in it.
    private func running(
        _ client: KubernetesClient,
        _ lease: ObjectKey,
        log: Shared<[String]>,
        stopWithin: Duration = .seconds(10),
        pause: @escaping @Sendable () async throws -> Void
    ) async throws -> (program: ServiceGroup, task: Task<Void, any Error>) {
        var configuration = Runtime.Configuration(controller: "test", identity: "one", lease: lease, probePort: nil)
        configuration.leaseTimes = LeaseTimes(
            duration: .seconds(6),
            renewDeadline: .seconds(4),
            retryPeriod: .milliseconds(200)
        )
        configuration.stopWithin = stopWithin
        let runtime = Runtime(client: client, configuration: configuration, logger: logger)
        let controller = Controller(
            name: "slow",
            reconciler: Slow(log: log, pause: pause),
            workers: 1,
            logger: logger
        )
        runtime.addLeading(controller)
        for name in ["a", "b"] { controller.enqueue(ObjectKey(namespace: "", name: name)) }
        let program = ServiceGroup(configuration: .init(services: [.init(service: Program(runtime))], logger: logger))
        let task = Task { try await program.run() }
        try await eventually("the first reconcile") { log.value == ["a begins"] }
        return (program, task)
    }

    /// The runtime as a part of the test, which cannot send itself a signal.
    private struct Program: ServiceLifecycle.Service {
        let runtime: Runtime
        init(_ runtime: Runtime) { self.runtime = runtime }
        func run() async throws { try await runtime.run() }
    }

    @Test func `told to stop, it lets what runs end, begins nothing, and gives the lease back`() async throws {
        let (client, namespace) = try await prepare()
        let lease = ObjectKey(namespace: namespace, name: "election")
        let log = Shared<[String]>([])
        let mayEnd = Shared(false)
        let (program, task) = try await running(client, lease, log: log) {
            while !mayEnd.value { try await Task.sleep(for: .milliseconds(5)) }
        }
        await program.triggerGracefulShutdown()
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await client.get(Lease.self, lease).spec.holderIdentity == "one", "its work is not done")
        mayEnd.change { $0 = true }
        try await task.value
        #expect(log.value == ["a begins", "a ends"])
        #expect(try await client.get(Lease.self, lease).spec.holderIdentity.isEmpty)
    }

    @Test func `what does not end within the time for stopping is cancelled`() async throws {
        let (client, namespace) = try await prepare()
        let log = Shared<[String]>([])
        let (program, task) = try await running(
            client,
            ObjectKey(namespace: namespace, name: "election"),
            log: log,
            stopWithin: .seconds(3)
        ) {
            try await Task.sleep(for: .seconds(3600))
        }
        await program.triggerGracefulShutdown()
        // That it ends at all is what counts: an hour is longer than the time limit of the test.
        _ = await task.result
        #expect(log.value == ["a begins"])
    }

    @Test func `a lost lease ends the program at once`() async throws {
        let (client, namespace) = try await prepare()
        let lease = ObjectKey(namespace: namespace, name: "election")
        let log = Shared<[String]>([])
        let (_, task) = try await running(client, lease, log: log) { try await Task.sleep(for: .seconds(3600)) }
        try await client.patch(Lease.self, lease, ["spec": ["holderIdentity": "two"]])
        await #expect(throws: LeaseLost.self) { try await task.value }
        #expect(log.value == ["a begins"])
        #expect(try await client.get(Lease.self, lease).spec.holderIdentity == "two")
    }

    @Test func `events stand on the server, and their repetitions as a series`() async throws {
        let (client, namespace) = try await prepare()
        let sink = ClientEventSink(client: client)
        var event = Event(metadata: ObjectMeta(name: "e", namespace: namespace))
        event.eventTime = MicroTime(.now)
        event.reportingController = "xdb-operator.github.io/test"
        event.reportingInstance = "test"
        (event.action, event.reason, event.note) = ("Testing", "Tested", "tested once")
        event.regarding = ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: "a")
        try await sink.create(event)
        try await sink.setSeries(
            namespace: namespace,
            name: "e",
            Event.Series(count: 7, lastObservedTime: MicroTime(.now))
        )
        let key = ObjectKey(namespace: namespace, name: "e")
        #expect(try await client.get(Event.self, key).series?.count == 7)
        try await client.delete(Event.self, key)
        do {
            try await sink.setSeries(
                namespace: namespace,
                name: "e",
                Event.Series(count: 8, lastObservedTime: .init(.now))
            )
            Issue.record("the event is gone")
        } catch {
            #expect(sink.isGone(error))
        }
    }
}
