import KubernetesModel
import Testing

@testable import Operator

@Suite struct MemberClaimTests {
    @Test func retainedClaimsHaveNoOwner() throws {
        var claim = MemberClaim(
            group: orders,
            member: "orders-0",
            incarnation: 1,
            storageClassName: "fast",
            size: "100Gi",
            isDeletedWithGroup: true
        )
        try expectGolden(claim.body, "claim")
        claim.isDeletedWithGroup = false
        claim.storageClassName = nil
        #expect(claim.body[path: "metadata", "ownerReferences"] == nil)
        #expect(claim.body[path: "spec", "storageClassName"] == nil)
    }
}
