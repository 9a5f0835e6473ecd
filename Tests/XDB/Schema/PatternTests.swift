import Testing
import XDB

struct PatternTests {
    @Test(arguments: [
        ("^[a-z]([-a-z0-9]*[a-z0-9])?$", "orders", true), ("^[a-z]([-a-z0-9]*[a-z0-9])?$", "orders\n", false),
        ("^[a-z]([-a-z0-9]*[a-z0-9])?$", "orders\nother", false),
        ("^[a-z]+$", "a\0b", false), ("^[a-z]+$", "\0", false),
        ("^[a-z]+$", "", false), ("^[a-z]*$", "", true), ("^[a-z]+$", "\u{e4}", false), ("^[a-z]+$", "A", false),
        ("b", "abc", true), ("b", "ac", false), (#"^(\.[0-9]+|x)$"#, ".5", true), (#"^(\.[0-9]+|x)$"#, "a5", false),
    ])
    func findsWhatGoFinds(_ pattern: String, _ text: String, _ isFound: Bool) {
        #expect(Pattern(pattern).matches(text) == isFound)
    }

    /// A substring of a native string, and one that does not lie in one piece.
    @Test func readsAnyString() {
        let text = "orders-of-the-day-and-many-more-than-fit-in-a-small-string"
        #expect(Pattern("^[a-z-]+$").matches(String(text.dropFirst(3).dropLast(2))))
        #expect(Pattern("^(ab)+$").matches(String(repeating: "ab", count: 5_000)))
    }

    @Test func severalTasksUseOne() async {
        let pattern = Pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$")
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    (0..<2_000).map { "a\($0)-\(number)" }
                        .allSatisfy { pattern.matches($0) && !pattern.matches($0 + "-") }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
