import Testing
import XDB

@testable import Agent

@Suite struct ReplicaCareTests {
    static let begin = ContinuousClock.now

    static func position(_ sequence: UInt64) -> Position { Position(epoch: Epoch(rawValue: 2), sequence: sequence) }

    @Test func aHealthyFollowerIsLeftAlone() {
        var care = ReplicaCare()
        for second in 0..<200 {
            let verdict = care.judge(
                ReplicaStatus(),
                applied: Self.position(UInt64(second)),
                committed: Self.position(UInt64(second + 5)),
                now: Self.begin + .seconds(second)
            )
            #expect(verdict == ReplicaCare.Verdict())
        }
    }

    @Test func aFailedApplyIsRepeatedWithGrowingPauses() {
        var care = ReplicaCare()
        var status = ReplicaStatus(applying: false)
        status.applyError = 1062
        status.applyMessage = "Duplicate entry"
        var restarts: [Int] = []
        for second in 0..<100 {
            let verdict = care.judge(
                status,
                applied: Self.position(3),
                committed: Self.position(9),
                now: Self.begin + .seconds(second)
            )
            #expect(verdict.problem?.reason == "ApplyFailed")
            if verdict.restart { restarts.append(second) }
        }
        #expect(restarts == [0, 1, 3, 7, 15, 31, 63])
    }

    @Test func divergenceIsNamed() {
        var care = ReplicaCare()
        var status = ReplicaStatus(receiving: "No")
        status.receiveError = 1236
        status.receiveMessage = "not in the log"
        let verdict = care.judge(status, applied: .zero, committed: .zero, now: Self.begin)
        #expect(verdict.problem?.reason == "Diverged")
    }

    @Test func aSilentStallIsReportedAfterAWhile() {
        var care = ReplicaCare()
        func judge(_ applied: UInt64, _ second: Int) -> String? {
            care.judge(
                ReplicaStatus(),
                applied: Self.position(applied),
                committed: Self.position(100),
                now: Self.begin + .seconds(second)
            ).problem?.reason
        }
        #expect(judge(10, 0) == nil)
        #expect(judge(10, 59) == nil)
        #expect(judge(10, 61) == "ApplyStalled")
        #expect(judge(11, 62) == nil)
    }
}
