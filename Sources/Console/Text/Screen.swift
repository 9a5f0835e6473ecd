/// Lines for a terminal, one part after the other.
package struct Screen: Sendable {
    package let style: Style
    /// The width of the terminal; nil where it does not matter, in a file for instance.
    package let width: Int?
    package private(set) var lines: [String] = []

    /// Where sentences are broken when there is no terminal.
    private static let readingWidth = 110
    private static let margin = "  "

    package init(_ style: Style, width: Int? = nil) {
        self.style = style
        self.width = width
    }

    /// All of it, with a line break at the end.
    package var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// An empty line, unless there is one, or nothing, before it.
    package mutating func gap() {
        if let last = lines.last, !last.isEmpty { lines.append("") }
    }

    /// Pieces beside each other.
    package mutating func line(_ cells: Cell..., separator: String = "  ") {
        lines.append(cells.filter { !$0.text.isEmpty }.map { style($0.text, $0.tone) }.joined(separator: separator))
    }

    /// The title of a part, after a gap.
    package mutating func heading(_ title: String) {
        gap()
        line(Cell(title, .strong))
    }

    /// A table, a little to the right.
    package mutating func table(_ table: Table) {
        let room = (width ?? Self.readingWidth) - Self.margin.count
        lines += table.lines(style, width: room).map { Self.margin + $0 }
    }

    /// Sentences with a word before the first of them, each beginning a line of its own.
    package mutating func paragraphs(_ label: String, _ sentences: [Cell], labelWidth: Int = 10) {
        table(
            Table(
                rows: sentences.enumerated().map { index, sentence in
                    let word = index == 0 ? label : ""
                    let padding = String(repeating: " ", count: max(0, labelWidth - word.count))
                    return [Cell(word + padding, .strong), sentence]
                }
            )
        )
    }
}
