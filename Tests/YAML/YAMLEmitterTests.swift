import KubernetesModel
import Testing
import YAML

@Suite("YAML emitter")
struct YAMLEmitterTests {
    @Test("Files look as a person would write them")
    func style() {
        let value: JSONValue = [
            "spec": ["b": [["name": "x", "a": true]], "a": "1", "text": "one\ntwo\n", "empty": [:], "none": []],
            "metadata": ["name": "orders"], "kind": "XDBGroup", "apiVersion": "v1",
        ]
        #expect(
            YAML.text(value) == """
                apiVersion: v1
                kind: XDBGroup
                metadata:
                  name: orders
                spec:
                  a: "1"
                  b:
                  - name: x
                    a: true
                  empty: {}
                  none: []
                  text: |
                    one
                    two

                """
        )
        #expect(YAML.text(documents: [["a": 1], ["b": 2]]) == "---\na: 1\n---\nb: 2\n")
    }

    @Test(
        "Every string is read back as the same string",
        arguments: [
            "", " ", "a", "yes", "No", "on", "null", "~", "true", "1", "-1", "1.5", "0x1", "0o7", "010", "1_000",
            "12:30:00", "2025-03-01",
            "1e3", ".5", "-", "- a", "a: b", "a:", "a #b", "#a", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a",
            "'a'", "\"a\"", "a\nb",
            "\na", " a\nb", "a\n", "a\n\n", "a\r\nb", "tab\tx", "ä😀", "<<", "=", "|", ">", "?", "10.0.0.1", "v1",
            "a\\b", "\u{7f}", "\u{85}",
        ]
    )
    func strings(text: String) throws {
        let value: JSONValue = ["v": .string(text), "l": [.string(text)], "k": .object([text: 1])]
        #expect(try YAML.document(YAML.text(value)).json == value)
    }

    @Test("Trees survive")
    func trees() throws {
        let value: JSONValue = [
            "a": [1, -2.5, true, nil, "x", [[], [:], [["y": ["z": [1]]]]]],
            "long": .string(String(repeating: "word ", count: 60)),
        ]
        #expect(try YAML.document(YAML.text(value)).json == value)
    }
}
