import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What is done about the pod of a life whose vote has passed on.
struct DebtPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The effect; nil for waiting.
        var action: String?
        var isAway = false
        var change: @Sendable (inout PodObservation, Time) -> Void
    }

    private static func deleted(
        _ seconds: Int64,
        hasEnded: Bool = false
    ) -> @Sendable (inout PodObservation, Time) -> Void {
        { pod, now in
            pod.isBeingDeleted = true
            pod.killed = now.advanced(by: .seconds(-seconds))
            pod.hasEnded = hasEnded
        }
    }

    static let cases = [
        Case(testDescription: "it runs", action: "discard") { _, _ in },
        Case(testDescription: "it has a second left", change: deleted(-1)),
        Case(testDescription: "it was just killed", change: deleted(1)),
        Case(testDescription: "its containers have ended", action: "force", change: deleted(1, hasEnded: true)),
        Case(testDescription: "its kubelet says nothing for long", action: "force", change: deleted(11)),
        Case(testDescription: "its containers have ended by themselves", action: "discard") { pod, _ in
            pod.hasEnded = true
        },
        Case(testDescription: "its node is away", action: "force", isAway: true) { _, _ in },
    ]

    /// A group that is deleted waits for a node that is away, and not for its kubelet's words otherwise.
    @Test(arguments: [(true, XDBGroup.Storage.OnDelete.delete, true), (false, .delete, false), (true, .retain, false)])
    func aPodOfAGroupThatIsDeleted(isHere: Bool, onDelete: XDBGroup.Storage.OnDelete, isForced: Bool) {
        var world = World.writable()
        world.group.spec.storage.onDelete = onDelete
        world.group.metadata.deletionTimestamp = world.now
        world.group.metadata.finalizers = [Label.finalizer]
        if !isHere { world.power(world.node(of: "orders-1"), on: false) }
        var observation = world.observation
        for index in observation.pods.indices {
            Self.deleted(11)(&observation.pods[index], world.now)
        }
        let forced = plan(observation).actions.compactMap { action in
            if case .forceDeletePod(let name, _, _) = action { name } else { nil }
        }
        #expect(forced.contains("orders-1") == isForced)
    }

    @Test(arguments: cases)
    func aPodOfAFormerLifeIsDeleted(_ row: Case) throws {
        var world = World.writable()
        let node = try #require(world.nodes.first?.name)
        var debt = XDBGroup.Debt()
        debt.life = "orders-1-i7"
        debt.member = "orders-1"
        debt.node = node
        world.group.status.debts = [debt]
        var pod = PodObservation(name: debt.life, uid: "7", member: debt.member, incarnation: 7)
        pod.node = node
        pod.isRunning = true
        row.change(&pod, world.now)
        if row.isAway { world.power(node, on: false) }
        var observation = world.observation
        observation.pods.append(pod)
        let actions = plan(observation).actions.compactMap { action in
            switch action {
            case .discardPod(name: debt.life, uid: "7", why: _): "discard"
            case .forceDeletePod(name: debt.life, uid: "7", why: _): "force"
            default: nil as String?
            }
        }
        #expect(actions == (row.action.map { [$0] } ?? []))
    }
}
