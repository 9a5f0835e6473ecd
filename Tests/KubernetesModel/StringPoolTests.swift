import Testing

@testable import KubernetesModel

@Suite("Pool of strings")
struct StringPoolTests {
    @Test("What is read is the same with a pool and without one, however often strings come and go")
    func values() throws {
        let pool = StringPool()
        for number in 0..<5000 {
            let text = #"{"a-key-that-is-long-\#(number % 700)":"value \#(number % 900) of some length","s":"short"}"#
            let shared = try JSONReader.read(Array(text.utf8), as: [String: String].self, sharing: pool)
            #expect(shared == (try [String: String](json: text)))
        }
    }

    @Test(
        "Plain, escaped and Unicode strings end where they end, wherever that is in a word",
        arguments: ["", "é", "\\n", "\\u00e9", "\\\"", "\u{7f}"]
    )
    func strings(special: String) throws {
        for before in 0..<20 {
            for after in 0..<20 {
                let (head, tail) = (String(repeating: "x", count: before), String(repeating: "y", count: after))
                let read = try JSONReader.read(Array("[\"\(head)\(special)\(tail)\",1]".utf8)) {
                    (reader: inout JSONReader) throws(JSONError) -> String in
                    try reader.beginArray()
                    _ = try reader.nextElement()
                    let text = try reader.readString()
                    _ = try reader.nextElement()
                    try reader.skipValue()
                    _ = try reader.nextElement()
                    return text
                }
                let meant = ["\\n": "\n", "\\u00e9": "é", "\\\"": "\""][special] ?? special
                #expect(read == head + meant + tail)
            }
        }
    }

    @Test("A control character is found at every place", arguments: [0, 1, 0x1F] as [UInt8])
    func control(byte: UInt8) {
        for before in 0..<20 {
            var bytes = Array("\"\(String(repeating: "x", count: before))".utf8)
            bytes += [byte] + Array("tail of it\"".utf8)
            #expect(throws: JSONError.self) { try JSONReader.read(bytes, as: String.self) }
        }
    }
}
