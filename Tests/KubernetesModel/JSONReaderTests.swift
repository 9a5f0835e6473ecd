import Testing

@testable import KubernetesModel

@Suite("JSON reader")
struct JSONReaderTests {
    @Test(
        "What is JSON is read",
        arguments: [
            ("null", JSONValue.null), ("true", true), (" false ", false), ("0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1.5", 1.5), ("1e3", .number(1000)), ("-0.0", .number(0)), ("9223372036854775808", .number(0x1p63)),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"),
            (#""\u00e4\ud83d\ude00""#, "ä😀"), (#""ä😀""#, "ä😀"), ("[]", []), ("[ 1 , [ ] ]", [1, []]),
            ("{}", [:]), (#"{"a":{"b":[1,"x",null]},"c":true}"#, ["a": ["b": [1, "x", nil]], "c": true]),
        ] as [(String, JSONValue)]
    )
    func valid(text: String, value: JSONValue) throws {
        #expect(try JSONValue(json: text) == value)
        try JSONReader.read(Array(text.utf8)) { (reader: inout JSONReader) throws(JSONError) in try reader.skipValue() }
    }

    @Test(
        "What is not JSON is refused, by reading and by skipping",
        arguments: [
            "", " ", "nul", "nulll", "tru", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN",
            "\"", "\"abc", #""\x""#, "\"\u{1}\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":",
            "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{1:2}", "{\"a\" 1}", "{,}", "[}", "{]", "1 2", "{} {}", "'a'",
        ]
    )
    func invalid(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(json: text) }
        // Escapes are not looked at in strings that nobody wants.
        if text.contains("\\") { return }
        #expect(throws: JSONError.self) {
            try JSONReader.read(Array(text.utf8)) { (reader: inout JSONReader) throws(JSONError) in
                try reader.skipValue()
            }
        }
    }

    @Test(
        "Broken text is refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], Array(#""\ud83d""#.utf8),
            Array(#""\ude00""#.utf8), Array(#""\ud83d\u0041""#.utf8), Array(#""\u12""#.utf8), Array(#""\u12G4""#.utf8),
        ] as [[UInt8]]
    )
    func brokenText(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(json: bytes) }
    }

    @Test("Numbers out of range are refused")
    func range() {
        #expect(throws: JSONError.self) { try JSONValue(json: "1e400") }
        #expect(throws: JSONError.self) { try Int32(json: "2147483648") }
        #expect(throws: JSONError.self) { try UInt16(json: "-1") }
        #expect(throws: JSONError.self) { try Int(json: "1.0") }
        #expect(throws: Never.self) { try Int64(json: "-9223372036854775808") }
    }

    @Test("Depth is bounded")
    func depth() throws {
        let deepest = JSONReader.maximumDepth
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(json: nested(deepest))
        let error = #expect(throws: JSONError.self) { try JSONValue(json: nested(deepest + 1)) }
        #expect(error?.reason == .tooDeep)
        #expect(throws: JSONError.self) { try JSONValue(json: String(repeating: "[", count: 10_000_000)) }
        #expect(throws: JSONError.self) {
            try JSONReader.read(Array(String(repeating: "{\"a\":", count: 100_000).utf8)) {
                (reader: inout JSONReader) throws(JSONError) in try reader.skipValue()
            }
        }
    }

    @Test("An error names its place")
    func place() {
        let text = #"{"status": {"conditions": [{"type": "A", "status": "True"}, {"type": 7}]}}"#
        let error = #expect(throws: JSONError.self) { try Deployment(json: text) }
        #expect(error?.path == "status.conditions[1].type")
        #expect(error?.message == "expected a string, found a number")
        #expect(error?.reason == .mismatch)
    }

    @Test("Keys are matched, escaped or not")
    func keys() throws {
        let text = #"{"plain": 1, "esc\u0061ped": 2, "schlüssel": 3, "other": 4}"#
        var found: [Int] = []
        var rest: [String] = []
        try JSONReader.read(Array(text.utf8)) { (reader: inout JSONReader) throws(JSONError) in
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "plain", "escaped", "schlüssel": found.append(try reader.read())
                default:
                    rest.append(key.string)
                    try reader.skipValue()
                }
            }
        }
        #expect(found == [1, 2, 3])
        #expect(rest == ["other"])
    }

    @Test("A value can be read after what follows it")
    func mark() throws {
        let text = #"{"object": {"x": [1, 2]}, "type": "late"}"#
        let (type, object) = try JSONReader.read(Array(text.utf8)) {
            (reader: inout JSONReader) throws(JSONError) -> (String, JSONValue) in
            var mark: JSONReader.Mark?
            var type = ""
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "type": type = try reader.read()
                default:
                    mark = reader.mark
                    try reader.skipValue()
                }
            }
            let end = reader.mark
            guard let mark else { return (type, nil) }
            reader.reset(to: mark)
            let object = try reader.readValue()
            reader.reset(to: end)
            return (type, object)
        }
        #expect(type == "late")
        #expect(object == ["x": [1, 2]])
    }

    @Test("Hostile bytes end in an error or in a value, never in a crash", arguments: 0..<20)
    func fuzz(seed: UInt64) {
        var random = Random(state: seed)
        let samples = [Samples.pod, Samples.lease, #"{"a":[1,-2.5e3,"ä\n\u00e4",null,true,{"b":{}}]}"#].map {
            Array($0.utf8)
        }
        for _ in 0..<1500 {
            var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
            for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at...)
                case 2: bytes.remove(at: at)
                case 3: bytes.insert(contentsOf: #"[]{}",:\0-"#.utf8.shuffled(using: &random).prefix(2), at: at)
                default: bytes.insert(contentsOf: bytes[at...].prefix(40), at: at)
                }
            }
            _ = try? Pod(json: bytes)
            _ = try? ObjectList<Pod>(json: bytes)
            _ = try? APIStatus(json: bytes)
            guard let value = try? JSONValue(json: bytes) else { continue }
            // What was read is written, and read again as the same.
            #expect((try? JSONValue(json: value.json)) == value)
        }
    }

    @Test("Random bytes too", arguments: 0..<10)
    func noise(seed: UInt64) {
        var random = Random(state: seed)
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<64, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? JSONValue(json: bytes)
            _ = try? Pod(json: bytes)
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
