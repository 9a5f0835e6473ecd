// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBGroup {
    /// A voter that a leader was forced without.
    public struct MissingVoter: Structure {
        public var voter = ""
        public var position: Position?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("voter", \.voter, .required, description: "The voter."),
            Field(
                "position",
                \.position,
                description: "The end of its log when it was seen last (EPOCH/SEQUENCE). It may have got more since."
            ),
            Field("message", \.message, description: "What was known of it."),
        ]
    }
}
