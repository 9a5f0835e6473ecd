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

    /// A transaction that fails after a while, again and again, is one trouble; when it has been applied there is none.
    @Test func anErrorThatComesAgainIsNotForgottenMeanwhile() {
        var care = ReplicaCare()
        var failed = ReplicaStatus(applying: false)
        failed.applyError = 1205
        failed.applyMessage = "Lock wait timeout exceeded"
        func judge(_ status: ReplicaStatus, _ applied: UInt64, _ second: Int) -> String? {
            care.judge(
                status,
                applied: Self.position(applied),
                committed: Self.position(9),
                now: Self.begin + .seconds(second)
            ).problem?.reason
        }
        #expect(judge(ReplicaStatus(), 3, 0) == nil)
        for second in 1..<300 {
            #expect(judge(second % 7 == 1 ? failed : ReplicaStatus(), 3, second) == "ApplyFailed")
        }
        #expect(judge(ReplicaStatus(), 4, 300) == nil)
        #expect(judge(failed, 4, 301) == "ApplyFailed")
        #expect(judge(ReplicaStatus(), 9, 302) == nil)
        #expect(judge(ReplicaStatus(), 9, 303) == nil)
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

    /// One that gets no further in the log, and works: it is left alone, and how long it takes is told.
    @Test func aLargeTransactionIsNoStall() {
        var care = ReplicaCare()
        func judge(_ second: Int, _ work: ApplyWork?) -> ReplicaCare.Verdict {
            care.judge(
                ReplicaStatus(),
                applied: Self.position(10),
                committed: Self.position(100),
                work: work,
                now: Self.begin + .seconds(second)
            )
        }
        func wants(_ second: Int) -> Bool { care.wantsWork(Self.begin + .seconds(second)) }
        // Its threads are asked for every few seconds once it does not get on.
        #expect(!wants(0))
        _ = judge(0, nil)
        #expect(!wants(4) && wants(5))
        #expect(judge(5, ApplyWork(processor: .seconds(1), bytes: 0)) == ReplicaCare.Verdict())
        #expect(!wants(9) && wants(10))
        // On the processor, or on the disk.
        for second in stride(from: 10, through: 600, by: 5) {
            let work = ApplyWork(
                processor: .seconds(1) + .milliseconds(second < 300 ? 40 * second : 12000),
                bytes: second < 300 ? 0 : UInt64(second)
            )
            let verdict = judge(second, work)
            #expect(verdict.problem == nil)
            #expect(verdict.busy == .seconds(second))
        }
        // It waits for something now, and wakes up now and then.
        for second in stride(from: 605, through: 655, by: 5) {
            let work = ApplyWork(processor: .seconds(12) + .milliseconds(400 + second), bytes: 600)
            #expect(judge(second, work) == ReplicaCare.Verdict())
        }
        let stalled = judge(665, ApplyWork(processor: .milliseconds(13_065), bytes: 600))
        #expect(stalled.problem?.reason == "ApplyStalled")
        #expect(stalled.problem?.message.contains("for 65 s") == true)
        #expect(stalled.busy == nil)
    }
}
