// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel
public import XDB

/// Everything that a decision about a group is made from, taken at one moment.
///
/// Nothing in it is a connection, a cache or a clock, so that a decision can be repeated, explained and tested.
public struct GroupObservation: Hashable, Sendable {
    /// The group with the status as it was read; the status of the plan is written with this resource version.
    public var group: XDBGroup
    /// The present moment.
    public var now: Time
    /// All nodes of the cluster.
    public var nodes: [NodeObservation] = []
    /// The members' pods, those that are being deleted included.
    public var pods: [PodObservation] = []
    /// The pods that remove directories from nodes.
    public var cleanups: [CleanupObservation] = []
    /// The Jobs of rebuilds.
    public var jobs: [JobObservation] = []
    /// The members' claims.
    public var claims: [ClaimObservation] = []
    /// Names of the Secrets of the group that exist; their contents stay out of decisions.
    public var secrets: Set<String> = []
    /// Names of the cluster's storage classes; nil where they may not be listed.
    public var storageClasses: Set<String>?
    /// What the members' agents say, by the name of their pod (`MemberStatus.life`).
    ///
    /// Absent: never reached.
    public var agents: [String: AgentObservation] = [:]
    /// The answers to `seal` that this operator process has had; those of old epochs may stay in.
    public var seals: [SealAnswer] = []
    /// The operations on the group, those that have ended included.
    public var operations: [XDBOperation] = []
    /// What the API server has refused of what this operator process planned last.
    public var refusals: [ServerRefusal] = []
    /// What is set for all groups: `manual` overrules what a group says.
    public var failoverMode = XDBGroup.FailoverMode.automatic
    /// The rebuilds of other groups that are under way.
    public var otherRebuilds: [OtherRebuild] = []
    /// How many rebuilds may be under way at once in all groups.
    public var rebuildLimit = 2
    /// How many bytes all copies together may send in a second; nil for no limit.
    public var transferBudget: UInt64?
    /// The other groups whose leaders are leaving nodes that are offline, and do not take writes elsewhere yet.
    public var otherHandovers = 0
    /// For how long this operator process has observed the group: the silence of an agent that it never heard.
    public var observing: Duration = .zero
    /// How long ago this operator process wrote positions into the status; nil when it has not yet.
    public var sincePositions: Duration?

    /// An observation of a group alone; tests and the operator fill in the rest.
    public init(group: XDBGroup, now: Time) {
        self.group = group
        self.now = now
    }
}

/// A node.
public struct NodeObservation: Hashable, Sendable {
    public var name: String
    /// The label `topology.kubernetes.io/zone`.
    public var zone: String?
    /// The condition Ready; `unknown` while the kubelet is silent.
    public var ready: Condition.Status
    /// Since when that is so.
    public var since: Time?
    /// True when it takes no new pods (`kubectl cordon`).
    public var isCordoned: Bool
    /// True when it was taken offline (`Label.offline`): nobody on it leads while another can, and it gets no new members.
    public var isOffline: Bool
    public var labels: [String: String] = [:]
    /// What keeps pods away that do not tolerate it.
    public var taints: [NodeTaint] = []

    /// Names a node.
    public init(
        name: String,
        zone: String? = nil,
        ready: Condition.Status = .true,
        since: Time? = nil,
        isCordoned: Bool = false,
        isOffline: Bool = false
    ) {
        self.name = name
        self.zone = zone
        self.ready = ready
        self.since = since
        self.isCordoned = isCordoned
        self.isOffline = isOffline
    }
}

/// A taint of a node.
public struct NodeTaint: Hashable, Sendable {
    public var key: String
    public var value: String
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    public var effect: String

    /// Names a taint.
    public init(key: String, value: String = "", effect: String) {
        self.key = key
        self.value = value
        self.effect = effect
    }
}

/// A member's pod.
public struct PodObservation: Hashable, Sendable {
    public var name: String
    public var uid: String
    /// From the labels.
    public var member: String
    public var incarnation: Int
    /// From the labels; nil where they do not say.
    public var kind: XDBGroup.MemberKind?
    /// The annotation with what the pod was made from (`MemberPod.revision`).
    public var revision: String
    /// The image that it was made with (`Label.image`); nil of a pod from before that was noted, as in the next ones.
    public var image: String?
    /// The digest of the resources that it was made with (`Label.resources`).
    public var resources: String?
    /// The revision of the option file that the kubelet was told to bring last (`Label.configuration`).
    public var configuration: String?
    /// The uid of the operation that it was made again for (`Label.restart`).
    public var restart: String?
    /// When it was made.
    public var created: Time?
    /// From the label that Services select by.
    public var role: XDBGroup.MemberRole?
    public var phase: Pod.Phase = .pending
    /// Where it runs; nil until it is scheduled.
    public var node: String?
    /// Nil until it has an address.
    public var ip: String?
    public var isReady = false
    public var isBeingDeleted = false
    /// When its containers end, or have ended, because it is being deleted: they are killed then.
    public var killed: Time?
    /// The scheduler's words (condition PodScheduled=False), while it finds no node.
    public var unschedulable: String?
    /// Why a container does not start: the kubelet's reason (`ImagePullBackOff`, `CreateContainerConfigError`, …).
    public var waitingReason: String?
    /// The kubelet's words to that reason.
    public var waitingMessage: String?
    /// Why the pod failed as a whole (`Evicted`, …).
    public var failure: String?
    /// True when the engine container runs.
    public var isRunning = false
    /// Since when it runs, by its node's clock.
    public var started: Time?
    /// True when it has ended, and is not started again.
    public var hasEnded = false
    /// How often the engine container was started again.
    public var restarts = 0

    /// Names a pod.
    public init(name: String, uid: String, member: String, incarnation: Int = 1, revision: String = "") {
        self.name = name
        self.uid = uid
        self.member = member
        self.incarnation = incarnation
        self.revision = revision
    }
}

/// A pod that removes directories of the group from a node.
public struct CleanupObservation: Hashable, Sendable {
    /// `GroupNames.cleanupPod(uid:node:directory:)`, which says what it removes.
    public var pod: String
    public var phase: Pod.Phase
    /// The last words of a failed one.
    public var message: String?

    /// True when the pod has nothing more to do.
    public var isFinished: Bool { [.succeeded, .failed].contains(phase) }

    /// Names a cleanup pod.
    public init(pod: String, phase: Pod.Phase, message: String? = nil) {
        self.pod = pod
        self.phase = phase
        self.message = message
    }
}

/// A rebuild of another group, as far as this one has to leave it room.
public struct OtherRebuild: Hashable, Sendable {
    /// `NAMESPACE/NAME`.
    public var group: String
    /// The node whose data are read, or will be; nil when none are, or none any more.
    public var source: String?
    /// The node that is written to; nil until it is chosen.
    public var target: String?
    /// True while data are copied for it, which takes a part of what all copies may send together.
    public var isCopying: Bool
    /// The most that its copy would send by itself, in bytes per second: the least of its operation's and its group's
    /// limits.
    ///
    /// Nil for no limit.
    public var limit: UInt64?

    /// Names a rebuild.
    public init(
        group: String,
        source: String? = nil,
        target: String? = nil,
        isCopying: Bool = false,
        limit: UInt64? = nil
    ) {
        self.group = group
        self.source = source
        self.target = target
        self.isCopying = isCopying
        self.limit = limit
    }
}

/// A Job of a rebuild.
public struct JobObservation: Hashable, Sendable {
    public var name: String
    public var isComplete = false
    /// It has given up.
    public var isFailed = false
    public var isBeingDeleted = false
    /// True while a container of it runs.
    public var isRunning = false
    /// Where its last pod is; nil until it is scheduled.
    public var node: String?
    /// Why its last pod does not start: the scheduler's or the kubelet's words.
    public var obstacle: String?
    /// Its last pod has its node, which prepares volumes and image; an image may take minutes.
    public var isPreparing = false
    /// The last words of its last pod that has ended: JSON of a `JobResult`, or what it printed last.
    public var message: String?
    /// The pods that it still has.
    public var pods: [String] = []

    /// Names a Job.
    public init(name: String) {
        self.name = name
    }
}

/// A member's claim.
public struct ClaimObservation: Hashable, Sendable {
    public var name: String
    public var member: String
    public var incarnation: Int
    public var isBound: Bool
    public var isBeingDeleted: Bool

    /// Names a claim.
    public init(name: String, member: String, incarnation: Int = 1, isBound: Bool = true, isBeingDeleted: Bool = false)
    {
        self.name = name
        self.member = member
        self.incarnation = incarnation
        self.isBound = isBound
        self.isBeingDeleted = isBeingDeleted
    }
}

/// What an agent said last.
public struct AgentObservation: Hashable, Sendable {
    /// The last status.
    public var status: AgentStatus
    /// The pod that it came from: what an earlier pod's agent said says nothing about the present one.
    public var podUID: String
    /// The time since anything was heard on the watch stream.
    public var age: Duration
    /// Why the agent cannot be reached now; nil while the stream is open.
    public var failure: String?
    /// The refusal (status 409) of the last request to this agent, if that was refused; for `lead` and `follow` with
    /// the epoch that was asked for.
    public var refusal: RequestRefusal?

    /// Makes an observation of an agent that is heard.
    public init(status: AgentStatus, podUID: String, age: Duration = .zero, failure: String? = nil) {
        self.status = status
        self.podUID = podUID
        self.age = age
        self.failure = failure
    }
}

/// A request that an agent refused for good.
public struct RequestRefusal: Hashable, Sendable {
    /// What was asked for.
    public enum Request: String, Hashable, Sendable {
        case initialize
        case seal
        case lead
        case follow
        case verify
    }

    public var request: Request
    /// The epoch of the request; none for `initialize` and `verify`.
    public var epoch: Epoch
    public var error: AgentError

    /// Notes a refusal.
    public init(_ request: Request, epoch: Epoch = .none, error: AgentError) {
        self.request = request
        self.epoch = epoch
        self.error = error
    }
}
