import Testing
import XDB

@testable import Planning

/// Nodes that the scheduler would not take for a member.
struct NodeFitTests {
    struct Line: Sendable {
        var labels: [String: String] = [:]
        var taint: NodeTaint?
        var toleration: (key: String?, operator: XDBGroup.Toleration.Operator?, value: String?)?
        var words: String?
    }

    static let gpu = NodeTaint(key: "gpu", value: "yes", effect: "NoSchedule")

    @Test(arguments: [
        Line(labels: ["disk": "fast"]),
        Line(words: "it lacks disk: fast"),
        Line(labels: ["disk": "slow"], words: "it lacks disk: fast"),
        Line(labels: ["disk": "fast"], taint: gpu, words: "it has the taint gpu"),
        Line(labels: ["disk": "fast"], taint: NodeTaint(key: "gpu", effect: "PreferNoSchedule")),
        Line(labels: ["disk": "fast"], taint: gpu, toleration: ("gpu", .exists, nil)),
        Line(labels: ["disk": "fast"], taint: gpu, toleration: ("gpu", nil, "yes")),
        Line(labels: ["disk": "fast"], taint: gpu, toleration: ("gpu", nil, "no"), words: "it has the taint gpu"),
        Line(labels: ["disk": "fast"], taint: gpu, toleration: (nil, .exists, nil)),
    ])
    func areNamedWithTheReason(_ line: Line) {
        var placement = XDBGroup.Placement()
        placement.nodeSelector = ["disk": "fast"]
        if let wanted = line.toleration {
            var toleration = XDBGroup.Toleration()
            toleration.key = wanted.key
            toleration.operator = wanted.operator
            toleration.value = wanted.value
            placement.tolerations = [toleration]
        }
        var node = NodeObservation(name: "n1")
        node.labels = line.labels
        node.taints = line.taint.map { [$0] } ?? []
        let obstacle = NodeFit(placement: placement).obstacle(node)
        if let words = line.words {
            #expect(obstacle?.contains(words) == true, "\(obstacle ?? "nothing")")
        } else {
            #expect(obstacle == nil)
        }
    }
}
