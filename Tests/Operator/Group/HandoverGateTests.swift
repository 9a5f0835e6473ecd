import KubernetesModel
import Planning
import Testing
import XDB

@testable import Operator

@Suite struct HandoverGateTests {
    private static func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "default", name: name) }

    private static func leaving(_ name: String, cause: XDBGroup.ElectionCause = .nodeOffline) -> XDBGroup {
        var group = XDBGroup(metadata: ObjectMeta(name: name, namespace: "default"))
        group.status.election = XDBGroup.ElectionStatus()
        group.status.election?.cause = cause
        return group
    }

    @Test func onlySoManyLeaveAtTheSameTime() throws {
        let gate = HandoverGate()
        let limit = OfflineNodes.handoversAtOnce
        // One is on its way by the cache, and is not counted twice.
        let caches = Rebuilding.caches(groups: [Self.leaving("g1"), Self.leaving("other", cause: .failover)])
        for number in 1...limit { try gate.enter(Self.key("g\(number)"), caches) }
        #expect(throws: StatusConflict.self) { try gate.enter(Self.key("late"), caches) }
        gate.leave(Self.key("g2"))
        try gate.enter(Self.key("late"), caches)
        #expect(throws: StatusConflict.self) { try gate.enter(Self.key("later"), caches) }
    }

    @Test func aGroupLeavesUntilItsNextLeaderTakesWrites() {
        var group = Self.leaving("orders")
        #expect(group.isLeavingOfflineNode)
        group.status.election = nil
        #expect(!group.isLeavingOfflineNode)
        var record = XDBGroup.EpochRecord()
        record.cause = .nodeOffline
        group.status.epochs = [record]
        #expect(group.isLeavingOfflineNode)
        group.status.epochs[0].routed = MicroTime(Time(seconds: 1))
        #expect(!group.isLeavingOfflineNode)
        group.status.election = XDBGroup.ElectionStatus()
        group.status.election?.cause = .failover
        #expect(!group.isLeavingOfflineNode)
    }
}
