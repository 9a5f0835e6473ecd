import KubernetesModel
import Testing

@Suite("Base64")
struct Base64BytesTests {
    @Test(
        "RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func examples(plain: String, encoded: String) {
        #expect(Base64Bytes(Array(plain.utf8)).text == encoded)
        #expect(Base64Bytes(text: encoded)?.bytes == Array(plain.utf8))
    }

    @Test("All bytes survive")
    func roundTrip() {
        for count in 250...260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            #expect(Base64Bytes(text: Base64Bytes(bytes).text)?.bytes == bytes)
        }
    }

    @Test("Anything else is refused", arguments: ["Zg", "Zg=", "Z", "Zg==Zg==", "Zm9v=", "Zm-v", "====", "Zm 9v"])
    func refuse(text: String) {
        #expect(Base64Bytes(text: text) == nil)
    }

    @Test("Line breaks are passed over")
    func lines() {
        #expect(Base64Bytes(text: "Zm9v\nYmFy\r\n")?.bytes == Array("foobar".utf8))
    }
}
