/// Why a text is not the YAML that was expected, and where.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public var message: String
    /// Counted from 1.
    public var line: Int
    /// Counted from 1.
    public var column: Int

    /// An error at a place.
    public init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    /// One line for a person, for example `line 3, column 5: …`.
    public var description: String { "line \(line), column \(column): \(message)" }
}
