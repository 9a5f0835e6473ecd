/// How many pods may be away by intention at once.
///
/// This is the version of Kubernetes 1.21 and later.
public struct PodDisruptionBudget: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "policy",
        version: "v1",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets"
    )

    /// What is wanted.
    public struct Spec: Hashable, Sendable, JSONDecodable {
        /// So many of the pods must stay.
        public var minAvailable: IntOrString?
        /// So many of the pods may be away.
        public var maxUnavailable: IntOrString?
        /// The labels of the pods concerned.
        public var matchLabels: [String: String] = [:]

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "minAvailable": minAvailable = try reader.read()
                case "maxUnavailable": maxUnavailable = try reader.read()
                case "selector": matchLabels = try reader.readField("matchLabels") ?? [:]
                default: try reader.skipValue()
                }
            }
        }
    }

    /// How it stands.
    public struct Status: Hashable, Sendable, JSONDecodable {
        /// So many evictions would be allowed now.
        public var disruptionsAllowed: Int32 = 0
        /// Pods that are healthy.
        public var currentHealthy: Int32 = 0
        /// Healthy pods that there must be.
        public var desiredHealthy: Int32 = 0
        /// Pods that there should be.
        public var expectedPods: Int32 = 0

        /// Nothing known.
        public init() {}

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "disruptionsAllowed": disruptionsAllowed = try reader.read()
                case "currentHealthy": currentHealthy = try reader.read()
                case "desiredHealthy": desiredHealthy = try reader.read()
                case "expectedPods": expectedPods = try reader.read()
                default: try reader.skipValue()
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

    /// Nothing known.
    public init() {}

    /// Only its metadata is known.
    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

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

/// The same budget on servers before Kubernetes 1.21; ask discovery which one is there.
public struct PodDisruptionBudgetV1Beta1: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(
        group: "policy",
        version: "v1beta1",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets"
    )

    /// Its content, which has the same fields.
    public var budget: PodDisruptionBudget
    /// Name, namespace, labels and what else every object has.
    public var metadata: ObjectMeta {
        get { budget.metadata }
        set { budget.metadata = newValue }
    }

    /// Reads it from JSON: the fields are those of v1.
    public init(from reader: inout JSONReader) throws(JSONError) { budget = try reader.read() }
}
