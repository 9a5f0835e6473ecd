// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import XDB

/// What to do about a group now.
///
/// To be applied in this order, which is what makes every step safe to repeat and safe beside a second operator:
///
/// 1. Write `status`, when it differs from the observed one, **with the resource version that was observed**. On a
///    conflict drop the plan and observe again. Nothing is done that is not recorded.
/// 2. Carry out `actions` in order. The failure of one does not stop the next, except that after a failure to reach the
///    API server the rest waits. Every action is idempotent.
/// 3. Emit `events`.
/// 4. Decide again: at once when an action was `seal` (with its answers in the observation) or when the status was
///    written; else when something observed changes, and after `checkAgain` in any case.
public struct GroupPlan: Hashable, Sendable {
    /// The status to be recorded.
    public var status: XDBGroup.Status
    /// What to do, in order.
    public var actions: [GroupAction] = []
    /// What to tell people.
    ///
    /// Only changes are told, so nothing has to be filtered.
    public var events: [GroupEvent] = []
    /// When to decide again even if nothing changes.
    public var checkAgain: Duration?

    /// A plan that does nothing and leaves the status as it is.
    public init(status: XDBGroup.Status) {
        self.status = status
    }
}

/// One effect on the cluster or on an agent.
public enum GroupAction: Hashable, Sendable {
    /// Puts our finalizer on the group (`Label.finalizer`).
    case addFinalizer
    /// Takes our finalizer off the group, which lets it go.
    case removeFinalizer
    /// Makes an object of the group, or brings it to its wanted state. Planned every time; nothing is written when the
    /// object is as wanted already.
    case ensure(OwnedObject)
    /// Makes a member's pod.
    case createPod(MemberPod)
    /// Notes the revision of the newest option file on a pod, so that the kubelet brings it the file at once.
    case bringConfiguration(pod: String, revision: String)
    /// Deletes a pod, if it still has this uid.
    case deletePod(name: String, uid: String, why: String)
    /// Deletes a pod whose data are of no use any more, if it still has this uid: it need not end in order.
    case discardPod(name: String, uid: String, why: String)
    /// Deletes a pod without waiting for its node, which is away, if it still has this uid.
    case forceDeletePod(name: String, uid: String, why: String)
    /// Deletes the certificate of a life of a member, if it is there.
    case deleteCertificate(life: String)
    /// Makes a Job of a rebuild.
    case createJob(RebuildJob)
    /// Deletes a Job with its pods, without waiting for their node when it is away.
    case deleteJob(name: String, force: Bool)
    /// `POST /v1/copy-limit` to the agent of the member that sends a copy.
    case limitCopy(member: String, CopyLimitRequest)
    /// `POST /v1/verify` to the agent of a new life of a member.
    case verify(member: String, VerifyRequest)
    /// Deletes a claim. Claims have no owner reference to the group, so that none goes unless this says so.
    case deleteClaim(name: String)
    /// Makes the pod that removes a directory tree from a node: pinned to it, tolerating everything, with the directory's
    /// parent mounted.
    case createCleanup(pod: String, node: String, directory: String)
    /// Deletes a finished cleanup pod.
    case deleteCleanup(pod: String)
    /// Sets zones in the group's spec, if that is still as it was observed.
    case setZones(MemberZones)
    /// Writes the status of an operation, with the resource version that it was observed with.
    case recordOperation(XDBOperation)
    /// Makes the record of something that the operator does by itself; what is there already stays.
    case createOperation(name: String, XDBOperation.Spec)
    /// `POST /v1/initialize` to the member's agent.
    case initialize(member: String, InitializeRequest)
    /// `POST /v1/seal` to all of these members' agents at the same time. The answers go into `GroupObservation.seals`;
    /// once a majority has answered, wait for the rest only briefly.
    case seal(members: [String], SealRequest)
    /// `POST /v1/lead` to the member's agent.
    case lead(member: String, LeadRequest)
    /// `POST /v1/follow` to the member's agent.
    case follow(member: String, FollowRequest)
    /// Sets labels of a pod whose member has become one of another kind (`MemberPod.labels`).
    case relabel(pod: String, labels: [String: String])
    /// Sets the label that Services select by (`Label.role`), or removes it. The old leader's comes before the new's.
    case label(pod: String, role: XDBGroup.MemberRole?)
}

/// The zones of a group's members, as they stand in its spec.
public struct MemberZones: Hashable, Sendable {
    /// `spec.placement.zones`.
    public var voters: [String]
    /// The zones of each set of learners, by its name.
    public var learners: [String: [String]]

    /// Those of a spec.
    public init(_ spec: XDBGroup.Spec) {
        voters = spec.placement.zones
        learners = Dictionary(spec.members.learners.map { ($0.name, $0.zones) }) { first, _ in first }
    }

    /// The spec with these zones.
    public func applied(to spec: XDBGroup.Spec) -> XDBGroup.Spec {
        var spec = spec
        spec.placement.zones = voters
        for index in spec.members.learners.indices {
            if let zones = learners[spec.members.learners[index].name] { spec.members.learners[index].zones = zones }
        }
        return spec
    }
}

/// An object that a group owns, apart from pods and claims.
public enum OwnedObject: Hashable, Sendable {
    /// The certificate authority and the operator's own certificate (`GroupNames.authority`).
    case authority
    /// The certificate of a life of a member (`GroupNames.certificate(of:)`).
    case certificate(member: String)
    /// The accounts of clients with generated passwords (`GroupNames.application` and `administrator`).
    case users
    /// The users' server options (`GroupNames.configuration`).
    case configuration
    case leaderService
    case followersService
    /// Lets evictions take voters as long as so many are left.
    case disruptionBudget(minimumAvailable: Int)
    /// A member's PersistentVolumeClaim.
    case claim(name: String, member: String, incarnation: Int, XDBGroup.VolumeClaim)
}

/// A member's pod, as far as it differs from that of other members and groups.
public struct MemberPod: Hashable, Sendable {
    /// Where the member's data are.
    public enum Data: Hashable, Sendable {
        /// A directory of the node, made by the init container.
        case hostPath(String)
        case claim(String)
    }

    /// How the pod finds its node.
    public enum Placement: Hashable, Sendable {
        /// The member's data are on this node.
        case pinned(node: String)
        /// The scheduler chooses: never the node of another member of the group (required anti-affinity by
        /// `Label.hostname` over `Label.group`), only nodes in `zones` when there are any, and zones spread evenly over
        /// the pods with the same `Label.spread`. The spread is required (`DoNotSchedule`) or wished for.
        case free(zones: [String], isSpreadRequired: Bool)
    }

    public var name: String
    public var member: String
    public var ordinal: Int
    public var incarnation: Int
    public var kind: XDBGroup.MemberKind
    public var data: Data
    public var placement: Placement
    /// Nodes on which it must not run although it could: the one that the member moves away from, and those on which it
    /// could not be made.
    public var avoidedNodes: [String] = []
    /// Of a new life the one that it takes the place of, which is not there any more when zones are counted in the end.
    public var formerLife: String?
    public var nodeSelector: [String: String]
    public var tolerations: [XDBGroup.Toleration]
    public var image: String
    public var resources: XDBGroup.ContainerResources
    /// The value of `Label.spread`.
    public var spread: String
    /// All labels but the role.
    public var labels: [String: String]
    /// What it is made from and for, besides the revision: `Label.image` and others.
    public var annotations: [String: String] = [:]
    /// The digest of what the pod is made from: a pod that does not start is made again when this changes.
    public var revision: String
}

/// A Job of a rebuild: `xdb-agent rebuild STAGE` on the directory of the new life.
public struct RebuildJob: Hashable, Sendable {
    /// What it does.
    public enum Stage: String, Sendable, CaseIterable {
        /// Receives the source's data.
        case copy
        /// Makes them consistent.
        case prepare
        /// Writes identity, log and replication state.
        case refresh
    }

    /// `GroupNames.job(of:_:)`.
    public var name: String
    public var stage: Stage
    /// The pod of the life that it works for: its image, its place, its data.
    public var pod: MemberPod
    /// Of a copy: whom to ask for the data.
    public var source: PeerAddress?
    /// Of a copy: how fast it is to be at first.
    public var bytesPerSecond: UInt64?
}

/// Something that people should be told, as a Kubernetes event about the group.
public struct GroupEvent: Hashable, Sendable {
    public var reason: Reason
    /// What happened and, for warnings, what to do.
    public var message: String

    /// Makes an event.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// True for an event of type Warning.
    public var isWarning: Bool { reason.isWarning }
}
