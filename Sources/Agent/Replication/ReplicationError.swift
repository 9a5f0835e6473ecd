public import XDB

/// Why `Replication` refuses, or cannot go on.
public enum ReplicationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A newer epoch was promised.
    case epochTooOld(asked: Epoch, promised: Epoch)
    /// The log or the local server has transactions that conflict with the leader's log and may not be removed.
    case diverged(local: String, leader: String, reason: String)
    /// A peer no longer has the part of the log that this member needs next.
    case logPurged(peer: String, needed: String)
    /// The role changed while something waited for the old one.
    case roleChanged
    /// The call needs another role than the current one.
    case wrongRole(String)
    /// The local server cannot be read as this epoch's leader.
    case serverRefused(String)
    /// The disk does not take the log.
    case storage(String)
    /// The log has less than what it was told to be committed: bytes are gone that were durable.
    case logLost(String)
    /// The certificates cannot be read.
    case certificates(String)
    /// `Replication` was closed.
    case closed

    /// CamelCase, for programs.
    public var reason: String {
        switch self {
        case .epochTooOld: "EpochTooOld"
        case .diverged: "Diverged"
        case .logPurged: "LogPurged"
        case .roleChanged: "RoleChanged"
        case .wrongRole: "WrongRole"
        case .serverRefused: "ServerRefused"
        case .storage: AgentStatus.Problem.storageFailed
        case .logLost: "LogLost"
        case .certificates: "InvalidCertificates"
        case .closed: "Closed"
        }
    }

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .epochTooOld(let asked, let promised):
            "epoch \(asked) was asked for, but epoch \(promised) is promised; observe the group again"
        case .diverged(let local, let leader, let reason):
            "the log ends at \(local), the leader's part of it at \(leader): \(reason); rebuild this member"
        case .logPurged(let peer, let needed):
            "\(peer) no longer has the log after \(needed); rebuild this member"
        case .roleChanged: "the member's role has changed meanwhile"
        case .wrongRole(let message): message
        case .serverRefused(let message): "the local server cannot be read: \(message)"
        case .storage(let message): "the log cannot be written: \(message)"
        case .logLost(let message): "the end of the log is lost: \(message); rebuild this member"
        case .certificates(let message): "the certificates cannot be used: \(message)"
        case .closed: "the log is closed"
        }
    }
}
