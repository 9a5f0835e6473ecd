/// Why there is no way to the API server: a sentence with the file, the line and the field.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public var message: String
    /// The file; empty when it is not about one.
    public var file: String
    /// Counted from 1; nil when the error is about the file as a whole.
    public var line: Int?
    /// For example `users[0].user.exec.command`; empty when it is not about one.
    public var field: String

    /// An error.
    public init(_ message: String, file: String = "", line: Int? = nil, field: String = "") {
        self.message = message
        self.file = file
        self.line = line
        self.field = field
    }

    /// One line for a person, for example `config:12: clusters[0].cluster.server: …`.
    public var description: String {
        var text = file
        if let line { text += ":\(line)" }
        if !text.isEmpty { text += ": " }
        return text + (field.isEmpty ? "" : "\(field): ") + message
    }
}
