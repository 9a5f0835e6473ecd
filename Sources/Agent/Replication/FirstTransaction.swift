/// A transaction that a new leader's agent writes into the log by itself, before its server does: with the first
/// one of its epoch that a majority has, it and everything before are committed.
public struct FirstTransaction: Hashable, Sendable {
    /// The default database of the statements; may be empty.
    public var database: String
    /// One schema change, or the statements of one transaction without its BEGIN and COMMIT. They must have the same
    /// effect on every member.
    public var content: Content

    /// What the transaction holds.
    public enum Content: Hashable, Sendable {
        case schemaChange(String)
        case statements([String])
    }

    public init(database: String, content: Content) {
        self.database = database
        self.content = content
    }
}
