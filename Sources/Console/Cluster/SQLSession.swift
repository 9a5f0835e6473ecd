import KubernetesModel
package import XDB

/// A client of a member's server, in the member's own pod.
///
/// The pod has the passwords of the accounts as files, which are the Secrets' contents: so no password leaves it, and
/// none is an argument or in anybody's history.
package struct SQLSession: Sendable {
    /// Whose account is used.
    package enum Account: String, Sendable {
        case application = "app"
        case administrator = "admin"
    }

    /// Which member is meant.
    package enum Target: Hashable, Sendable {
        case leader
        case follower
        case member(String)
    }

    package var pod: String
    package var namespace: String
    package var account: Account
    /// What the client is given, for example `-e` and a statement.
    package var arguments: [String]

    package init(
        _ target: Target,
        of group: XDBGroup,
        account: Account,
        arguments: [String]
    ) throws(Complaint) {
        let member = try Self.member(target, of: group)
        guard member.kind.hasData else {
            throw Complaint("\(member.name) is a logger: it has the log alone, and no server to connect to")
        }
        pod = member.life
        namespace = group.metadata.namespace
        self.account = account
        self.arguments = arguments
    }

    private static func member(_ target: Target, of group: XDBGroup) throws(Complaint) -> XDBGroup.MemberStatus {
        let members = group.status.members
        switch target {
        case .member(let name): return try MemberChoice.member(name, of: group)
        case .leader:
            if let leader = members.first(where: { $0.name == group.status.leader }) { return leader }
            throw Complaint("\(group.metadata.name) has no leader; choose a member with --member")
        case .follower:
            // A learner is for reading, too.
            let readers = members.filter { $0.role == .follower || $0.role == .learner }
            let best = readers.first { $0.health == .healthy && $0.role == .follower } ?? readers.first
            if let best { return best }
            throw Complaint("no member of \(group.metadata.name) follows now; choose one with --member")
        }
    }

    /// The words of the `kubectl` that runs it.
    ///
    /// - Parameters:
    ///   - options: The options that lead to the cluster.
    ///   - isTerminal: Whether a person types.
    package func command(options: [String], isTerminal: Bool) -> [String] {
        let script =
            "MYSQL_PWD=$(cat /etc/xdb/users/\(account.rawValue)) exec mariadb --socket=/run/xdb/mysqld.sock "
            + "--user=\(account.rawValue)\(account == .application ? " --database=app" : "") \"$@\""
        return ["kubectl"] + options + ["--namespace", namespace, "exec", isTerminal ? "-it" : "-i", pod]
            + ["--container", "engine", "--", "sh", "-c", script, "mariadb"] + arguments
    }
}
