import Kubernetes
import KubernetesModel
import Testing

@testable import Console

@Suite struct ComplaintTests {
    private static let ours = "/apis/xdb-operator.github.io/v1alpha1/namespaces/shop"

    private func complaint(_ request: String, _ code: Int, _ message: String, name: String = "") -> Complaint {
        var status = APIStatus(code: code, reason: code == 403 ? "Forbidden" : "NotFound", message: message)
        status.name = name
        return Complaint(refusal: APIError(status, request: request))
    }

    @Test func theMissingRightIsNamed() {
        let complaint = complaint(
            "PATCH \(Self.ours)/xdbgroups/orders",
            403,
            "xdbgroups \"orders\" is forbidden: User \"system:serviceaccount:shop:dba\" cannot patch resource"
        )
        #expect(complaint.status == .forbidden)
        #expect(
            complaint.message
                == "you may not patch xdbgroups of xdb-operator.github.io in namespace shop (you are "
                + "system:serviceaccount:shop:dba). Ask for a Role with the rule {apiGroups: "
                + "[\"xdb-operator.github.io\"], resources: [xdbgroups], verbs: [patch]}"
        )
    }

    @Test(arguments: [
        ("GET /api/v1/nodes", "list nodes in the whole cluster. Ask for a ClusterRole"),
        ("GET \(ours)/xdboperations", "list xdboperations of xdb-operator.github.io in namespace shop. Ask for a Role"),
        ("POST \(ours)/xdboperations", "create xdboperations of xdb-operator.github.io in namespace shop"),
        ("GET /api/v1/namespaces/shop/pods/orders-0/log", "get pods/log in namespace shop"),
        ("GET /api/v1/namespaces/shop", "get namespaces in the whole cluster"),
    ])
    func rightsAreReadFromRequests(_ request: String, _ words: String) {
        #expect(complaint(request, 403, "forbidden").message.contains("you may not \(words)"))
    }

    @Test func aClusterWithoutTheOperatorIsToldFromAMissingGroup() {
        let without = complaint(
            "GET \(Self.ours)/xdbgroups/orders",
            404,
            "the server could not find the requested resource"
        )
        #expect(without.status == .notFound)
        #expect(without.message.contains("xdb-operator is not installed"))
        let missing = complaint(
            "GET \(Self.ours)/xdbgroups/orders",
            404,
            "xdbgroups \"orders\" not found",
            name: "orders"
        )
        #expect(missing.message == "there is no such object: xdbgroups \"orders\" not found")
    }

    @Test func otherErrorsHaveTheirCodes() {
        let transport = Complaint(of: TransportError(.unreachable, "Connection refused", server: "10.0.0.1:6443"))
        #expect(transport?.status == .unreachable)
        #expect(transport?.message.contains("10.0.0.1:6443: Connection refused") == true)
        #expect(Complaint(of: ConfigurationError("no context"))?.status == .unreachable)
        #expect(Complaint(of: CancellationError()) == nil)
        #expect(complaint("GET /api/v1/nodes", 401, "Unauthorized").status == .forbidden)
        #expect(
            complaint("GET /api/v1/nodes", 500, "etcd is away").message == "the API server refuses it: etcd is away"
        )
    }

    /// Scripts rely on the numbers.
    @Test func exitCodesStay() {
        #expect(Outcome.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 10, 11, 12, 64])
    }
}
