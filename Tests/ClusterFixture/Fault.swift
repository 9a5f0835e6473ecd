/// Something that goes wrong with a member, its node, or what looks after it; and its end.
///
/// Faults are caused from inside the nodes, not through the API server, which may be away itself.
package enum Fault: String, CaseIterable, Sendable {
    case serverKilled
    case agentKilled
    /// The pod's processes die, and the pod object with them.
    case podKilled
    /// The pod is deleted in order.
    case podDeleted
    case serverHangs
    case agentHangs
    case powerCut
    case networkCut
    /// The node hears nobody, and is heard.
    case hearsNothing
    /// The node hears everybody, and is not heard.
    case saysNothing
    /// 30 % of the packets that the node sends are lost, and the others are late by 200 ms.
    case slowNetwork
    /// All of its pods, at once; new ones are made.
    case operatorKilled
    case apiServerAway

    /// Ends the fault.
    package typealias End = @Sendable () async throws -> Void

    /// True for what lasts until it is ended.
    package var lasts: Bool {
        switch self {
        case .serverKilled, .agentKilled, .podKilled, .podDeleted, .operatorKilled: false
        case .serverHangs, .agentHangs, .powerCut, .networkCut, .hearsNothing, .saysNothing, .slowNetwork,
            .apiServerAway:
            true
        }
    }

    /// Causes it for a member as it is now, and returns what ends it.
    package func begin(on member: LabGroup.Member, of group: LabGroup) async throws -> End {
        guard let node = member.node, let zone = member.zone else {
            throw NotInTime(what: "\(member.name)", last: "no node")
        }
        // A logger has no server: its agent is all there is.
        let server = member.hasData ? Lab.server : Lab.agent
        switch self {
        case .serverKilled: try await Lab.signal("KILL", server, of: member.life, on: node)
        case .agentKilled: try await Lab.signal("KILL", Lab.agent, of: member.life, on: node)
        case .podKilled: try await group.kill(.pod, of: member.life)
        case .podDeleted:
            try await Lab.kubectl(
                "delete",
                "pod",
                member.life,
                "-n",
                group.namespace,
                "--ignore-not-found",
                "--wait=false"
            )
        case .serverHangs:
            try await Lab.signal("STOP", server, of: member.life, on: node)
            return { try await Lab.signal("CONT", server, of: member.life, on: node) }
        case .agentHangs:
            try await Lab.signal("STOP", Lab.agent, of: member.life, on: node)
            return { try await Lab.signal("CONT", Lab.agent, of: member.life, on: node) }
        case .powerCut:
            try await Lab.power(off: node)
            return { try await Lab.power(on: node, zone: zone) }
        case .networkCut, .hearsNothing, .saysNothing:
            try await Lab.cut(node, self == .networkCut ? "both" : self == .hearsNothing ? "in" : "out")
            return { try await Lab.heal(node) }
        case .slowNetwork:
            try await Lab.slow(node, loss: 30, delay: 200)
            return { try await Lab.heal(node) }
        case .operatorKilled: try await Lab.replaceOperator()
        case .apiServerAway:
            try await Lab.cluster("apiserver", "stop")
            return { try await Lab.cluster("apiserver", "start") }
        }
        return {}
    }
}
