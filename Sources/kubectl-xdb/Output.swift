import Console
import FoundationEssentials
import Glibc

/// What the program writes, and where to.
enum Output {
    /// Writes to standard output at once.
    static func write(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    /// Writes to standard error: what is no result.
    static func note(_ text: String) { write(Array((Paragraph.plain(text) + "\n").utf8), to: STDERR_FILENO) }

    /// Says what went wrong.
    static func complain(_ message: String) {
        let style = Terminal.style(STDERR_FILENO)
        note("\(style("error:", .bad)) \(message)")
    }

    /// Nobody may be reading any more; then there is nobody to be told.
    static func write(_ bytes: [UInt8], to descriptor: Int32) { _ = writeAll(bytes, to: descriptor) }

    /// Writes to a file; a complaint when it cannot have all of it.
    static func save(_ bytes: [UInt8], to descriptor: Int32, _ file: String) throws {
        let code = writeAll(bytes, to: descriptor)
        guard code == 0 else { throw Complaint("\(file) cannot be written: \(String(cString: strerror(code)))") }
    }

    /// 0, or the number of the error.
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}

/// The terminal, where there is one.
enum Terminal {
    /// Colours are for people who have not asked to be spared (https://no-color.org).
    static func style(_ descriptor: Int32 = STDOUT_FILENO) -> Style {
        let environment = ProcessInfo.processInfo.environment
        let isSpared = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        return Style(isColoured: isTerminal(descriptor) && !isSpared)
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The number of characters in a line; nil where there is no terminal.
    static func width(_ descriptor: Int32 = STDOUT_FILENO) -> Int? {
        var size = winsize()
        guard isTerminal(descriptor), ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }
}

/// A text that is shown again and again: in place on a terminal, and elsewhere whenever it has changed.
struct LiveScreen {
    private var last = ""

    /// Shows what it is now.
    ///
    /// - Parameter stable: What a change is told by where there is no terminal: without ages, which change all the time.
    mutating func show(_ text: String, stable: String) {
        if Terminal.isTerminal(STDOUT_FILENO) {
            // Home, then every line to its end, then what is below: nothing flickers.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            Output.write("\u{1B}[H" + lines.joined(separator: "\u{1B}[K\n") + "\u{1B}[J")
        } else if stable != last {
            Output.write((last.isEmpty ? "" : "---\n") + text)
        }
        last = stable
    }

    /// Makes room for it.
    static func begin() {
        if Terminal.isTerminal(STDOUT_FILENO) { Output.write("\u{1B}[2J") }
    }
}

/// A line that is written again and again while something is waited for; a line for each stage where there is no terminal.
struct LiveLine {
    private var stage = ""

    mutating func show(_ text: String, stage now: String) {
        if Terminal.isTerminal(STDERR_FILENO) {
            let width = Terminal.width(STDERR_FILENO) ?? 80
            Output.write(Array("\r\(Paragraph.cut(text, to: width - 1))\u{1B}[K".utf8), to: STDERR_FILENO)
        } else if now != stage {
            Output.note(text)
        }
        stage = now
    }

    /// Leaves the terminal's line empty.
    func end() {
        if Terminal.isTerminal(STDERR_FILENO) { Output.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO) }
    }
}
