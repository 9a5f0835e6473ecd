import KubernetesModel
import Testing

@testable import Operator

@Suite struct CleanupPodTests {
    @Test func removesTheGroupsDirectoryOnly() throws {
        let pod = CleanupPod(
            group: orders,
            namespace: "xdb-cleanup",
            name: "orders-cleanup",
            node: "node1",
            directory: "/var/lib/xdb/default/orders",
            image: "localhost/xdb-engine:dev"
        )
        try expectGolden(#require(pod.json), "cleanup")
    }

    @Test(arguments: ["/", "/etc", "/var/lib", "relative/a/b/c", "/var/lib/xdb/../../etc"])
    func refusesPathsThatAreNoGroups(directory: String) {
        #expect(
            CleanupPod(
                group: orders,
                namespace: "default",
                name: "orders-cleanup",
                node: "node1",
                directory: directory,
                image: "x"
            ).json == nil
        )
    }
}
