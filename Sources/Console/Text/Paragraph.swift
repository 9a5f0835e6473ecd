/// Breaks text into lines.
package enum Paragraph {
    /// The lines of a text, none of them wider than so many characters, unless a single word is.
    package static func lines(_ text: String, width: Int) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped($0, width) }
    }

    private static let fixedSpace = "\u{A0}"

    /// The text so that it stays on one line: commands are copied.
    package static func unbroken(_ text: String) -> String { text.replacing(" ", with: fixedSpace) }

    /// The text as it is shown.
    package static func plain(_ text: String) -> String { text.replacing(fixedSpace, with: " ") }

    private static func wrapped(_ text: Substring, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        return lines
    }

    /// The beginning of a text, with an ellipsis where something is left out.
    package static func cut(_ text: String, to width: Int) -> String {
        let line = String(text.prefix { $0 != "\n" })
        return line.count <= width ? line : line.prefix(max(0, width - 3)) + "..."
    }
}
