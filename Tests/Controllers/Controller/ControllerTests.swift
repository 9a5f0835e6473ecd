import KubernetesModel
import Logging
import ServiceLifecycle
import Testing

@testable import Controllers

/// Counts up to what the object's data want, one at a time.
private struct Counting: Reconciler {
    struct Snapshot: Sendable {
        var name: String
        var version: String
    }
    struct Broken: Error {}

    let cache: Cache<ConfigMap>
    let steps: Shared<[String]>
    var failures = Shared(0)

    func observe(_ key: ObjectKey) async throws -> Snapshot? {
        guard let object = try cache.get(key) else { return nil }
        return Snapshot(name: object.metadata.name, version: object.metadata.resourceVersion)
    }

    func decide(_ snapshot: Snapshot, now: Time) -> String { "plan \(snapshot.name)@\(snapshot.version)" }

    func apply(_ plan: String, to snapshot: Snapshot) async throws -> Followup {
        #expect(ReconcileContext.current?.controller == "counting")
        let fails = failures.change { left in
            left -= 1
            return left >= 0
        }
        if fails { throw Broken() }
        return .done
    }

    func status(_ snapshot: Snapshot, _ plan: String, _ result: Result<Followup, any Error>) async throws {
        let outcome = if case .success = result { "ok" } else { "failed" }
        steps.change { $0.append("\(plan) \(outcome)") }
    }
}

@Suite(.timeLimit(.minutes(3))) struct ControllerTests {
    private func map(_ name: String, _ version: String, owner: OwnerReference? = nil) -> ConfigMap {
        var metadata = ObjectMeta(name: name, namespace: "ns")
        metadata.resourceVersion = version
        metadata.uid = "uid-\(name)"
        if let owner { metadata.ownerReferences = [owner] }
        return ConfigMap(metadata: metadata)
    }

    private func controller(_ reconciler: Counting, metrics: RuntimeMetrics? = nil) -> Controller<Counting> {
        Controller(
            name: "counting",
            reconciler: reconciler,
            caches: [reconciler.cache],
            backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(2)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: metrics
        )
    }

    @Test func `begins when the caches have synced, and follows every change`() async throws {
        let cache = Cache<ConfigMap>()
        let steps = Shared<[String]>([])
        let metrics = RuntimeMetrics()
        let controller = controller(Counting(cache: cache, steps: steps), metrics: metrics)
        controller.watch(cache)
        let task = Task { try await controller.run() }
        controller.enqueue(ObjectKey(namespace: "ns", name: "not there"))
        try await Task.sleep(for: .milliseconds(20))
        #expect(steps.value.isEmpty)
        cache.replace(with: [map("a", "5")], version: "5")
        try await eventually("the first") { steps.value == ["plan a@5 ok"] }
        cache.wrote(map("a", "6"))
        try await eventually("the change") { steps.value == ["plan a@5 ok", "plan a@6 ok"] }
        task.cancel()
        try await task.value
        #expect(metrics.reconciles.value("counting", "success") == 3)
        #expect(metrics.reconcileSeconds.count("counting") == 3)
    }

    @Test func `a failure is written to the status and tried again`() async throws {
        let cache = Cache<ConfigMap>()
        let steps = Shared<[String]>([])
        let metrics = RuntimeMetrics()
        let controller = controller(Counting(cache: cache, steps: steps, failures: Shared(2)), metrics: metrics)
        controller.watch(cache)
        cache.replace(with: [map("a", "5")], version: "5")
        let task = Task { try await controller.run() }
        try await eventually("success") { steps.value == ["plan a@5 failed", "plan a@5 failed", "plan a@5 ok"] }
        task.cancel()
        try await task.value
        #expect(metrics.reconcileErrors.value("counting") == 2)
        #expect(metrics.retries.value("counting", "counting") == 2)
    }

    @Test func `changes of owned objects are the owner's`() async throws {
        let cache = Cache<ConfigMap>()
        let owned = Cache<ConfigMap>()
        let steps = Shared<[String]>([])
        let controller = controller(Counting(cache: cache, steps: steps))
        controller.watch(owned, ownersOf: Deployment.resource)
        let group = Deployment.resource
        func owner(_ apiVersion: String, _ kind: String) -> OwnerReference {
            OwnerReference(apiVersion: apiVersion, kind: kind, name: "a", uid: "u")
        }
        cache.replace(with: [map("a", "5")], version: "5")
        owned.replace(with: [], version: "5")
        let task = Task { try await controller.run() }
        owned.wrote(map("foreign", "6", owner: owner("other/v1", group.kind)))
        owned.wrote(map("another", "7", owner: owner(group.apiVersion, "ReplicaSet")))
        owned.wrote(map("ours", "8", owner: owner("\(group.group)/v1beta1", group.kind)))
        try await eventually("the owner") { steps.value == ["plan a@5 ok"] }
        task.cancel()
        try await task.value
    }

    @Test(arguments: [
        (Followup.done, Followup.done, Followup.done),
        (.done, .again(after: .seconds(2)), .again(after: .seconds(2))),
        (.again(after: .seconds(1)), .again(after: .seconds(2)), .again(after: .seconds(1))),
    ])
    func `the earlier of two looks`(left: Followup, right: Followup, expected: Followup) {
        #expect(left.earlier(right) == expected)
        #expect(right.earlier(left) == expected)
    }
}
