import Foundation
import Testing
import XDB

struct PositionTests {
    @Test(arguments: [
        ("0/0", "1/1"), ("1/1", "1/2"), ("1/9", "1/10"), ("1/100", "2/1"), ("9/1000", "10/2"),
    ])
    func theEpochDecidesBeforeTheSequence(_ lower: String, _ higher: String) throws {
        let lower = try #require(Position(lower))
        let higher = try #require(Position(higher))
        #expect(lower < higher)
        #expect(!(higher < lower))
        #expect(lower != higher)
    }

    @Test(arguments: ["", "1", "1/", "/1", "1/2/3", "-1/2", "4294967296/1", "1/x", "1 /2"])
    func refusesAnythingElse(_ text: String) {
        #expect(Position(text) == nil)
    }

    @Test func isTextInJSON() throws {
        let position = Position(epoch: Epoch(rawValue: 7), sequence: 4711)
        let data = try JSONEncoder().encode([position])
        #expect(try JSONDecoder().decode([Position].self, from: data) == [position])
        #expect(String(decoding: data, as: UTF8.self).contains("4711"))
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Position].self, from: Data(#"["7"]"#.utf8)) }
    }
}
