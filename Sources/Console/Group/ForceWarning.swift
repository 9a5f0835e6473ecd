import KubernetesModel
package import XDB

/// What somebody must have read before a leader is forced.
package enum ForceWarning {
    package static func text(_ group: XDBGroup, member: String) -> String {
        let status = group.status
        let voters = status.members.filter { $0.voter && !$0.isSuccessor }
        let away = voters.filter { $0.name != member && $0.role == nil }
        var lines = ["\(member) is to lead \(group.metadata.name) without a majority of its \(voters.count) voters."]
        if away.isEmpty {
            lines.append("All voters seem to be heard: change-leader loses nothing, and this will be refused.")
        }
        for voter in away {
            let seen = voter.position.map { "last seen at \($0)" } ?? "its log was never seen"
            lines.append("  without \(voter.name)\(voter.node.map { " on \($0)" } ?? ""): \(seen)")
        }
        if let position = status.members.first(where: { $0.name == member })?.position {
            lines.append("  \(member) is at \(position)")
        }
        lines.append("Commits that only those voters have are lost, though clients saw them succeed.")
        lines.append("Should one of them still run somewhere, clients there may write to a second leader.")
        return lines.joined(separator: "\n")
    }
}
