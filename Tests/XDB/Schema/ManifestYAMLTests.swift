import KubernetesModel
import Testing
import XDB

struct ManifestYAMLTests {
    @Test func writesWhatNamesAnObjectFirst() {
        let text = ManifestYAML.text([
            "spec": ["b": [1, "two", ["x": true, "a": []]], "a": [:], "list": [["k", "l"], []]],
            "kind": "Thing", "apiVersion": "v1", "metadata": ["name": "on", "labels": ["a/b": "007"]],
        ])
        #expect(
            text == """
                apiVersion: v1
                kind: Thing
                metadata:
                  name: "on"
                  labels:
                    a/b: "007"
                spec:
                  a: {}
                  b:
                    - 1
                    - two
                    - a: []
                      x: true
                  list:
                    - - k
                      - l
                    - []

                """
        )
    }

    @Test(arguments: ["true", "No", "1", "-", "", "a: b", "a #b", "*x", "{", "multi\nline", "\"q\"", "~", "2025-03-01"])
    func quotesWhatCouldBeTakenForSomethingElse(_ string: String) {
        #expect(ManifestYAML.text(.string(string)) == JSONValue.string(string).description + "\n")
    }
}
