// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What each field means stands in the tables, for `kubectl explain` and for readers alike.

public import KubernetesModel

extension XDBGroup {
    /// A member that was removed.
    ///
    /// Its ordinal may be given again. The names by which agents know each other are those of lives, so a life is never
    /// begun twice: a pod of the old member that still runs on a node that is cut off is nobody's peer, and a directory
    /// that was retained is nobody's data.
    public struct FormerMember: Structure {
        public var name = ""
        public var incarnations = 1
        public var unknown: [String: JSONValue] = [:]

        public init() {}

        public static let fields: [Field<Self>] = [
            Field("name", \.name, .required, description: "The member's name: GROUP-ORDINAL."),
            Field("incarnations", \.incarnations, description: "How many lives of its data were begun."),
        ]
    }
}
