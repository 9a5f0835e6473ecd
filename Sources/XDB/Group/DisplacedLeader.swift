// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBGroup {
    /// A member that led until its node was taken offline.
    ///
    /// Recorded with the epoch in which another leads, so that it is known whatever becomes of the operation that asked.
    public struct DisplacedLeader: Structure {
        public var node = ""
        public var member = ""
        public var epoch = Epoch.none
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("node", \.node, .required, description: "The node that is offline."),
            Field("member", \.member, .required, description: "The member on it that led."),
            Field("epoch", \.epoch, description: "The epoch with which another began to lead."),
        ]
    }
}
