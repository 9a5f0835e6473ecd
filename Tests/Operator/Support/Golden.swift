import Foundation
import KubernetesModel
import Testing

/// Compares a body with the file of this name in `Golden`.
///
/// With XDB_UPDATE_GOLDEN set the file is written instead; the difference is then read by a person in the commit.
func expectGolden(_ value: JSONValue, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appendingPathComponent("Golden/\(name).json")
    let text = pretty(value) + "\n"
    if ProcessInfo.processInfo.environment["XDB_UPDATE_GOLDEN"] != nil {
        try Data(text.utf8).write(to: file)
        return
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(text == expected, "Golden/\(name).json differs", sourceLocation: sourceLocation)
}

/// Indented JSON with sorted keys; short leaves stay on a line.
private func pretty(_ value: JSONValue, indentation: String = "") -> String {
    let inner = indentation + "  "
    let compact = value.description
    if compact.utf8.count + indentation.utf8.count <= 100 { return compact }
    switch value {
    case .array(let elements):
        return "[\n" + elements.map { inner + pretty($0, indentation: inner) }.joined(separator: ",\n")
            + "\n\(indentation)]"
    case .object(let fields):
        return "{\n"
            + fields.sorted { $0.key < $1.key }
            .map { "\(inner)\(JSONValue.string($0.key)): \(pretty($0.value, indentation: inner))" }
            .joined(separator: ",\n") + "\n\(indentation)}"
    default:
        return compact
    }
}
