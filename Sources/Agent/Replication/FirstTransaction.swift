import BinaryLog

/// A transaction that a new leader's agent writes into the log by itself, before its server does.
///
/// With the first one of its epoch that a majority has, it and everything before it are committed.
public struct FirstTransaction: Hashable, Sendable {
    /// The default database of the statements; may be empty.
    public var database: String
    /// What it does; it must have the same effect on every member.
    public var content: Content

    /// What a transaction holds.
    public enum Content: Hashable, Sendable {
        /// One schema change.
        case schemaChange(String)
        /// The statements of one transaction, without its BEGIN and COMMIT.
        case statements([String])
    }

    /// A transaction.
    public init(database: String, content: Content) {
        self.database = database
        self.content = content
    }

    var groupContent: SynthesizedGroup.Content {
        switch content {
        case .schemaChange(let statement): .definition(statement)
        case .statements(let statements): .changes(statements)
        }
    }
}
