import KubernetesModel
import XDB

// Which nodes a rebuild keeps off: those on which it has failed, and those that the rebuilds of other groups use.
extension RebuildRequest {
    /// What the rebuild of another group does on a node, in words that follow the node's name; nil for nothing.
    static func use(of node: String?, _ draft: Draft) -> String? {
        guard let node else { return nil }
        for other in draft.observation.otherRebuilds {
            if other.target == node { return "takes a member of \(other.group)" }
            if other.source == node { return "is being copied from for \(other.group)" }
        }
        return nil
    }

    /// Why rebuilds of other groups come first; nil when they leave room.
    func lackOfRoom(_ way: Way, for member: XDBGroup.MemberStatus) -> String? {
        let others = draft.observation.otherRebuilds
        if others.count >= draft.observation.rebuildLimit {
            let names = others.map(\.group).sorted().joined(separator: ", ")
            return "\(others.count) rebuilds go on, which is the limit for all groups (\(names))"
        }
        // It may become any node, one of ours too.
        if let other = others.first(where: { $0.target == nil }) {
            return "the node that takes a member of \(other.group) is not chosen yet"
        }
        func words(_ node: String?) -> String? {
            Self.use(of: node, draft).map { "node \(node ?? "") \($0)" }
        }
        if let node = way.node {
            if let words = words(node) { return words }
        } else {
            let uses = rooms(for: member).map { words($0) }
            if !uses.contains(nil) {
                return "other rebuilds use every node that can take \(member.name): "
                    + uses.compactMap(\.self).joined(separator: ", ")
            }
        }
        return words(draft.member(way.source)?.node)
    }

    /// The other nodes that can take the member, as far as is known.
    func rooms(for member: XDBGroup.MemberStatus) -> [String] {
        draft.observation.nodes.map(\.name).filter { $0 != member.node && obstacle($0, member) == nil }
    }

    /// The nodes that the scheduler is kept from although they could take the member, and why in words.
    ///
    /// Where it has failed on all that are free, it may choose each of them again.
    func avoidedNodes(_ member: XDBGroup.MemberStatus) -> (nodes: [String], words: String) {
        let rooms = rooms(for: member)
        let used = rooms.filter { Self.use(of: $0, draft) != nil }
        let free = rooms.filter { !used.contains($0) }
        let failures = Set(failedNodes + failedRebuilds(of: member).compactMap(\.status.node))
        var failed = free.filter { failures.contains($0) }
        if failed.count == free.count { failed = [] }
        let parts = [(failed, "where it has failed"), (used, "which other rebuilds use")]
        let words = parts.filter { !$0.0.isEmpty }.map { ", not \($0.0.joined(separator: " or ")), \($0.1)" }
        return (failed + used, words.joined())
    }

    /// Why the member's own node is not tried again, in words that follow the node's name.
    ///
    /// Nil where the last rebuild there did not fail for lack of room, and where there is no other node for it.
    func lackOfSpace(_ member: XDBGroup.MemberStatus) -> String? {
        guard let own = member.node else { return nil }
        let last = failedRebuilds(of: member).filter { $0.status.node == own }.max { left, right in
            (left.status.completionTime?.seconds ?? 0) < (right.status.completionTime?.seconds ?? 0)
        }
        guard let last, last.status.failure == JobResult.noSpace, !rooms(for: member).isEmpty else { return nil }
        return "had no room for it (operation \(last.metadata.name))"
    }

    /// The rebuilds of a member that have failed since one succeeded.
    private func failedRebuilds(of member: XDBGroup.MemberStatus) -> [XDBOperation] {
        let ended = draft.observation.operations.filter { $0.spec.rebuild?.member == member.name && $0.isFinished }
        let success = ended.filter { $0.status.state == .succeeded }.compactMap(\.status.completionTime).max()
        return ended.filter { operation in
            guard operation.status.state == .failed, let end = operation.status.completionTime else { return false }
            return success.map { end >= $0 } ?? true
        }
    }
}
