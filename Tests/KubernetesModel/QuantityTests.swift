import KubernetesModel
import Testing

@Suite("Quantity")
struct QuantityTests {
    @Test(
        "Amounts are read and rounded up",
        arguments: [
            ("0", 0), ("1", 1), ("100Mi", 104_857_600), ("1Gi", 1 << 30), ("1.5Gi", 1_610_612_736), ("1k", 1000),
            ("1e3", 1000),
            ("1E3", 1000), ("1500m", 2), ("100m", 1), ("-1500m", -1), ("1E", 1_000_000_000_000_000_000),
            ("7Ei", 7 << 60), ("+5", 5),
            (".5", 1), ("5.", 5), ("1n", 1), ("0.5Ki", 512),
        ] as [(String, Int64)]
    )
    func parse(text: String, value: Int64) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.value == value)
        #expect(quantity.description == text)
    }

    @Test(
        "Anything else is not",
        arguments: [
            "", "Mi", "1 Mi", "1mi", "1KB", "1.2.3", "--1", "e3", "1e", "1e99", "99999999999999999999999999999", "0x10",
        ]
    )
    func refuse(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test("Equal amounts are equal, however they are written")
    func equality() {
        #expect(Quantity("1Gi") == Quantity("1024Mi"))
        #expect(Quantity("1")?.hashValue == Quantity("1000m")?.hashValue)
        #expect(Quantity(5) == Quantity("5"))
    }

    @Test("JSON has strings and numbers")
    func json() throws {
        #expect(try Quantity(json: #""2Gi""#).value == 2 << 30)
        #expect(try Quantity(json: "7").value == 7)
        #expect(throws: JSONError.self) { try Quantity(json: "true") }
        #expect(String(decoding: Quantity(5).json, as: UTF8.self) == #""5""#)
    }
}
