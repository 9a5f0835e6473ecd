import Testing

@testable import Agent

@Suite struct CrashBackoffTests {
    @Test func pausesGrowAndAreForgotten() {
        var backoff = CrashBackoff()
        let pauses = (0..<10).map { _ in backoff.ended() }
        #expect(pauses.prefix(4) == [.milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600)])
        #expect(pauses.last == .seconds(30))
        #expect(backoff.ends == 10)
        backoff.isCalm()
        #expect(backoff.ended() == .milliseconds(200))
        #expect(backoff.ends == 1)
    }
}
