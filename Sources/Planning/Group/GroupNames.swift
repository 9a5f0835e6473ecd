import KubernetesModel
public import XDB

/// What the objects of a group, and of its members, are called.
public struct GroupNames: Hashable, Sendable {
    /// The group's name.
    public let group: String
    /// The group's namespace.
    public let namespace: String

    /// Names for a group.
    public init(group: String, namespace: String) {
        self.group = group
        self.namespace = namespace
    }

    /// The Service of the leader: for writes.
    public var leaderService: String { "\(group)-leader" }
    /// The Service of the followers and learners: for reads.
    public var followersService: String { "\(group)-followers" }
    /// The PodDisruptionBudget over the voters.
    public var disruptionBudget: String { group }
    /// The ConfigMap with the users' server options, as `user.cnf`.
    public var configuration: String { "\(group)-configuration" }
    /// The Secret with the group's certificate authority; mounted nowhere.
    public var authority: String { "\(group)-ca" }
    /// The Secret with the operator's own certificate; mounted nowhere.
    public var operatorCertificate: String { "\(group)-operator-tls" }
    /// The Secret of the application's account `app`: everything that a client needs.
    public var application: String { "\(group)-app" }
    /// The Secret of the account `admin`.
    public var administrator: String { "\(group)-admin" }

    /// A member: `GROUP-ORDINAL`.
    public func member(_ ordinal: Int) -> String { "\(group)-\(ordinal)" }

    /// The Secret with a member's certificate and key.
    public func certificate(of member: String) -> String { "\(member)-tls" }

    /// A member's pod: named like the member in its first life, and with the number of the life later.
    public func pod(of member: String, incarnation: Int) -> String {
        XDBGroup.MemberStatus.life(of: member, incarnation)
    }

    /// A member's claim.
    public func claim(of member: String, incarnation: Int) -> String {
        "data-" + pod(of: member, incarnation: incarnation)
    }

    /// The operation that rebuilds a member without having been asked, counted.
    public func repair(of member: String, _ number: Int) -> String { "\(member)-repair-\(number)" }

    /// A Job that works for a life of a member.
    public func job(of life: String, _ stage: RebuildJob.Stage) -> String { "\(life)-\(stage.rawValue)" }

    /// The operation that records the failover with which an epoch began.
    public func failover(_ epoch: Epoch) -> String { "\(group)-failover-\(epoch)" }

    /// The pod that removes a directory tree from a node.
    ///
    /// Pods of all groups may share a namespace, and names of nodes may be long and have dots: so the name carries a
    /// digest of the node, the directory and the uid of the group.
    public func cleanupPod(uid: String, node: String, directory: String) -> String {
        "\(group)-cleanup-\(Digest.text(of: [uid, node, directory].joined(separator: ":")))"
    }

    /// Where everything of the group is on a node.
    public func directory(of path: String) -> String { "\(path)/\(namespace)/\(group)" }

    /// Where one life of a member's data is on a node.
    public func directory(of path: String, member: String, incarnation: Int) -> String {
        "\(directory(of: path))/\(member)/i\(incarnation)"
    }
}

/// Labels and annotations of our objects.
public enum Label {
    private static let domain = XDBGroup.resource.group

    /// The group that an object belongs to; every object of ours has it.
    public static let group = "\(domain)/group"
    /// The member that a pod or claim belongs to.
    public static let member = "\(domain)/member"
    /// Candidate, Logger or Learner.
    public static let kind = "\(domain)/kind"
    /// The life of the member's data.
    public static let incarnation = "\(domain)/incarnation"
    /// The life of a member that a pod works for, by its name: `MemberStatus.life`.
    public static let life = "\(domain)/life"
    /// What is spread over zones together: `voters`, or `learners-SET`.
    public static let spread = "\(domain)/spread"
    /// The part that the member plays now; Services select by it.
    ///
    /// Changed while the pod runs.
    public static let role = "\(domain)/role"
    /// Annotation of groups: with the value `disabled` their members are not rebuilt without being asked.
    public static let repair = "\(domain)/repair"
    /// Annotation of groups: with the value `disabled` a balance leaves them as they are.
    public static let balance = "\(domain)/balance"
    /// Marks nodes that were taken offline, whatever its value: what there is on them does not lead while another can, is
    /// not repaired, and nothing new comes.
    public static let offline = "\(domain)/offline"
    /// Marks cleanup pods; its value is the uid of the group.
    public static let cleanup = "\(domain)/cleanup"
    /// The namespace of the group that a cleanup pod works for.
    public static let namespace = "\(domain)/namespace"
    /// Annotation of cleanup pods: the node, whose name can be too long for a label.
    public static let node = "\(domain)/node"
    /// Annotation of pods: the digest of what the user can change about a pod, its place included.
    public static let revision = "\(domain)/revision"
    /// Annotation of pods: the image that they were made with.
    public static let image = "\(domain)/image"
    /// Annotation of pods: the digest of the resources that they were made with.
    public static let resources = "\(domain)/resources"
    /// Annotation of pods of members with data: the revision of the newest option file.
    ///
    /// A change of it has the kubelet bring that file at once.
    public static let configuration = "\(domain)/configuration"
    /// Annotation of pods: the uid of the operation that they were made again for.
    public static let restart = "\(domain)/restart"
    /// The finalizer of groups.
    public static let finalizer = "\(domain)/cleanup"
    /// The zone of a node.
    public static let zone = "topology.kubernetes.io/zone"
    /// The name of a node, as a label for affinities.
    public static let hostname = "kubernetes.io/hostname"
}
