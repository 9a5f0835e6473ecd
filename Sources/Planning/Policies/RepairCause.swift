import XDB

/// What an agent complains of and a rebuild of its member ends, in the words of `AgentStatus.problems`.
package enum RepairCause {
    /// Nothing but a rebuild helps.
    static let forGood: Set<String> = ["LogPurged", "StateUnreadable", "ServerRefuses", "LogLost"]
    /// The server does not apply the log, with an error or without.
    static let applying: Set<String> = ["ApplyFailed", "ApplyStalled", "FeedFailed"]

    /// True when a member whose status has this message is rebuilt, where members are rebuilt without being asked.
    package static func isBehind(_ message: String) -> Bool {
        let word = message.prefix { $0 != ":" }
        return word == AgentStatus.Problem.crashLoop || forGood.union(applying).contains(String(word))
    }
}
