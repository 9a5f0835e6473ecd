/// One field that is wrong, and what to do about it.
public struct FieldProblem: Hashable, Sendable, CustomStringConvertible {
    /// Where it is, for example `spec.members.learners[0].name`.
    public var path: String
    /// What is wrong and what would be right.
    public var message: String

    /// Names a problem.
    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    /// `path: message`.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

extension String {
    /// The path of a field inside this one.
    func field(_ name: String) -> String { isEmpty ? name : "\(self).\(name)" }

    /// The path of an element of this list.
    func element(_ index: Int) -> String { "\(self)[\(index)]" }
}
