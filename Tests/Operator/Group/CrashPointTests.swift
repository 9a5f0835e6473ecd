import Foundation
import KubernetesModel
import Planning
import Testing
import XDB

@testable import Operator

@Suite struct CrashPointTests {
    private func rebuild(
        _ step: XDBGroup.RebuildStep,
        operation: String = "rebuild",
        result: XDBOperation.State? = nil
    ) -> XDBGroup.RebuildStatus {
        var rebuild = XDBGroup.RebuildStatus()
        rebuild.operation = operation
        rebuild.step = step
        rebuild.result = result
        return rebuild
    }

    private func recorded(_ new: XDBGroup.RebuildStatus?, after old: XDBGroup.RebuildStatus?) -> [CrashPoint] {
        var (before, after) = (XDBGroup.Status(), XDBGroup.Status())
        before.rebuild = old
        after.rebuild = new
        return CrashPoint.recorded(after, after: before)
    }

    /// On the cluster, in a suite of which the operator's ends are the matter.
    @Test func everyPointIsPlayedOnTheCluster() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Cluster")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let suites = try files.filter { $0.lastPathComponent.hasSuffix("CrashTests.swift") }
            .map { try String(contentsOf: $0, encoding: .utf8) }
        for point in CrashPoint.allCases {
            #expect(suites.contains { $0.contains("\"\(point.rawValue)\"") }, "\(point.rawValue) is played by none")
        }
    }

    @Test func workOnNodesHasPoints() {
        #expect(CrashPoint(NodeWorkAction.mark(node: "node1", isOffline: true)) == .nodeMarked)
        let key = ObjectKey(namespace: "shop", name: "lead")
        #expect(CrashPoint(NodeWorkAction.createOperation(key, XDBOperation.Spec())) == .nodeOperationCreated)
    }

    @Test func everyStepOfARebuildHasItsPoint() {
        var last: XDBGroup.RebuildStatus?
        var points: [CrashPoint] = []
        for step in XDBGroup.RebuildStep.allCases {
            points += recorded(rebuild(step), after: last)
            last = rebuild(step)
        }
        let expected: [CrashPoint] = [
            .rebuildDiscard, .rebuildCopy, .rebuildPrepare, .rebuildRefresh, .rebuildJoin, .rebuildVerify, .rebuildVote,
            .rebuildClean,
        ]
        #expect(points == expected)
    }

    @Test func itsEndHasOneToo() {
        #expect(recorded(rebuild(.clean, result: .succeeded), after: rebuild(.clean)) == [.rebuildEnded])
        #expect(
            recorded(rebuild(.clean, result: .cancelled), after: rebuild(.copy)) == [.rebuildClean, .rebuildEnded]
        )
        #expect(recorded(nil, after: rebuild(.clean, result: .succeeded)) == [.rebuildCleared])
        #expect(recorded(nil, after: nil) == [])
    }

    @Test func theNextRebuildIsAnotherOne() {
        #expect(
            recorded(rebuild(.copy, operation: "second"), after: rebuild(.copy, operation: "first")) == [.rebuildCopy]
        )
    }

    @Test func debtsAreRecordedAndPaid() {
        var (before, after) = (XDBGroup.Status(), XDBGroup.Status())
        var debt = XDBGroup.Debt()
        debt.life = "orders-1"
        after.debts = [debt]
        #expect(CrashPoint.recorded(after, after: before) == [.debtRecorded])
        #expect(CrashPoint.recorded(before, after: after) == [.debtPaid])
        before.debts = after.debts
        #expect(CrashPoint.recorded(after, after: before) == [])
    }

    @Test func changesOfMembersAreRecorded() {
        var (before, after) = (XDBGroup.Status(), XDBGroup.Status())
        var member = XDBGroup.MemberStatus()
        member.name = "orders-1"
        after.members = [member]
        // A group that begins has nothing to change yet.
        #expect(CrashPoint.recorded(after, after: before) == [])
        before.epoch = Epoch(rawValue: 1)
        after.epoch = before.epoch
        #expect(CrashPoint.recorded(after, after: before) == [.membersRecorded])
        before.members = after.members
        after.members[0].leaving = true
        #expect(CrashPoint.recorded(after, after: before) == [.membersRecorded])
        after.members[0].leaving = false
        after.members[0].lagSeconds = 5
        #expect(CrashPoint.recorded(after, after: before) == [])
        #expect(CrashPoint(.relabel(pod: "orders-1", labels: [:])) == .relabelled)
    }

    @Test func effectsOfARebuildHavePoints() {
        #expect(CrashPoint(.createJob(Rebuilding.job(.copy))) == .jobCreated)
        #expect(CrashPoint(.deleteJob(name: "orders-1-i2-copy", force: false)) == .jobDeleted)
        #expect(CrashPoint(.forceDeletePod(name: "orders-1", uid: "1", why: "")) == .podForceDeleted)
    }
}
