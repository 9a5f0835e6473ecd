/// A pod, as far as its placement and its state go.
public struct Pod: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "", version: "v1", kind: "Pod", plural: "pods")

    /// Where it runs and what.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        /// Empty until the scheduler has chosen.
        public var nodeName = ""
        /// The containers, without the init containers.
        public var containers: [Container] = []
        /// The volumes.
        public var volumes: [Volume] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "nodeName": nodeName = try reader.read()
                case "containers": containers = try reader.read()
                case "volumes": volumes = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// A container that is wanted.
    public struct Container: Hashable, Sendable, JSONDecodable {
        /// The container's name.
        public var name = ""
        /// The image.
        public var image = ""

        /// Names a container.
        public init(name: String, image: String) {
            self.name = name
            self.image = image
        }

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "image": image = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// A volume, as far as it is a claim or a directory of the host.
    public struct Volume: Hashable, Sendable, JSONDecodable {
        /// The volume's name.
        public var name = ""
        /// The claim behind it.
        public var claimName: String?
        /// The directory of the node behind it.
        public var hostPath: String?

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "persistentVolumeClaim": claimName = try reader.readField("claimName")
                case "hostPath": hostPath = try reader.readField("path")
                default: try reader.skipValue()
                }
            }
        }
    }

    /// How far its containers are.
    public enum Phase: String, Hashable, Sendable, JSONDecodable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    /// What the kubelet says.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// How far its life is.
        public var phase = Phase.pending
        /// Set when the pod failed as a whole, for example `Evicted` or `NodeLost`.
        public var reason = ""
        /// The same in words.
        public var message = ""
        /// Its address; empty before it has one.
        public var podIP = ""
        /// Its node's address.
        public var hostIP = ""
        /// When the kubelet took it up.
        public var startTime: Time?
        /// `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`.
        public var conditions: [Condition] = []
        /// Its init containers, in their order.
        public var initContainerStatuses: [ContainerStatus] = []
        /// Its containers.
        public var containerStatuses: [ContainerStatus] = []

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "phase": phase = try reader.read()
                case "reason": reason = try reader.read()
                case "message": message = try reader.read()
                case "podIP": podIP = try reader.read()
                case "hostIP": hostIP = try reader.read()
                case "startTime": startTime = try reader.read()
                case "conditions": conditions = try reader.read()
                case "initContainerStatuses": initContainerStatuses = try reader.read()
                case "containerStatuses": containerStatuses = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// What the kubelet says of one container.
    public struct ContainerStatus: Hashable, Sendable, JSONDecodable {
        /// The container's name.
        public var name = ""
        /// Its readiness probe succeeds.
        public var isReady = false
        /// How often it was started again.
        public var restartCount = 0
        /// What it does now.
        public var state = ContainerState.none
        /// How its life before this one ended.
        public var lastState = ContainerState.none

        /// Names a container whose state is not known.
        public init(name: String) {
            self.name = name
        }

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "ready": isReady = try reader.read()
                case "restartCount": restartCount = try reader.read()
                case "state": state = try reader.read()
                case "lastState": lastState = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// Whether a container waits, runs or has ended.
    public enum ContainerState: Hashable, Sendable, JSONDecodable {
        case none
        /// For example `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerConfigError`.
        case waiting(reason: String, message: String)
        case running(since: Time?)
        case terminated(exitCode: Int, reason: String, message: String, at: Time?)

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            self = .none
            var reason = ""
            var message = ""
            var exitCode = 0
            var startedAt: Time?
            var finishedAt: Time?
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let state = key.string
                if try reader.readNull() { continue }
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    switch key {
                    case "reason": reason = try reader.read()
                    case "message": message = try reader.read()
                    case "exitCode": exitCode = try reader.read()
                    case "startedAt": startedAt = try reader.read()
                    case "finishedAt": finishedAt = try reader.read()
                    default: try reader.skipValue()
                    }
                }
                switch state {
                case "waiting": self = .waiting(reason: reason, message: message)
                case "running": self = .running(since: startedAt)
                case "terminated":
                    self = .terminated(exitCode: exitCode, reason: reason, message: message, at: finishedAt)
                default: break
                }
            }
        }
    }

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = Spec()
    /// What is.
    public var status = Status()

    /// An empty pod, for tests of decisions.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: Spec = Spec(), status: Status = Status()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    /// True when its `Ready` condition holds.
    public var isReady: Bool { status.conditions.isTrue("Ready") }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": spec = try reader.read()
            case "status": status = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
