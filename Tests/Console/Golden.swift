import Foundation
import KubernetesModel
import Testing
import XDB
import YAML

@testable import Console

/// Whole screens, compared with `Golden/NAME.SCREEN.txt`.
///
/// What they are made from is in `Golden/NAME.yaml`: statuses of a real group, of a moment in which just this went on.
/// With XDB_UPDATE_GOLDEN set the screens are written instead; the difference is then read by a person in the commit.
enum Golden {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    static func expect(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["XDB_UPDATE_GOLDEN"] != nil {
            return try Data(text.utf8).write(to: file)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "Golden/\(name) differs", sourceLocation: sourceLocation)
    }

    /// The screens about a group.
    static func expectScreens(of name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let scene = try scene(name)
        let screens = [
            ("status", GroupScreen.text(scene, Style(), width: 110)),
            ("explain", GroupExplanation.text(scene, Style(), width: 110)),
        ]
        for (command, text) in screens { try expect(text, "\(name).\(command).txt", sourceLocation: sourceLocation) }
    }

    /// What a program is told, as `Golden/NAME.explain.json`.
    static func expectDocument(of name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let text = Document.text(ExplanationDocument.json(try scene(name)), .json)
        try expect(text, "\(name).explain.json", sourceLocation: sourceLocation)
    }

    static func scene(_ name: String) throws -> GroupScene {
        let text = try String(contentsOf: folder.appendingPathComponent("\(name).yaml"), encoding: .utf8)
        let documents = try YAML.documents(text).map(\.json)
        let setting = try #require(documents.first)
        let nodes = (setting["nodes"]?.objectValue ?? [:]).map { name, state in
            Samples.node(name, zone: name < "node3" ? "a" : "b", ready: state == "Ready")
        }
        return GroupScene(
            group: try #require(documents.dropFirst().first).decoded(),
            operations: OperationTable.sorted(try documents.dropFirst(2).map { try $0.decoded() }),
            nodes: nodes,
            operatorState: OperatorState(failoverMode: .automatic),
            now: try #require(setting["now"]?.stringValue.flatMap { Time($0) })
        )
    }
}

extension String {
    /// With single spaces: where lines are broken does not matter.
    var singleSpaced: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
