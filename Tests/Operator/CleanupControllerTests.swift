import KubernetesModel
import Planning
import Testing

@testable import Operator

@Suite struct CleanupControllerTests {
    private func pod(_ phase: Pod.Phase) throws -> Pod {
        let body = try #require(
            CleanupPod(
                group: orders,
                namespace: "xdb-cleanup",
                name: "orders-cleanup",
                node: "node1",
                directory: "/var/lib/xdb/default/orders",
                image: "x"
            ).json
        )
        var pod = try Pod(json: body.description)
        pod.status.phase = phase
        return pod
    }

    @Test func knowsItsGroupFromAnotherNamespace() throws {
        #expect(CleanupController.group(of: try pod(.running)) == ObjectKey(namespace: "default", name: "orders"))
        #expect(CleanupController.group(of: Pod()) == nil)
    }

    @Test(arguments: [
        (Pod.Phase.succeeded, false, CleanupController.Plan.delete),
        (.failed, false, .delete),
        (.running, false, .keep),
        (.pending, false, .keep),
        (.succeeded, true, .keep),
        (.failed, true, .keep),
    ])
    func onlyWhatIsFinishedAndOwnedByNobodyGoes(
        _ phase: Pod.Phase,
        _ hasGroup: Bool,
        _ expected: CleanupController.Plan
    ) throws {
        #expect(CleanupController.plan(.init(pod: try pod(phase), hasGroup: hasGroup)) == expected)
    }
}
