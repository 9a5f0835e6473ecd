import ArgumentParser
import Foundation
import KubernetesModel
import Testing

@testable import kubectl_xdb

/// The documents, held against the plugin's own parser and the tests on the cluster.
@Suite struct DocumentationTests {
    @Test(arguments: DocumentedCommand.all)
    func whatIsDocumentedCanBeTyped(_ command: DocumentedCommand) {
        if command.isName {
            #expect(KubectlXDB.commandNames.contains(command.words[0]))
        } else {
            #expect(throws: Never.self) { try KubectlXDB.parseAsRoot(command.words) }
        }
    }

    /// The documents are found, and the examples in them.
    @Test func everyCommandIsShown() {
        for name in KubectlXDB.commandNames where name != "version" {
            #expect(DocumentedCommand.all.contains { $0.words[0] == name }, "\(name) is in no document")
        }
    }

    @Test(arguments: PluginCommand.all)
    func everyCommandAndOptionIsInTheTableOfTests(_ command: PluginCommand) throws {
        let rows = Self.rows
        let row = try #require(rows[command.name], "docs/testing.md has no row for \(command.name)")
        let common = rows["all that have them"]?.options ?? []
        let missing = command.options.filter { !row.options.contains($0) && !common.contains($0) }
        #expect(missing.isEmpty, "docs/testing.md: \(command.name) lacks \(missing)")
        let unknown = row.options.filter { !command.options.contains($0) }
        #expect(unknown.isEmpty, "docs/testing.md: \(command.name) has no \(unknown)")
    }

    /// A test that is named is there.
    @Test func theTestsInTheTableExist() throws {
        let folder = Documents.root.appendingPathComponent("Tests/Cluster")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        let sources = files.map { Documents.text(of: "Tests/Cluster/\($0)") }
        for (command, row) in Self.rows {
            #expect(!row.tests.isEmpty, "\(command) has no test")
            for test in row.tests {
                let parts = test.split(separator: ".")
                let isThere = sources.contains { source in
                    parts.count == 2 && source.contains("struct \(parts[0]) {")
                        && source.contains("func \(parts[1])(")
                }
                #expect(isThere, "docs/testing.md: there is no test \(test), named for \(command)")
            }
        }
    }

    /// The rows of the table of the plugin's commands, by the command.
    private static let rows: [String: (options: [String], tests: [String])] = {
        var rows: [String: (options: [String], tests: [String])] = [:]
        let lines = Documents.lines(of: "docs/testing.md").drop { $0 != "## The plugin on the cluster" }.dropFirst()
        for line in lines.prefix(while: { !$0.hasPrefix("## ") }) where line.hasPrefix("| ") {
            let cells = Documents.cells(of: line)
            guard cells.count == 3, cells[0] != "Command" else { continue }
            let names = cells[0].contains("`") ? Documents.spans(cells[0]).map(String.init) : [cells[0]]
            for name in names {
                rows[name] = (Documents.spans(cells[1]).map(String.init), Documents.spans(cells[2]).map(String.init))
            }
        }
        return rows
    }()
}

/// A command, as the parser knows it.
struct PluginCommand: Sendable, CustomTestStringConvertible {
    var name: String
    /// The long names of its options and flags, with their dashes.
    var options: [String]

    var testDescription: String { name }

    static let all: [PluginCommand] = {
        let tool = (try? JSONValue(json: KubectlXDB._dumpHelp())) ?? .null
        return (tool[path: "command", "subcommands"]?.arrayValue ?? []).compactMap { command in
            guard let name = command["commandName"]?.stringValue, name != "help" else { return nil }
            let named = (command["arguments"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue != "positional" }
            let options = named.compactMap { option in
                option["names"]?.arrayValue?.first { $0["kind"]?.stringValue == "long" }?["name"]?.stringValue
            }
            return PluginCommand(
                name: name,
                options: options.filter { $0 != "help" && $0 != "version" }.map { "--\($0)" }
            )
        }
    }()
}
