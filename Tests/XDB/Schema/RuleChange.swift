import KubernetesModel

/// A change of an object, and what the server says to it: only it sees both, so Swift has no verdict of its own.
struct RuleChange {
    var old: JSONValue
    /// Laid over the old object as a merge patch: null removes.
    var patch: JSONValue
    /// Where it is refused and why, by a rule about changes; nil when it may be done.
    var refusal: String?

    private init(_ old: JSONValue, _ patch: JSONValue, refused refusal: String? = nil) {
        self.old = old
        self.patch = patch
        self.refusal = refusal
    }

    /// A change of the spec alone.
    private static func spec(_ old: JSONValue, _ patch: JSONValue, refused refusal: String? = nil) -> RuleChange {
        RuleChange(["spec": old], ["spec": patch], refused: refusal)
    }

    // MARK: Groups

    private static let storage = "storage cannot be changed while the group exists: set it back, or make a new group"
    static let onHosts: JSONValue = ["image": "e", "storage": ["hostPath": ["path": "/a"]]]
    private static let onClaims: JSONValue = [
        "image": "e", "storage": ["volumeClaim": ["size": "1Gi", "storageClassName": "fast"]],
    ]

    static let groups: [RuleChange] = [
        spec(onHosts, ["image": "f", "paused": true]),
        spec(onHosts, ["storage": ["onDelete": "Retain"]]),
        spec(onHosts, ["storage": ["hostPath": ["path": "/b"]]], refused: "spec.storage: \(storage)"),
        spec(
            onHosts,
            ["storage": ["hostPath": nil, "volumeClaim": ["size": "1Gi"]]],
            refused: "spec.storage: \(storage)"
        ),
        spec(onClaims, ["storage": ["onDelete": "Retain"]]),
        spec(onClaims, ["storage": ["volumeClaim": ["size": "2Gi"]]], refused: "spec.storage: \(storage)"),
        spec(onClaims, ["storage": ["volumeClaim": ["size": 1_073_741_824]]], refused: "spec.storage: \(storage)"),
        spec(onClaims, ["storage": ["volumeClaim": ["storageClassName": nil]]], refused: "spec.storage: \(storage)"),
        spec(
            onClaims,
            ["storage": ["volumeClaim": nil, "hostPath": ["path": "/a"]]],
            refused: "spec.storage: \(storage)"
        ),
        RuleChange(
            ["spec": onHosts, "status": ["storage": ["hostPath": ["path": "/a"]]]],
            ["status": ["storage": ["hostPath": ["path": "/b"]]]],
            refused: "status.storage: \(storage)"
        ),
        // Recorded with the first member, and not refused as a change.
        RuleChange(["spec": onHosts], ["status": ["storage": ["hostPath": ["path": "/a"]]]]),
    ]

    // MARK: Operations

    private static let asked = "spec: what is asked for cannot be changed: cancel this operation and make another"
    private static let dryRun = "spec: a dry run stays one: make another operation to do what was planned"
    private static let rate = "only bytesPerSecond can be changed: cancel this operation and make another"
    private static let change: JSONValue = ["group": "orders", "changeLeader": ["to": "auto"]]
    private static let force: JSONValue = [
        "group": "orders", "forceLeader": ["member": "orders-1", "acceptDataLoss": true],
    ]
    private static let member: JSONValue = ["member": "orders-1"]
    private static let rebuild: JSONValue = ["group": "orders", "rebuild": member]
    private static let repair: JSONValue = ["group": "orders", "rebuild": ["member": "orders-1", "isRepair": true]]
    private static let zones: JSONValue = ["group": "orders", "migrate": ["from": ["zone": "a"], "to": ["zone": "b"]]]
    private static let place: JSONValue = ["member": "orders-1", "node": "n1"]
    private static let node: JSONValue = ["group": "orders", "migrate": place]
    private static let balance: JSONValue = ["balance": ["namespaces": ["a", "b"]], "dryRun": true]

    static let operations =
        whole + parts.map { spec(rebuildToNode, ["rebuild": $0], refused: "spec.rebuild: \(rate)") }

    private static let rebuildToNode: JSONValue = [
        "group": "orders", "rebuild": ["member": "orders-1", "node": "n1", "source": "orders-2"],
    ]
    private static let parts: [JSONValue] = [
        ["member": "orders-3"], ["mode": "CrossHost"], ["node": "n2"], ["node": nil], ["source": "orders-3"],
        ["source": nil], ["changeLeaderFirst": true], ["discardFirst": true], ["isRepair": true],
    ]

    private static let whole: [RuleChange] = [
        spec(change, ["cancel": true, "timeoutSeconds": 60]),
        spec(change, ["group": "bills"], refused: asked),
        spec(change, ["changeLeader": ["to": "orders-1"]], refused: asked),
        spec(change, ["changeLeader": nil, "failover": ["epoch": 2]], refused: asked),
        spec(change, ["changeLeader": nil, "group": nil, "balance": [:]], refused: asked),
        spec(force, ["forceLeader": ["member": "orders-2"]], refused: asked),
        spec(["group": "orders", "restart": [:]], ["restart": ["member": "orders-1"]], refused: asked),
        spec(["group": "orders", "recoverGroup": [:]], ["recoverGroup": nil, "restart": [:]], refused: asked),
        spec(["offlineNode": ["node": "n1"]], ["offlineNode": ["node": "n2"]], refused: asked),
        spec(["offlineNode": ["node": "n1"]], ["offlineNode": nil, "recoverNode": ["node": "n1"]], refused: asked),
        spec(["recoverNode": ["node": "n1"]], ["recoverNode": ["node": "n2"]], refused: asked),
        spec(rebuild, ["rebuild": nil, "migrate": place], refused: asked),
        spec(zones, ["migrate": nil, "rebuild": member], refused: asked),
        spec(balance, ["paused": true]),
        // Of a set the order does not count.
        spec(balance, ["balance": ["namespaces": ["b", "a"]]]),
        spec(balance, ["balance": ["namespaces": ["a"]]], refused: asked),
        spec(balance, ["balance": ["bytesPerSecond": "1Mi"]], refused: asked),
        spec(balance, ["dryRun": false], refused: dryRun),
        spec(zones, ["dryRun": true], refused: dryRun),
        spec(zones, ["migrate": ["bytesPerSecond": "1Mi"], "paused": true]),
        spec(zones, ["migrate": ["from": ["zone": "c"]]], refused: "spec.migrate: \(rate)"),
        spec(zones, ["migrate": ["to": ["zone": "c"]]], refused: "spec.migrate: \(rate)"),
        spec(node, ["migrate": ["member": "orders-2"]], refused: "spec.migrate: \(rate)"),
        spec(node, ["migrate": ["node": "n2"]], refused: "spec.migrate: \(rate)"),
        spec(
            node,
            ["migrate": ["member": nil, "node": nil, "from": ["zone": "a"], "to": ["zone": "b"]]],
            refused: "spec.migrate: \(rate)"
        ),
        spec(rebuild, ["rebuild": ["bytesPerSecond": "1Mi"]]),
        spec(repair, ["rebuild": ["isRepair": nil]], refused: "spec.rebuild: \(rate)"),
    ]
}
