import ArgumentParser
import Foundation
import Testing

@testable import kubectl_xdb

/// A command of the plugin as it stands in the documents.
struct DocumentedCommand: Sendable, CustomTestStringConvertible {
    /// The file and the line.
    var place: String
    /// What follows `kubectl xdb`.
    var words: [String]

    var testDescription: String { "\(place): \(words.joined(separator: " "))" }

    /// A command that is only named, as `kubectl xdb rebuild` is in a sentence.
    var isName: Bool { words.count == 1 }

    /// All of them.
    static let all: [DocumentedCommand] = Documents.files.flatMap { found(in: $0) }

    /// Those of one document: the lines of its examples, what stands in backticks, and the tables of the plugin's page.
    private static func found(in file: String) -> [DocumentedCommand] {
        var commands: [DocumentedCommand] = []
        var isExample = false
        for (index, line) in Documents.lines(of: file).enumerated() {
            if line.hasPrefix("```") {
                isExample.toggle()
                continue
            }
            var texts: [Substring] = []
            if isExample {
                let typed = line.hasPrefix("$ ") ? line.dropFirst(2) : line[...]
                texts = [typed].filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
            } else {
                let spans = Documents.spans(line)
                texts = spans.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
                if file == "docs/kubectl-xdb.md", line.hasPrefix("| `") {
                    let row = Documents.spans(Documents.cells(of: line)[0])
                    texts += row.filter { span in
                        KubectlXDB.commandNames.contains { span == $0 || span.hasPrefix("\($0) ") }
                    }
                }
            }
            commands += texts.map { DocumentedCommand(place: "\(file):\(index + 1)", words: words($0)) }
        }
        return commands
    }

    private static let prefix = "kubectl xdb "

    /// The words as a shell would have them: without a comment and quotes; of what may be left out, all, and of choices the first.
    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            switch (character, quote) {
            case (let end, let open?) where end == open: quote = nil
            case (_, _?): word = (word ?? "") + String(character)
            case ("'", nil), ("\"", nil):
                quote = character
                word = word ?? ""
            case (" ", nil):
                if let word { words.append(word) }
                word = nil
            case ("#", nil) where word == nil: return words
            case ("[", nil), ("]", nil): break
            default: word = (word ?? "") + String(character)
            }
        }
        return (words + [word].compactMap(\.self)).map { word in
            word.range(of: "\\|").map { String(word[..<$0.lowerBound]) } ?? word
        }
    }
}

/// The documents of this checkout.
enum Documents {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Those that speak of the plugin.
    static let files: [String] = {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("docs").path)) ?? []
        return ["README.md", "CONTRIBUTING.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    static func text(of file: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)) ?? ""
    }

    static func lines(of file: String) -> [String] { text(of: file).components(separatedBy: "\n") }

    /// What stands in backticks.
    static func spans(_ text: String) -> [Substring] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map(\.element)
    }

    /// The cells of a row of a table.
    static func cells(of row: String) -> [String] {
        let inner = row.trimmingCharacters(in: CharacterSet(charactersIn: "| "))
        return inner.components(separatedBy: " | ")
    }
}
