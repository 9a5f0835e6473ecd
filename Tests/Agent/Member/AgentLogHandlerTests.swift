import FoundationEssentials
import Logging
import Testing

@testable import Agent

@Suite struct AgentLogHandlerTests {
    static let date = Date(timeIntervalSince1970: 1_763_694_000.25)

    @Test func json() throws {
        let line = AgentLogHandler.line(
            .json,
            date: Self.date,
            level: .warning,
            message: "a \"step\" failed",
            metadata: ["member": "orders-0", "error": "line\nbreak \u{1}"]
        )
        let decoded = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(decoded["message"] == "a \"step\" failed")
        #expect(decoded["error"] == "line\nbreak \u{1}")
        #expect(decoded["level"] == "warning")
        #expect(decoded["time"] == "2025-11-21T03:00:00.250Z")
        #expect(line.filter { $0 == "\n" }.count == 1)
    }

    @Test func text() {
        let line = AgentLogHandler.line(
            .text,
            date: Self.date,
            level: .info,
            message: "promised",
            metadata: ["epoch": "7", "before": "a b"]
        )
        #expect(line == "2025-11-21T03:00:00.250Z INFO promised before=\"a b\" epoch=7\n")
    }
}
