/// Terms that the expressions of rules are made of.
///
/// Only fields and literals are compared with `==` and `!=`: Kubernetes 1.25.0 takes a comparison of two other values for
/// endlessly costly, and refuses the definition.
enum RuleTerm {
    /// Both hold, or neither does; the other is a single term.
    static func both(_ one: String, orNeither other: String) -> String { "(\(one) ? \(other) : !\(other))" }

    /// One of the two holds, and only one; the other is a single term.
    static func either(_ one: String, or other: String) -> String { "(\(one) ? !\(other) : \(other))" }

    /// A field is set before and after a change, or neither.
    static func staysSet(_ field: String) -> String { both("has(self.\(field))", orNeither: "has(oldSelf.\(field))") }

    /// A field has the same value before and after a change, or none.
    static func stays(_ field: String) -> String {
        "(has(self.\(field)) ? has(oldSelf.\(field)) && self.\(field) == oldSelf.\(field) : !has(oldSelf.\(field)))"
    }
}
