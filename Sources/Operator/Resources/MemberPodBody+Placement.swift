import KubernetesModel
import Planning
import XDB

extension MemberPodBody {
    /// The labels that a node must have; null for none.
    var nodeSelector: JSONValue { pod.nodeSelector.isEmpty ? .null : JSONValue(pod.nodeSelector) }

    /// Which nodes, and never that of another member.
    var affinity: JSONValue {
        [
            "nodeAffinity": nodeAffinity,
            "podAntiAffinity": [
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    [
                        "labelSelector": [
                            "matchLabels": [Label.group: .string(group.name)],
                            // An old incarnation and its successor are the same member: they may share a node.
                            "matchExpressions": [
                                ["key": .string(Label.member), "operator": "Exists"],
                                ["key": .string(Label.member), "operator": "NotIn", "values": [.string(pod.member)]],
                            ],
                        ],
                        "topologyKey": .string(Label.hostname),
                    ]
                ]
            ],
        ]
    }

    /// Once there are data on a node, the member belongs there: elsewhere it would be an empty one.
    private var nodeAffinity: JSONValue {
        var term: JSONValue = [:]
        // A requirement on a field has one value.
        func fields(_ operation: JSONValue, _ nodes: [String]) -> JSONValue {
            .array(nodes.map { ["key": "metadata.name", "operator": operation, "values": [.string($0)]] })
        }
        switch pod.placement {
        case .pinned(let node):
            term["matchFields"] = fields("In", [node])
        case .free(let zones, _):
            var expressions: [JSONValue] = [["key": .string(Label.offline), "operator": "DoesNotExist"]]
            if !zones.isEmpty {
                expressions.append(["key": .string(Label.zone), "operator": "In", "values": JSONValue(zones)])
            }
            term["matchExpressions"] = .array(expressions)
            if !pod.avoidedNodes.isEmpty { term["matchFields"] = fields("NotIn", pod.avoidedNodes) }
        }
        return ["requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": [term]]]
    }

    /// Nothing may keep a member from the only node that has its data.
    var zoneSpread: JSONValue? {
        guard case .free(_, let isSpreadRequired) = pod.placement else { return nil }
        var selector: JSONValue = [
            "matchLabels": [Label.group: .string(group.name), Label.spread: .string(pod.spread)]
        ]
        // Counted with the life that is about to go, the zone of another member would look as empty as its own.
        if let life = pod.formerLife {
            selector["matchExpressions"] = [
                ["key": .string(Label.life), "operator": "NotIn", "values": [.string(life)]]
            ]
        }
        return [
            "maxSkew": 1,
            "topologyKey": .string(Label.zone),
            "whenUnsatisfiable": isSpreadRequired ? "DoNotSchedule" : "ScheduleAnyway",
            "labelSelector": selector,
        ]
    }

    /// When a node is away the operator decides what becomes of a member, not the taint manager's five minutes: a pod
    /// that it marks for deletion cannot come back with its node.
    ///
    /// - Parameter seconds: For how long; nil for ever.
    static func toleratingLostNodes(seconds: Int? = nil) -> [JSONValue] {
        ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map { key in
            [
                "key": .string(key), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": seconds.map { .int($0) } ?? .null,
            ]
        }
    }

    /// What the group's specification tolerates.
    var tolerations: [JSONValue] { pod.tolerations.map(\.json) }
}

extension XDBGroup.Toleration {
    /// As in a pod.
    fileprivate var json: JSONValue { fieldJSON ?? .null }
}
