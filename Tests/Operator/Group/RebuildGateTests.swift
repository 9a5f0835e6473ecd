import KubernetesModel
import Planning
import Testing
import XDB

@testable import Operator

@Suite struct RebuildGateTests {
    private let orders = ObjectKey(namespace: "default", name: "orders")

    private static func group(
        _ name: String,
        step: XDBGroup.RebuildStep = .copy,
        result: XDBOperation.State? = nil
    ) -> XDBGroup {
        var group = XDBGroup(metadata: ObjectMeta(name: name, namespace: "default"))
        var source = XDBGroup.MemberStatus()
        source.name = "\(name)-0"
        source.node = "node1"
        group.status.members = [source]
        var rebuild = XDBGroup.RebuildStatus()
        rebuild.source = "\(name)-0"
        rebuild.node = "node2"
        rebuild.step = step
        rebuild.result = result
        group.status.rebuild = rebuild
        return group
    }

    @Test(
        arguments: [
            (group("a"), OtherRebuild(group: "default/a", source: "node1", target: "node2", isCopying: true)),
            (group("a", step: .join), OtherRebuild(group: "default/a", source: nil, target: "node2")),
            (group("a", step: .discard), OtherRebuild(group: "default/a", source: "node1", target: "node2")),
            (group("a", result: .failed), nil),
            (XDBGroup(metadata: ObjectMeta(name: "a", namespace: "default")), nil),
        ] as [(XDBGroup, OtherRebuild?)]
    )
    func whatARebuildNeedsOfNodes(_ group: XDBGroup, _ expected: OtherRebuild?) {
        #expect(OtherRebuild(group, nil) == expected)
    }

    /// The least of its own two limits; while nothing is copied it needs nothing.
    @Test(
        arguments: [
            (nil, nil, .copy, nil), ("5", nil, .copy, 5), (nil, "6", .copy, 6), ("5", "6", .copy, 5),
            ("7", "6", .copy, 6),
            ("5", "6", .join, nil),
        ] as [(String?, String?, XDBGroup.RebuildStep, UInt64?)]
    )
    func whatItsCopyWantsByItself(_ own: String?, _ ofGroup: String?, _ step: XDBGroup.RebuildStep, _ limit: UInt64?) {
        var group = Self.group("a", step: step)
        group.spec.transfer.bytesPerSecond = ofGroup.flatMap { Quantity($0) }
        var operation = XDBOperation()
        operation.spec.rebuild = XDBOperation.Rebuild()
        operation.spec.rebuild?.bytesPerSecond = own.flatMap { Quantity($0) }
        let rebuild = OtherRebuild(group, operation)
        #expect(rebuild?.limit == limit)
        #expect(rebuild?.isCopying == (step == .copy))
    }

    @Test func aGroupIsNotInItsOwnWay() throws {
        let caches = Rebuilding.caches(groups: [Self.group("orders"), Self.group("other")])
        let observation = try GroupObserver(caches: caches).observe(Self.group("orders"), now: Time(seconds: 0))
        #expect(observation.otherRebuilds.map(\.group) == ["default/other"])
    }

    @Test func onlyOneGroupBeginsAtATime() throws {
        let gate = RebuildGate()
        let caches = Rebuilding.caches()
        let other = ObjectKey(namespace: "default", name: "other")
        try gate.enter(orders, caches, expecting: [])
        #expect(throws: StatusConflict.self) { try gate.enter(other, caches, expecting: []) }
        gate.leave(other)
        #expect(throws: StatusConflict.self) { try gate.enter(other, caches, expecting: []) }
        gate.leave(orders)
        try gate.enter(other, caches, expecting: [])
    }

    @Test func whatWasDecidedWithoutTheNewestRebuildIsVoid() throws {
        let gate = RebuildGate()
        let caches = Rebuilding.caches(groups: [Self.group("other")])
        #expect(throws: StatusConflict.self) { try gate.enter(orders, caches, expecting: []) }
        let seen = try GroupObserver(caches: caches).otherRebuilds(besides: orders)
        try gate.enter(orders, caches, expecting: seen)
    }
}
