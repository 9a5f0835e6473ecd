import Foundation
import Testing
import XDB

struct GTIDTests {
    @Test func readsAndWritesMariaDBsNotation() throws {
        let gtid = try #require(GTID("0-113-4711"))
        #expect(gtid.serverID.epoch == Epoch(rawValue: 7))
        #expect(gtid.serverID.ordinal == 1)
        #expect(gtid.position == Position(epoch: Epoch(rawValue: 7), sequence: 4711))
        #expect(gtid.description == "0-113-4711")
    }

    @Test(arguments: [
        "", "0", "0-1", "0-1-2-3", "0--2", "-1-1", "0-1-", "a-1-2", "0-4294967296-1", "0-1-2,0-1-3", " 0-1-2",
    ])
    func refusesAnythingElse(_ text: String) {
        #expect(GTID(text) == nil)
    }

    @Test func isTextInJSON() throws {
        let gtid = try #require(GTID("0-18446-18446744073709551615"))
        let data = try JSONEncoder().encode([gtid])
        #expect(String(decoding: data, as: UTF8.self) == #"["0-18446-18446744073709551615"]"#)
        #expect(try JSONDecoder().decode([GTID].self, from: data) == [gtid])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([GTID].self, from: Data(#"["1"]"#.utf8)) }
    }
}
