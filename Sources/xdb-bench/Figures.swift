import ArgumentParser
import Foundation

/// The values that several rounds gave for one thing.
struct Samples {
    private(set) var values: [Double] = []

    mutating func add(_ value: Double) {
        values.append(value)
    }

    var minimum: Double { values.min() ?? .nan }
    var maximum: Double { values.max() ?? .nan }

    /// The middle value, or the mean of the two in the middle.
    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

extension Samples {
    /// The smallest value that so many per cent of the values do not exceed (nearest rank).
    func percentile(_ percent: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, max(0, Int((percent / 100 * Double(sorted.count)).rounded(.up)) - 1))]
    }
}

/// What a bench measured: a table for a person is printed by the bench; this is the form for programs.
///
/// Each figure becomes one JSON object on a line of its own, for example
/// `{"figure":"write.oltp_insert.c8.group.tps","unit":"1/s","value":3419}`.
struct Figures {
    private var lines: [String] = []

    mutating func add(_ name: String, _ value: Double, unit: String) throws {
        let object: [String: Any] = ["figure": name, "value": (value * 1000).rounded() / 1000, "unit": unit]
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        lines.append(String(decoding: data, as: UTF8.self))
    }

    /// Writes the figures to a file, replacing it; does nothing without one.
    func write(to path: String?) throws {
        guard let path else { return }
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// A table of text: the first column is flushed left, the others right.
struct TextTable {
    private var rows: [[String]]

    init(_ header: [String]) {
        rows = [header]
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    func render() -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + padding : padding + text
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// Where figures go, of every bench.
struct FiguresOption: ParsableArguments {
    @Option(name: .customLong("json"), help: "Writes the figures to this file, an object per line.")
    var jsonFile: String?
}
