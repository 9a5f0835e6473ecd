import Testing

@testable import Agent

@Suite struct CrashBackoffTests {
    @Test func pausesGrowAndAreForgotten() {
        var backoff = CrashBackoff()
        let pauses = (0..<10).map { _ in backoff.ended(after: .seconds(1)) }
        #expect(pauses.prefix(4) == [.milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600)])
        #expect(pauses.last == .seconds(30))
        #expect(backoff.ended(after: .seconds(61)) == .milliseconds(200))
        #expect(backoff.crashes == 11)
    }
}
