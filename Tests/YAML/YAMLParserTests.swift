import KubernetesModel
import Testing
import YAML

@Suite("YAML parser")
struct YAMLParserTests {
    @Test(
        "Scalars have the types of the core schema",
        arguments: [
            ("null", nil), ("~", nil), ("", nil), ("true", true), ("False", false), ("yes", "yes"), ("12", 12),
            ("-7", -7), ("+7", 7),
            ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", .number(1000)), ("'12'", "12"), ("\"a\\nb\"", "a\nb"),
            ("1.2.3", "1.2.3"),
            ("10.0.0.1", "10.0.0.1"), ("!!str 12", "12"), ("2025-03-01", "2025-03-01"), ("-", [nil]),
            ("1e400", "1e400"),
        ] as [(String, JSONValue)]
    )
    func scalars(text: String, value: JSONValue) throws {
        #expect(try YAML.document("a: \(text == "-" ? "\n- " : text)").json["a"] == value)
    }

    @Test("A file of several documents, with comments, anchors and block text")
    func documents() throws {
        let text = """
            # first
            a: &x
              list: [1, {b: c}]
            b: *x
            ---
            text: |
              one
              two
            """
        let documents = try YAML.documents(text)
        #expect(documents.count == 2)
        #expect(documents[0].json == ["a": ["list": [1, ["b": "c"]]], "b": ["list": [1, ["b": "c"]]]])
        #expect(documents[1].json == ["text": "one\ntwo"])
        #expect(documents[0]["b"]?["list"]?.line == 3)
    }

    @Test(
        "A mistake has its line",
        arguments: [
            ("a: [1, 2\nb: 3", 2), ("a: 1\na: 2", 2), ("a: b: c", 1), ("x:\n  - 1\n *y", 3), ("a: *none", 1),
            ("? [1]\n: 2", 1),
            ("a: !!binary aGk=", 1), ("\tx: 1", 1), ("a: !!int x", 1),
        ]
    )
    func mistakes(text: String, line: Int) {
        let error = #expect(throws: YAMLError.self) { try YAML.documents(text) }
        #expect(error?.line == line)
    }

    @Test("A small text cannot grow without end")
    func laughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let list = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(list)]\n"
        }
        let copy = text
        #expect(throws: YAMLError.self) { try YAML.documents(copy) }
        #expect(throws: YAMLError.self) { try YAML.documents(String(repeating: "[", count: 5000)) }
        #expect(throws: YAMLError.self) { try YAML.document("") }
    }

    @Test("Hostile bytes end in an error or in documents", arguments: 0..<10)
    func fuzz(seed: Int) {
        var state = UInt64(seed)
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let sample = Array("a: &x\n  - 'b': \"c\\n\"\n    d: |\n      e\n  - {f: [1, ~]}\ng: *x\n".utf8)
        for _ in 0..<500 {
            var bytes = sample
            for _ in 0...next(5) { bytes[next(bytes.count)] = UInt8(next(256)) }
            if next(3) == 0 { bytes.removeLast(next(bytes.count)) }
            _ = try? YAML.documents(bytes)
        }
    }
}
