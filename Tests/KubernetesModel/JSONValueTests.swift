import KubernetesModel
import Testing

@Suite("JSON values")
struct JSONValueTests {
    @Test("Literals are written with sorted keys")
    func literals() {
        let name = "orders"
        let value: JSONValue = [
            "metadata": ["name": .string(name), "labels": JSONValue(["b": "2", "a": "1"])],
            "spec": ["replicas": 3, "ratio": 0.5, "on": true, "none": nil, "list": [1, "two", "\(name)-0"]],
        ]
        #expect(
            value.description
                == #"{"metadata":{"labels":{"a":"1","b":"2"},"name":"orders"},"#
                + #""spec":{"list":[1,"two","orders-0"],"none":null,"on":true,"ratio":0.5,"replicas":3}}"#
        )
    }

    @Test("Fields are found and set at any depth")
    func paths() {
        var value: JSONValue = ["a": ["b": [1, ["c": "x"]]]]
        #expect(value[path: "a", "b"]?[1]?["c"] == "x")
        #expect(value[path: "a", "z", "b"] == nil)
        #expect(value["a"]?["b"]?[7] == nil)
        value["new"] = ["x": 1]
        value["a"] = nil
        #expect(value == ["new": ["x": 1]])
        var text: JSONValue = "text"
        text["a"] = 1
        #expect(text == ["a": 1])
    }

    @Test(
        "Merge patches follow RFC 7396, appendix A",
        arguments: [
            (["a": "b"], ["a": "c"], ["a": "c"]), (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]),
            (["a": "b"], ["a": nil], [:]), (["a": "b", "b": "c"], ["a": nil], ["b": "c"]),
            (["a": ["b"]], ["a": "c"], ["a": "c"]),
            (["a": "c"], ["a": ["b"]], ["a": ["b"]]),
            (["a": ["b": "c"]], ["a": ["b": "d", "c": nil]], ["a": ["b": "d"]]),
            (["a": [["b": "c"]]], ["a": [1]], ["a": [1]]),
            (["a", "b"], ["c", "d"], ["c", "d"]), (["a": "b"], ["c"], ["c"]), (["a": "foo"], nil, nil),
            (["a": "foo"], "bar", "bar"),
            (["e": nil], ["a": 1], ["e": nil, "a": 1]), ([1, 2], ["a": "b", "c": nil], ["a": "b"]),
            ([:], ["a": ["bb": ["ccc": nil]]], ["a": ["bb": [:]]]),
        ] as [(JSONValue, JSONValue, JSONValue)]
    )
    func merge(original: JSONValue, patch: JSONValue, result: JSONValue) {
        #expect(original.merging(patch) == result)
    }

    @Test("Nulls are dropped where asked")
    func nulls() {
        let value: JSONValue = ["a": nil, "b": ["c": nil, "d": 1], "e": [nil, ["f": nil]]]
        #expect(value.withoutNulls == ["b": ["d": 1], "e": [nil, [:]]])
        #expect(JSONValue(Optional<String>.none) == nil)
        #expect(JSONValue(Optional("x")) == "x")
    }

    @Test("Control characters and other text survive")
    func text() throws {
        let text = String((0..<0x300).compactMap { UnicodeScalar($0).map(Character.init) }) + "😀\u{2028}"
        #expect(try String(json: text.json) == text)
        #expect(try [String: String](json: [text: text].json) == [text: text])
    }

    @Test("Doubles survive")
    func doubles() throws {
        for value in [0, -0.5, 1e300, Double.leastNonzeroMagnitude, 0.1, 1.0 / 3] {
            #expect(try Double(json: value.json) == value)
        }
        #expect(String(decoding: Double.infinity.json, as: UTF8.self) == "null")
    }
}
