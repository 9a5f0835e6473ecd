/// Rows under a header, in columns as wide as their contents.
package struct Table: Hashable, Sendable {
    /// What becomes of the last column when there is not enough room for it.
    package enum Overflow: Hashable, Sendable {
        /// It goes on in the next line.
        case wraps
        /// Its end is left out.
        case isCut
    }

    package var header: [String]
    package var rows: [[Cell]]
    package var overflow: Overflow

    /// A table; without a header where that is empty.
    package init(_ header: [String] = [], rows: [[Cell]] = [], overflow: Overflow = .wraps) {
        self.header = header
        self.rows = rows
        self.overflow = overflow
    }

    private static let gap = 2
    /// The last column is never narrower, however narrow the terminal.
    private static let leastRest = 24

    /// The table's lines, without spaces at their ends.
    ///
    /// - Parameter width: The width of the terminal; nil for as much as is needed.
    package func lines(_ style: Style, width: Int? = nil) -> [String] {
        let head = header.map { Cell($0, .faint) }
        let all = (header.isEmpty ? [] : [head]) + rows
        let count = all.map(\.count).max() ?? 0
        guard count > 0 else { return [] }
        let widths = (0..<count).map { column in
            all.compactMap { column < $0.count ? $0[column].text.count : nil }.max() ?? 0
        }
        let start = widths.dropLast().reduce(0) { $0 + $1 + Self.gap }
        let rest = width.map { max(Self.leastRest, $0 - start) }
        return all.flatMap { line($0, widths, start, rest, style) }
    }

    private func line(_ row: [Cell], _ widths: [Int], _ start: Int, _ rest: Int?, _ style: Style) -> [String] {
        var text = ""
        var spaces = 0
        for (cell, width) in zip(row, widths.dropLast()) {
            if !cell.text.isEmpty {
                text += String(repeating: " ", count: spaces) + style(cell.text, cell.tone)
                spaces = 0
            }
            spaces += width - cell.text.count + Self.gap
        }
        guard row.count == widths.count, let last = row.last, !last.text.isEmpty else { return [text] }
        text += String(repeating: " ", count: spaces)
        guard let rest else { return [text + style(last.text, last.tone)] }
        if overflow == .isCut { return [text + style(Paragraph.cut(last.text, to: rest), last.tone)] }
        let parts = Paragraph.lines(last.text, width: rest)
        let margin = String(repeating: " ", count: start)
        return parts.enumerated().map { ($0 == 0 ? text : margin) + style($1, last.tone) }
    }
}
