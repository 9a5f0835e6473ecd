package import KubernetesModel
import XDB

/// Amounts in the few characters that people read at a glance.
package enum Phrase {
    /// A time that has passed, by one unit: `95s`, `12m`, `30h`, `3d`.
    package static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        return switch seconds {
        case ..<120: "\(seconds)s"
        case ..<7200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86400)d"
        }
    }

    /// The time since a moment; nothing where that is not known.
    package static func age(since moment: Time?, _ now: Time) -> String {
        moment.map { age(now.since($0)) } ?? ""
    }

    /// Seconds that are left: `11 s`, `4 min 10 s`, `2 h 5 min`.
    package static func remainder(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3600: seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        }
    }

    /// Milliseconds as they are, or as seconds from ten seconds on.
    package static func milliseconds(_ milliseconds: Int) -> String {
        milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// Names in a sentence: `a`, `a and b`, `a, b and c`.
    package static func list(_ names: [String], _ word: String = "and") -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return "\(names.dropLast().joined(separator: ", ")) \(word) \(last)"
    }

    /// A number with its noun: `1 member`, `3 members`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// A bar for work that has come so far.
package enum ProgressBar {
    /// `[######..............]`; nothing is hidden by rounding up to the end.
    package static func text(percent: Int, width: Int = 20) -> String {
        let filled = min(width, max(0, percent * width / 100))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
    }
}
