import Kubernetes
import KubernetesModel
import Logging
import Planning
import Synchronization
import Testing
import XDB

@testable import Controllers
@testable import Operator

/// What the API server refuses is known to the next decision, as long as it is planned and refused.
@Suite struct RefusalsTests {
    private static func error(_ code: Int, _ message: String = "no") -> APIError {
        APIError(APIStatus(code: code, reason: "", message: message), request: "POST /api/v1/namespaces/default/pods")
    }

    // MARK: What is a refusal

    @Test(arguments: [
        (400, "the request is malformed", true), (403, "exceeded quota: none", true), (422, "Invalid value", true),
        (418, "the webhook has a mind of its own", true),
        (500, "Internal error occurred: failed calling webhook \"p\": connection refused", true),
        (401, "Unauthorized", false), (404, "not found", false), (409, "it has been modified", false),
        (410, "too old", false), (429, "too many requests", false), (500, "etcdserver: leader changed", false),
        (503, "unavailable", false), (504, "timeout", false),
        (403, "pods \"x\" is forbidden: not yet ready to handle request", false),
        (403, "pods \"x\" is forbidden: status unknown for quota: none, resources: pods", false),
    ])
    func whatTheServerWouldSayAgainIsARefusal(_ code: Int, _ message: String, _ isRefusal: Bool) {
        let error = Self.error(code, message)
        #expect(error.isRefusal == isRefusal)
        #expect(Trial(error) == (isRefusal ? .refused(message) : .failed))
    }

    @Test func aNamespaceThatGoesIsNoRefusal() throws {
        let status = try APIStatus(
            json: #"{"code": 403, "message": "no", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}"#
        )
        #expect(!APIError(status, request: "").isRefusal)
    }

    @Test func ofSeveralActionsOnAnObjectTheWorstCounts() {
        let kinds: [Trial] = [.done, .failed, .refused("no")]
        for (index, worse) in kinds.enumerated() {
            for other in kinds[...index] {
                #expect(worse.and(other) == worse)
                #expect(other.and(worse) == worse)
            }
        }
        #expect(Trial(nil) == .done)
        #expect(Trial(EffectError.refused("it is waited for")) == .failed)
        #expect(Trial(CancellationError()) == .failed)
    }

    // MARK: What is remembered

    private static let key = ObjectKey(namespace: "default", name: "orders")

    /// What an operator knows of a new group of one.
    private static func caches() -> Caches {
        var metadata = ObjectMeta(name: key.name, namespace: key.namespace)
        metadata.uid = orders.uid
        metadata.resourceVersion = "9"
        metadata.finalizers = [Label.finalizer]
        var group = XDBGroup(metadata: metadata)
        group.spec.image = "localhost/xdb-engine:dev"
        group.spec.members.candidates = 1
        group.spec.members.loggers = 0
        var path = XDBGroup.HostPath()
        path.path = "/var/lib/xdb"
        group.spec.storage.hostPath = path
        let caches = Rebuilding.caches(groups: [group])
        addMetadata(of: ConfigMap.self, to: caches)
        addMetadata(of: Service.self, to: caches)
        addMetadata(of: PodDisruptionBudget.self, to: caches)
        return caches
    }

    private static func addMetadata<Kind: KubernetesObject>(of kind: Kind.Type, to caches: Caches) {
        let cache = Cache<PartialObjectMetadata<Kind>>()
        cache.replace(with: [], version: "10")
        caches.add(cache)
    }

    private final class Events: Sendable {
        private let all = Mutex<[GroupEvent]>([])
        var warnings: [Reason] { all.withLock { $0.filter(\.isWarning).map(\.reason) } }
        func add(_ event: GroupEvent) { all.withLock { $0.append(event) } }
    }

    /// A controller that decides and acts when it is told to.
    private struct Rounds {
        let cluster = FakeCluster()
        let caches = RefusalsTests.caches()
        let events = Events()
        let controller: GroupController

        init() {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            controller = GroupController(
                cluster: cluster,
                caches: caches,
                transport: FakeTransport(),
                monitor: AgentMonitor(logger: logger),
                settings: OperatorSettings(logger: logger),
                clock: { Time(seconds: 1_700_000_000) },
                logger: logger
            ) { [events] event, _ in events.add(event) }
        }

        /// What was seen in a round, and when the next one is to come.
        func round() async throws -> (seen: GroupObservation, next: Followup) {
            let snapshot = try #require(try await controller.observe(RefusalsTests.key))
            let plan = controller.decide(snapshot, now: snapshot.observation.now)
            return (snapshot.observation, try await controller.apply(plan, to: snapshot))
        }
    }

    private static let refused = [ServerRefusal(ObjectName("Pod", "orders-0"), "exceeded quota: none")]

    @Test func whatIsRefusedIsKnownUntilItIsDone() async throws {
        let rounds = Rounds()
        rounds.cluster.answer("Pod", with: Self.error(403, "exceeded quota: none"))
        let first = try await rounds.round()
        #expect(first.seen.refusals == [])
        #expect(first.next == .again(after: .milliseconds(250)), "it is tried again")
        let second = try await rounds.round()
        #expect(second.seen.refusals == Self.refused)
        let group = try rounds.caches.get(XDBGroup.self, Self.key)
        #expect(group?.status.members.first?.reason == Reason.refused.rawValue)
        #expect(rounds.events.warnings == [.refused])

        // A server that is busy says nothing of it.
        rounds.cluster.answer("Pod", with: Self.error(503))
        _ = try await rounds.round()
        #expect(try await rounds.round().seen.refusals == Self.refused)

        rounds.cluster.answer("Pod", with: nil)
        #expect(try await rounds.round().next == .again(after: .zero), "what has changed is told at once")
        #expect(rounds.cluster.has(Pod.self, "orders-0"))
        #expect(try await rounds.round().seen.refusals == [])
        #expect(rounds.events.warnings == [.refused], "it is told once")
    }

    @Test func whatIsNotPlannedAnyMoreIsNotRefused() async throws {
        let rounds = Rounds()
        rounds.cluster.answer("Pod", with: Self.error(403, "exceeded quota: none"))
        _ = try await rounds.round()
        #expect(try await rounds.round().seen.refusals == Self.refused)
        var paused = try #require(try rounds.caches.get(XDBGroup.self, Self.key))
        paused.spec.paused = true
        paused.metadata.resourceVersion = "1000"
        rounds.caches.wrote(paused)
        _ = try await rounds.round()
        #expect(try await rounds.round().seen.refusals == [])
    }

    /// What was found out about a group is not known of its namesake.
    @Test func anotherGroupOfTheNameBeginsWithNothing() async throws {
        let rounds = Rounds()
        rounds.cluster.answer("Pod", with: Self.error(403, "exceeded quota: none"))
        _ = try await rounds.round()
        var other = try #require(try rounds.caches.get(XDBGroup.self, Self.key))
        other.metadata.uid = "another"
        other.metadata.resourceVersion = "1000"
        other.status = XDBGroup.Status()
        rounds.caches.wrote(other)
        #expect(try await rounds.round().seen.refusals == [])
    }
}
