import Testing

@testable import Agent

@Suite struct RateLimitTests {
    private static let start = ContinuousClock.now

    /// Sends as much as it may for so long; returns how much that was, and when it ended.
    private static func send(
        _ limit: inout RateLimit,
        from begin: ContinuousClock.Instant,
        for duration: Duration
    ) -> UInt64 {
        var now = begin
        var sent: UInt64 = 0
        while true {
            if let pause = limit.pause(now: now) {
                now += pause + .microseconds(1)
                if now >= begin + duration { return sent }
                continue
            }
            let piece = limit.piece
            limit.take(piece, now: now)
            sent += UInt64(piece)
        }
    }

    @Test(arguments: [1000, 100_000, 1 << 20, 50 << 20, 10 << 30] as [UInt64])
    func passesWhatIsAllowedAndNoMore(rate: UInt64) {
        var limit = RateLimit(rate, now: Self.start)
        let sent = Double(Self.send(&limit, from: Self.start, for: .seconds(20)))
        let most = Double(rate) * (20 + RateLimit.burstSeconds) + Double(limit.piece)
        #expect(sent <= most)
        #expect(sent >= Double(rate) * 19.9 - Double(limit.piece))
    }

    /// A pause is no credit for later.
    @Test func aPauseIsNotMadeUpFor() {
        var limit = RateLimit(1 << 20, now: Self.start)
        let sent = Self.send(&limit, from: Self.start + .seconds(600), for: .seconds(1))
        #expect(sent <= UInt64(1.25 * 1_048_576) + UInt64(limit.piece))
    }

    @Test func anotherRateHoldsAtOnce() {
        var limit = RateLimit(1000, now: Self.start)
        limit.take(1 << 20, now: Self.start)
        #expect(limit.pause(now: Self.start) ?? .zero > .seconds(1000))
        limit.change(1 << 20, now: Self.start + .seconds(1))
        #expect(limit.pause(now: Self.start + .seconds(1)) == nil)
        let sent = Self.send(&limit, from: Self.start + .seconds(1), for: .seconds(10))
        #expect(sent >= 9 << 20 && sent <= 11 << 20)
        limit.change(nil, now: Self.start + .seconds(11))
        limit.take(1 << 40, now: Self.start + .seconds(11))
        #expect(limit.pause(now: Self.start + .seconds(11)) == nil)
    }

    /// Nothing may pass until that is changed.
    @Test func noRateAtAllIsAPause() {
        var limit = RateLimit(0, now: Self.start)
        limit.take(limit.piece, now: Self.start)
        #expect(limit.pause(now: Self.start + .seconds(1000)) != nil)
    }

    @Test func theRecentRateIsThatOfTheLastSeconds() {
        var rate = RecentRate()
        #expect(rate.mean(0, now: Self.start) == 0)
        // Ten seconds at a thousand a second, and then ten at a hundred.
        var bytes: UInt64 = 0
        for tick in 0..<200 {
            bytes += tick < 100 ? 100 : 10
            rate.note(bytes, now: Self.start + .milliseconds(100 * tick))
            if tick == 99 { #expect((950...1050).contains(rate.mean(bytes, now: Self.start + .milliseconds(9900)))) }
        }
        #expect((95...105).contains(rate.mean(bytes, now: Self.start + .milliseconds(19_900))))
        // What does not move any more gets slower by the second.
        #expect(rate.mean(bytes, now: Self.start + .seconds(60)) < 20)
    }
}
