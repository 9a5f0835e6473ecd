import Foundation
import KubernetesModel
import Testing
import XDB

struct XDBGroupDefinitionTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../manifests/crds/xdb-operator.github.io_xdbgroups.yaml").standardizedFileURL

    /// With `XDB_UPDATE_MANIFESTS=1` in the environment the test writes the file instead.
    @Test func theFileInTheRepositoryIsUpToDate() throws {
        let text = ManifestYAML.text(XDBGroup.customResourceDefinition)
        if ProcessInfo.processInfo.environment["XDB_UPDATE_MANIFESTS"] == "1" {
            try Data(text.utf8).write(to: Self.file)
        }
        let present = try String(decoding: Data(contentsOf: Self.file), as: UTF8.self)
        #expect(present == text, "run the tests with XDB_UPDATE_MANIFESTS=1, or xdb-operator crds > \(Self.file.path)")
    }

    /// Every field that a person can set or read has words in `kubectl explain`.
    @Test func everyFieldIsDescribed() throws {
        let schema = try #require(
            XDBGroup.customResourceDefinition[path: "spec", "versions"]?[0]?[path: "schema", "openAPIV3Schema"]
        )
        func check(_ schema: JSONValue, _ path: String) {
            for (name, property) in schema["properties"]?.objectValue ?? [:] where path + name != "metadata" {
                let description = property["description"]?.stringValue ?? ""
                #expect(description.count > 4 && description.hasSuffix("."), "\(path)\(name)")
                check(property, "\(path)\(name).")
            }
            if let items = schema["items"] { check(items, path) }
            if let values = schema["additionalProperties"] { check(values, path) }
        }
        check(schema, "")
    }
}
