import Foundation
import KubernetesModel
import Testing
import XDB

struct DefinitionTests {
    static let definitions: [(plural: String, definition: JSONValue)] = [
        (XDBGroup.resource.plural, XDBGroup.customResourceDefinition),
        (XDBOperation.resource.plural, XDBOperation.customResourceDefinition),
    ]

    /// With `XDB_UPDATE_MANIFESTS=1` in the environment the test writes the files instead.
    @Test(arguments: definitions)
    func theFileInTheRepositoryIsUpToDate(_ plural: String, _ definition: JSONValue) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../manifests/crds/xdb-operator.github.io_\(plural).yaml").standardizedFileURL
        let text = ManifestYAML.text(definition)
        if ProcessInfo.processInfo.environment["XDB_UPDATE_MANIFESTS"] == "1" {
            try Data(text.utf8).write(to: file)
        }
        let present = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        #expect(present == text, "run the tests with XDB_UPDATE_MANIFESTS=1, or xdb-operator crds --kind \(plural)")
    }

    /// Every field that a person can set or read has words in `kubectl explain`.
    @Test(arguments: definitions)
    func everyFieldIsDescribed(_ plural: String, _ definition: JSONValue) throws {
        let schema = try #require(definition[path: "spec", "versions"]?[0]?[path: "schema", "openAPIV3Schema"])
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
