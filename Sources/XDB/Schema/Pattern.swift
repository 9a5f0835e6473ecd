import Glibc

/// A regular expression that servers and we read alike: POSIX's extended ones as far as Go has them, too (`a-z` in
/// brackets, groups, `?`, `*`, `+`, `|`, anchors), over bytes.
///
/// Groups are checked again and again, so it is made ready for use once; and the C library has it anyway, where Swift's
/// own would bring two libraries into the memory of each process.
public struct Pattern: Hashable, Sendable {
    /// As it is written in a schema.
    public let text: String
    private let compiled: Compiled

    /// A pattern is part of the program: one that is malformed ends it.
    public init(_ text: String) {
        self.text = text
        compiled = Compiled(text)
    }

    /// Whether the expression is found in a text; one that is to fit all of it has anchors.
    public func matches(_ text: String) -> Bool { compiled.matches(text) }

    /// Patterns are the same when they are written alike.
    public static func == (one: Self, other: Self) -> Bool { one.text == other.text }

    /// By what is written.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Unchecked because of the C structure: POSIX lets several threads use one expression at once, and nothing changes it
    /// between its making and its end.
    private final class Compiled: @unchecked Sendable {
        private let expression = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)

        init(_ text: String) {
            let status = regcomp(expression, text, REG_EXTENDED)
            precondition(status == 0, "not a pattern: \(text)")
        }

        deinit {
            regfree(expression)
            expression.deallocate()
        }

        func matches(_ text: String) -> Bool {
            // The bounds are given, so that a text with a zero byte does not end there.
            var bounds = regmatch_t(rm_so: 0, rm_eo: regoff_t(text.utf8.count))
            return text.withCString { regexec(expression, $0, 1, &bounds, REG_STARTEND) == 0 }
        }
    }
}
