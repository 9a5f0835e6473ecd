/// How a piece of text is set off on a terminal.
package enum Tone: Hashable, Sendable {
    case plain, strong, faint, good, warning, bad

    /// The parameters of the escape sequence; nil for none.
    fileprivate var codes: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        }
    }
}

/// Whether there are colours.
///
/// They never say what the words do not say.
package struct Style: Hashable, Sendable {
    package var isColoured: Bool

    /// Without colours, unless told otherwise.
    package init(isColoured: Bool = false) {
        self.isColoured = isColoured
    }

    /// The text in a tone.
    package func callAsFunction(_ text: String, _ tone: Tone) -> String {
        let text = Paragraph.plain(text)
        guard isColoured, let codes = tone.codes, !text.isEmpty else { return text }
        return "\u{1B}[\(codes)m\(text)\u{1B}[0m"
    }
}

/// A piece of text with its tone: what a table and a line are made of.
package struct Cell: Hashable, Sendable, ExpressibleByStringInterpolation {
    package var text: String
    package var tone: Tone

    package init(_ text: String, _ tone: Tone = .plain) {
        self.text = text
        self.tone = tone
    }

    package init(stringLiteral text: String) { self.init(text) }
}
