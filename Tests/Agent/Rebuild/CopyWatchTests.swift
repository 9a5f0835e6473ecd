import Testing

@testable import Agent

/// When a copy is broken off by its source.
struct CopyWatchTests {
    private static let start = ContinuousClock.now

    private func look(
        _ watch: inout CopyWatch,
        at seconds: Int,
        progress: Int,
        isReading: Bool = false,
        holdsLeader: Bool = false
    ) -> CopyWatch.Trouble? {
        watch.trouble(
            at: CopyWatch.Moment(
                now: Self.start + .seconds(seconds),
                progress: Self.start + .seconds(progress),
                isReading: isReading,
                holdsLeader: holdsLeader
            )
        )
    }

    @Test(arguments: [
        (60, false, nil as CopyWatch.Trouble?), (61, false, .idle), (61, true, nil), (3600, true, nil),
    ])
    func aReceiverThatTakesNothing(for seconds: Int, isReading: Bool, _ trouble: CopyWatch.Trouble?) {
        var watch = CopyWatch()
        #expect(look(&watch, at: seconds, progress: 0, isReading: isReading) == trouble)
    }

    /// Also while all goes well otherwise: what counts is how long clients wait.
    @Test(arguments: [true, false])
    func aLeadersCommitsWaitForAMomentOnly(isReading: Bool) {
        var watch = CopyWatch()
        for second in 0...3 {
            #expect(look(&watch, at: second, progress: second, isReading: isReading, holdsLeader: true) == nil)
        }
        #expect(look(&watch, at: 4, progress: 4, isReading: isReading, holdsLeader: true) == .harmful)
    }

    /// Commits that go on again, or a member that leads no more, are counted anew.
    @Test func aHoldThatHasEndedIsForgotten() {
        var watch = CopyWatch()
        for second in 0..<30 {
            #expect(look(&watch, at: second, progress: second, holdsLeader: second % 4 != 3) == nil)
        }
    }

    /// Followers apply later, which nobody waits for.
    @Test func aFollowersCommitsMayWait() {
        var watch = CopyWatch()
        for second in 0..<30 { #expect(look(&watch, at: second, progress: second) == nil) }
    }
}
