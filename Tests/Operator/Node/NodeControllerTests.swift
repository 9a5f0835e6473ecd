import KubernetesModel
import Logging
import Planning
import Testing
import XDB

@testable import Operator

@Suite struct NodeControllerTests {
    private let cluster = FakeCluster()
    private static let key = ObjectKey(namespace: "xdb-system", name: "node1-offline")

    private static func operation(_ change: (inout XDBOperation) -> Void = { _ in }) -> XDBOperation {
        var spec = XDBOperation.Spec()
        spec.offlineNode = XDBOperation.OfflineNode()
        spec.offlineNode?.node = "node1"
        var operation = XDBOperation(metadata: ObjectMeta(name: key.name, namespace: key.namespace), spec: spec)
        change(&operation)
        return operation
    }

    private func controller(_ operation: XDBOperation) -> NodeController {
        var node = Node(metadata: ObjectMeta(name: "node1"))
        node.status.conditions = [Condition("Ready", .true, reason: "KubeletReady", message: "")]
        return NodeController(
            cluster: cluster,
            caches: Rebuilding.caches(
                groups: [XDBGroup(metadata: ObjectMeta(name: "orders", namespace: "default"))],
                nodes: [node],
                operations: [operation]
            ),
            namespace: "xdb-system",
            dataBytes: { $0.name == "orders" ? 4096 : nil },
            passed: { _ in },
            logger: Logger(label: "test")
        )
    }

    @Test func aNodeIsMarkedOnceThatIsRecorded() async throws {
        let controller = controller(Self.operation())
        let observation = try #require(try await controller.observe(Self.key))
        #expect(observation.nodes.map(\.name) == ["node1"])
        #expect(observation.nodes.first?.isOffline == false)
        let plan = controller.decide(observation, now: observation.now)
        _ = try await controller.apply(plan, to: observation)
        #expect(cluster.calls == ["status node1-offline", "label node node1 \(Label.offline) true"])
    }

    @Test func anOperationOnAGroupMadeForItBelongsToTheGroup() async throws {
        let controller = controller(Self.operation())
        let observation = try #require(try await controller.observe(Self.key))
        var spec = XDBOperation.Spec()
        spec.group = "orders"
        spec.changeLeader = XDBOperation.ChangeLeader()
        spec.changeLeader?.to = "orders-1"
        var plan = NodeWorkPlan(status: observation.operation.status)
        plan.actions = [.createOperation(ObjectKey(namespace: "default", name: "orders-1-leads"), spec)]
        _ = try await controller.apply(plan, to: observation)
        _ = try await controller.apply(plan, to: observation)
        #expect(cluster.calls == ["create XDBOperation orders-1-leads"], "what is there stays as it is")
    }

    @Test func aBalanceIsToldHowLargeDataAre() async throws {
        let balance = Self.operation {
            $0.spec.offlineNode = nil
            $0.spec.balance = XDBOperation.Balance()
        }
        let observation = try #require(try await controller(balance).observe(Self.key))
        #expect(observation.dataBytes == [ObjectKey(namespace: "default", name: "orders"): 4096])
    }

    @Test(arguments: [
        operation { $0.status.state = .succeeded },
        operation { $0.spec.group = "orders" },
        operation { $0.metadata.deletionTimestamp = Time(seconds: 1) },
    ])
    func othersAreLeftToOthers(_ operation: XDBOperation) async throws {
        #expect(try await controller(operation).observe(Self.key) == nil)
    }
}
