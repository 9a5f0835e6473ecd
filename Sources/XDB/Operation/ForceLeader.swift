// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBOperation {
    /// A leader without a majority.
    public struct ForceLeader: Structure {
        public var member = ""
        public var acceptDataLoss = false
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field(
                "member",
                \.member,
                .required,
                .length(1...63),
                description:
                    "The candidate that is to lead, for example orders-1. It must answer; what other voters that answer "
                    + "have beyond its log it gets from them first."
            ),
            Field(
                "acceptDataLoss",
                \.acceptDataLoss,
                .defaulted,
                description:
                    "To be set to true by a person who has made sure that the missing voters do not run anywhere and "
                    + "cannot be brought back. Everything that they alone have is lost, acknowledged commits among it; "
                    + "should they still run somewhere, clients there write to a second leader until they are reached."
            ),
        ]

        public static let rules: [Rule<Self>] = [
            Rule(
                "self.acceptDataLoss",
                "commits that only the missing voters have would be lost, although clients saw them succeed: bring a "
                    + "majority back instead; where that is impossible a person has to set acceptDataLoss to true"
            ) { $0.acceptDataLoss }
        ]
    }
}
