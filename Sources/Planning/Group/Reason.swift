/// Every reason that conditions, members and events of a group can have: the catalogue for programs that match them and
/// for people who look them up.
///
/// `docs/api.md` explains each.
public enum Reason: String, CaseIterable, Hashable, Sendable {
    // MARK: All is well, or on its way

    /// The condition holds.
    case asWanted = "AsWanted"
    /// Nobody has led yet: pods are made, members join.
    case bootstrapping = "Bootstrapping"
    /// The spec asks for nothing that the operator refuses.
    case valid = "Valid"
    /// `spec.paused` is true.
    case paused = "Paused"
    /// The group is being deleted.
    case deleting = "Deleting"

    // MARK: Elections and roles

    /// Voters are asked to promise a newer epoch.
    case sealing = "Sealing"
    /// A leader was elected and recorded.
    case elected = "Elected"
    /// The elected leader completes its log, applies it, and opens for writes.
    case promoting = "Promoting"
    /// The leader takes writes.
    case writable = "Writable"
    /// The leader was given up: why is in the message.
    case leaderLost = "LeaderLost"
    /// The leader hands over to another candidate, as was asked for or because it stops in order.
    case changingLeader = "ChangingLeader"
    /// The leader is lost, and nothing is done about it, since `failover.mode` is Manual.
    case failoverPending = "FailoverPending"
    /// A member does not recover by itself, and is not rebuilt: why not is in the message.
    case repairPending = "RepairPending"
    /// An operation has begun.
    case operationStarted = "OperationStarted"
    /// An operation has done what was asked for.
    case operationSucceeded = "OperationSucceeded"
    /// An operation was refused, or could not be finished.
    case operationFailed = "OperationFailed"
    /// The leader is not heard by the operator, and is not given up: why is in the message.
    case leaderSuspected = "LeaderSuspected"
    /// A person made a member the leader without a majority; what that may have cost is in the message.
    case leaderForced = "LeaderForced"
    /// Candidates or loggers have no vote since a leader was forced without them.
    case votersMissing = "VotersMissing"
    /// Too few voters for an election, or for commits.
    case noQuorum = "NoQuorum"
    /// A majority has answered, and nobody may be elected.
    case electionRefused = "ElectionRefused"

    // MARK: Members on their way

    /// The pod waits for the scheduler, or its containers start.
    case starting = "Starting"
    /// The member makes its data directory and joins.
    case joining = "Joining"
    /// The member is made anew, from what the others have.
    case rebuilding = "Rebuilding"
    /// The member looks for its leader, or receives what it lacks.
    case connecting = "Connecting"
    /// The pod is being deleted and is made again on the same data.
    case terminating = "Terminating"
    /// A pod was made.
    case podCreated = "PodCreated"
    /// A pod was deleted in order to be made again.
    case podReplaced = "PodReplaced"
    /// A member has joined the group.
    case joined = "Joined"
    /// A member plays its part.
    case healthy = "Healthy"
    /// A member is sealed and waits for an election.
    case sealed = "Sealed"

    /// The member follows, and gets its vote when it has the log: it is new, or a leader was forced without it.
    case awaitingVote = "AwaitingVote"
    /// Members are added or removed, as the spec wants; what comes next is in the message.
    case changingMembers = "ChangingMembers"
    /// Members get what the spec wants anew, one after the other: an image, resources, a configuration.
    case rollingChange = "RollingChange"
    /// People work on the member (`spec.maintenance`).
    case maintenance = "Maintenance"
    /// The member's node was taken offline.
    case nodeOffline = "NodeOffline"

    // MARK: What users can put right

    /// A change of candidates and loggers cannot go on by itself: what it waits for is in the message.
    case changeWaits = "ChangeWaits"
    /// The spec is refused; nothing is touched.
    case invalidSpec = "InvalidSpec"
    /// A member does not come back with what the spec wants anew, and the others are left as they are.
    case rollingChangeStopped = "RollingChangeStopped"
    /// `spec.maintenance` names what is no member.
    case unknownMember = "UnknownMember"
    /// The server refuses an option of `spec.configuration`.
    case invalidConfiguration = "InvalidConfiguration"
    /// The API server refuses an object of the group: which, why, and what to do is in the message.
    case refused = "Refused"
    /// The scheduler finds no node for a member.
    case unschedulable = "Unschedulable"
    /// The engine image cannot be pulled.
    case imagePull = "ImagePull"
    /// A container cannot start: a volume, a Secret or the command.
    case containerFailed = "ContainerFailed"
    /// A Secret that the operator cannot make again is gone.
    case secretMissing = "SecretMissing"
    /// The storage class of the claims does not exist.
    case storageClassMissing = "StorageClassMissing"
    /// The member has joined before, and its directory or claim has no data now.
    case dataMissing = "DataMissing"
    /// The member's data were removed for a rebuild with `discardFirst` that did not succeed.
    case dataDiscarded = "DataDiscarded"
    /// The node that has the member's data is gone from the cluster.
    case nodeMissing = "NodeMissing"
    /// The node that runs the member is not ready.
    case nodeNotReady = "NodeNotReady"
    /// The agent of a running pod cannot be reached.
    case agentUnreachable = "AgentUnreachable"
    /// The member's server does not run.
    case serverDown = "ServerDown"
    /// The directory belongs to another group, member or life.
    case wrongIdentity = "WrongIdentity"
    /// The member's data have what the group's log does not have.
    case diverged = "Diverged"
    /// The data of a member's new life are not those of another member, and so it does not take its place.
    case dataDiffer = "DataDiffer"
    /// Transactions that only this member had, and that nobody was promised, were removed from its log and kept as a file.
    case tailDiscarded = "TailDiscarded"
    /// The agent reports a problem of another name, which is in the message.
    case agentProblem = "AgentProblem"
    /// Directories are to be removed from a node that is away.
    case cleanupPending = "CleanupPending"
    /// Removing directories from a node failed.
    case cleanupFailed = "CleanupFailed"

    /// True when an event with this reason is a warning.
    public var isWarning: Bool {
        switch self {
        case .asWanted, .bootstrapping, .valid, .paused, .deleting, .sealing, .elected, .promoting, .writable,
            .starting, .joining, .connecting, .terminating, .podCreated, .podReplaced, .joined, .healthy, .sealed,
            .changingLeader, .changingMembers, .rebuilding, .awaitingVote, .rollingChange, .maintenance,
            .nodeOffline,
            .operationStarted, .operationSucceeded:
            false
        case .changeWaits, .failoverPending, .repairPending, .leaderForced, .votersMissing, .operationFailed,
            .leaderLost,
            .leaderSuspected,
            .noQuorum, .electionRefused,
            .invalidSpec, .invalidConfiguration, .rollingChangeStopped, .unknownMember,
            .refused, .unschedulable, .imagePull, .containerFailed, .secretMissing, .storageClassMissing, .dataMissing,
            .dataDiscarded, .dataDiffer,
            .nodeMissing, .nodeNotReady, .agentUnreachable, .serverDown, .wrongIdentity, .diverged, .agentProblem,
            .cleanupPending, .cleanupFailed, .tailDiscarded:
            true
        }
    }
}

/// The conditions of a group.
public enum ConditionType: String, CaseIterable, Hashable, Sendable {
    /// A leader takes writes and a majority of voters plays its part.
    case ready = "Ready"
    /// A leader takes writes.
    case writable = "Writable"
    /// Every wanted member plays its part.
    case fullyRedundant = "FullyRedundant"
    /// The operator is bringing the group to its wanted state.
    case progressing = "Progressing"
    /// The spec is one that the operator carries out.
    case specValid = "SpecValid"
    /// There while a member does not recover by itself and is not rebuilt.
    case repairPending = "RepairPending"
}
