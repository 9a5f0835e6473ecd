import ClusterFixture
import Kubernetes
import KubernetesModel
import Testing
import XDB

extension ClusterTests {
    /// Nothing stays of the groups that the suites before have deleted, while faults went on around them.
    ///
    /// The last suite: they run in the order of their files.
    @Suite(.serialized) struct Remainder {
        @Test func allGroupsAreGone() async throws {
            try await eventually("the groups are gone") { () -> Bool? in
                try await Lab.client.list(XDBGroup.self).items.isEmpty ? true : nil
            }
            try await eventually("nothing is left of the clean-up") { () -> Bool? in
                try await Lab.client.list(Pod.self, in: "xdb-cleanup").items.isEmpty ? true : nil
            }
            for node in try await Lab.client.list(Node.self).items {
                for path in ["/var/lib/xdb/default", "/var/lib/xdb/small/default"] {
                    // Empty folders stay where a kubelet made them for an image that could not be had, and that could
                    // not remove them either.
                    let left = try await Lab.files(on: node.metadata.name, under: path, folders: false)
                    #expect(left.isEmpty, "\(node.metadata.name) still has \(left.prefix(5))")
                }
            }
        }
    }
}
