// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// A group that is brought back after everything was down.
    public struct RecoverGroup: Structure {
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = []
    }

    /// What a member has on its disk, as far as it is known.
    public struct MemberPosition: Structure {
        public var member = ""
        public var counts = false
        public var position: Position?
        public var committed: Position?
        public var promised: Epoch?
        public var since: Time?
        public var message: String?
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("member", \.member, .required, description: "The member."),
            Field(
                "counts",
                \.counts,
                description: "Whether it answers, with its data: whether its log can take part in an election."
            ),
            Field(
                "position",
                \.position,
                description:
                    "The durable end of its log (EPOCH/SEQUENCE); of a member that does not answer, where it was seen last."
            ),
            Field("committed", \.committed, description: "The newest position that it knows to be committed."),
            Field("promised", \.promised, description: "The newest epoch that it has promised."),
            Field("since", \.since, description: "Since when it answers."),
            Field("message", \.message, description: "Why it does not answer, or why its answer does not count."),
        ]
    }
}
