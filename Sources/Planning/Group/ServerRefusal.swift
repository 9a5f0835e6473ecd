// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

import KubernetesModel
import XDB

/// An object of the API server that an action is about.
public struct ObjectName: Hashable, Sendable, CustomStringConvertible {
    public var kind: String
    public var name: String

    /// Names an object.
    public init(_ kind: String, _ name: String) {
        self.kind = kind
        self.name = name
    }

    public var description: String { "\(kind) \(name)" }
}

/// What the API server has refused of what was planned last, and would refuse again until somebody changes something.
public struct ServerRefusal: Hashable, Sendable {
    /// What was to be made, changed or deleted.
    public var object: ObjectName
    /// The server's words.
    public var words: String

    /// Notes a refusal.
    public init(_ object: ObjectName, _ words: String) {
        self.object = object
        self.words = words
    }

    /// What is refused, why, and what to do.
    var sentence: String {
        "the API server refuses the \(object): \(words); \(Obstacle(in: words).remedy), and it goes on by itself"
    }

    /// What stands in the way, as far as the server's words tell.
    public enum Obstacle: Hashable, Sendable, CaseIterable {
        /// A ResourceQuota of the namespace.
        case quota
        /// A LimitRange of the namespace.
        case limitRange
        /// The namespace's level of Pod Security, or a policy like it.
        case podSecurity
        /// An admission webhook that denies it, or that cannot be asked.
        case webhook
        /// The operator may not.
        case rights
        /// A field has a value that no such object may have.
        case invalid
        /// Something else.
        case other

        /// Reads the words of the API server, or a sentence that has them.
        public init(in words: String) {
            self = Self.marks.first { words.contains($0.mark) }?.obstacle ?? .other
        }

        /// The words of Kubernetes' own admission, in the order in which they are looked for.
        private static let marks: [(mark: String, obstacle: Obstacle)] = [
            ("admission webhook", .webhook), ("failed calling webhook", .webhook),
            ("violates PodSecurity", .podSecurity), ("pod security policy", .podSecurity),
            ("security context constraint", .podSecurity),
            ("exceeded quota", .quota), ("failed quota", .quota),
            ("usage per ", .limitRange), ("to request ratio per ", .limitRange),
            (" cannot ", .rights),
            ("is invalid", .invalid), ("Invalid value", .invalid),
        ]

        /// What to do, as a part of a sentence.
        public var remedy: String {
            switch self {
            case .quota:
                "raise the namespace's ResourceQuota, make room in it, or set in spec.resources what it asks for"
            case .limitRange: "change spec.resources or spec.storage, or the namespace's LimitRange"
            case .podSecurity:
                "allow such pods in the namespace (directories of nodes need the level privileged), or use "
                    + "spec.storage.volumeClaim in a new group"
            case .webhook:
                "change in the spec what the webhook does not want, put the webhook right, or exempt the namespace"
            case .rights: "give the operator's ServiceAccount the rights in manifests/ again"
            case .invalid: "put the field of the spec right that it comes from"
            case .other: "put right what it names"
            }
        }
    }
}

extension GroupAction {
    /// The object of the API server that the action makes, changes or deletes; nil for what is asked of agents.
    public func object(in names: GroupNames) -> ObjectName? {
        switch self {
        case .addFinalizer, .removeFinalizer, .setZones: ObjectName("XDBGroup", names.group)
        case .ensure(let object): object.name(in: names)
        case .createPod(let pod): ObjectName("Pod", pod.name)
        case .createCleanup(let pod, _, _), .deleteCleanup(let pod), .bringConfiguration(let pod, _),
            .label(let pod, _), .relabel(let pod, _), .deletePod(let pod, _, _), .discardPod(let pod, _, _),
            .forceDeletePod(let pod, _, _):
            ObjectName("Pod", pod)
        case .createJob(let job): ObjectName("Job", job.name)
        case .deleteJob(let name, _): ObjectName("Job", name)
        case .deleteCertificate(let life): ObjectName("Secret", names.certificate(of: life))
        case .deleteClaim(let name): ObjectName("PersistentVolumeClaim", name)
        case .recordOperation(let operation): ObjectName("XDBOperation", operation.metadata.name)
        case .createOperation(let name, _): ObjectName("XDBOperation", name)
        case .initialize, .seal, .lead, .follow, .limitCopy, .verify: nil
        }
    }
}

extension OwnedObject {
    /// What it is called; of several that are made together, the first.
    func name(in names: GroupNames) -> ObjectName {
        switch self {
        case .authority: ObjectName("Secret", names.authority)
        case .certificate(let life): ObjectName("Secret", names.certificate(of: life))
        case .users: ObjectName("Secret", names.application)
        case .configuration: ObjectName("ConfigMap", names.configuration)
        case .leaderService: ObjectName("Service", names.leaderService)
        case .followersService: ObjectName("Service", names.followersService)
        case .disruptionBudget: ObjectName("PodDisruptionBudget", names.disruptionBudget)
        case .claim(let name, _, _, _): ObjectName("PersistentVolumeClaim", name)
        }
    }
}
