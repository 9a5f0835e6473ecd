// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// Pods that are made again on the same data.
    public struct Restart: Structure {
        public var member: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "member",
                \.member,
                .length(1...63),
                description:
                    "The member to be restarted, for example orders-1. When absent all members are, one after the other, "
                    + "each when the one before plays its part again; those under maintenance are left out."
            )
        ]
    }
}
