import Foundation
import Testing

@testable import Planning

struct ReasonTests {
    /// Whoever sees a reason at night finds it in the documentation.
    @Test func everyReasonAndConditionIsDocumented() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/api.md")
        let text = try String(decoding: Data(contentsOf: file.standardizedFileURL), as: UTF8.self)
        let table = try #require(text.range(of: "| Reason (Warning) |"))
        let (calm, warnings) = (text[..<table.lowerBound], text[table.lowerBound...])
        for reason in Reason.allCases {
            #expect((reason.isWarning ? warnings : calm).contains("`\(reason.rawValue)`"), "\(reason)")
        }
        for type in ConditionType.allCases {
            #expect(text.contains("| `\(type.rawValue)` |"), "\(type)")
        }
    }
}
