import XDB

/// Whether the scheduler would let a member's pod onto a node, as far as labels and taints say.
///
/// How much of its memory and processors is left is the scheduler's business.
struct NodeFit {
    let placement: XDBGroup.Placement

    /// Why it would not; nil when nothing is known that speaks against it.
    func obstacle(_ node: NodeObservation) -> String? {
        let missing = placement.nodeSelector.filter { node.labels[$0.key] != $0.value }
        if !missing.isEmpty {
            let words = missing.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return "it lacks \(words.joined(separator: ", ")) (spec.placement.nodeSelector)"
        }
        guard let taint = node.taints.first(where: { $0.keepsAway && !isTolerated($0) }) else { return nil }
        return "it has the taint \(taint.key), which spec.placement.tolerations does not tolerate"
    }

    private func isTolerated(_ taint: NodeTaint) -> Bool {
        placement.tolerations.contains { toleration in
            if let key = toleration.key, key != taint.key { return false }
            if let effect = toleration.effect, effect.rawValue != taint.effect { return false }
            return toleration.operator == .exists || toleration.key != nil && toleration.value ?? "" == taint.value
        }
    }
}

extension NodeTaint {
    /// The others are a wish.
    fileprivate var keepsAway: Bool { effect == "NoSchedule" || effect == "NoExecute" }
}
