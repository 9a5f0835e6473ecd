// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// A node that is to be emptied of leaders, and that gets no new members.
    public struct OfflineNode: Structure {
        public var node = ""
        public var force = false
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("node", \.node, .required, .length(1...253), description: "The node that is to be taken offline."),
            Field(
                "force",
                \.force,
                .defaulted,
                description:
                    "Take it offline although some group would take no writes without it; which ones is in the refusal that "
                    + "comes without this."
            ),
        ]
    }

    /// A node that is to be back.
    public struct RecoverNode: Structure {
        public var node = ""
        public var restoreLeaders = false
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("node", \.node, .required, .length(1...253), description: "The node that is to be back."),
            Field(
                "restoreLeaders",
                \.restoreLeaders,
                .defaulted,
                description: "Have the members lead again that led when the node was taken offline."
            ),
        ]
    }
}
