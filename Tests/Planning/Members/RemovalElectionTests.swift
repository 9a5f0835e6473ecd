import Testing
import XDB

@testable import Planning

/// Elections in which a voter loses its vote.
struct RemovalElectionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var voters: [Voter]
        var answers: [SealAnswer]
        var leaving: String
        var previous = "m0"
        var expected: Expectation

        enum Expectation: Sendable {
            /// The leader, the start, where the rest of its log comes from, and who has no vote any more.
            case elected(String, from: String, source: String?, left: String?)
            case noQuorum(missing: [String])
        }
    }

    private static func candidate(_ ordinal: Int) -> Voter { ElectionCase.candidate(ordinal) }
    private static func logger(_ ordinal: Int) -> Voter { ElectionCase.logger(ordinal) }
    private static func answer(_ ordinal: Int, _ position: String) -> SealAnswer {
        ElectionCase.answer(ordinal, position)
    }

    static let all: [Case] = [
        Case(
            testDescription: "the log of the one that goes is left out where the others are a majority",
            voters: [candidate(0), candidate(1), candidate(2)],
            answers: [answer(0, "7/10"), answer(1, "7/11"), answer(2, "7/12")],
            leaving: "m2",
            expected: .elected("m1", from: "7/11", source: nil, left: "m2")
        ),
        Case(
            testDescription: "a leader that goes does not lead",
            voters: [candidate(0), candidate(1), logger(2)],
            answers: [answer(0, "7/12"), answer(1, "7/11"), answer(2, "7/12")],
            leaving: "m0",
            expected: .elected("m1", from: "7/12", source: "m2", left: "m0")
        ),
        Case(
            testDescription: "one that is silent is taken out by a majority of all",
            voters: [candidate(0), candidate(1), candidate(2)],
            answers: [answer(0, "7/10"), answer(1, "7/11")],
            leaving: "m2",
            expected: .elected("m1", from: "7/11", source: nil, left: "m2")
        ),
        Case(
            testDescription: "of two both have to answer",
            voters: [candidate(0), candidate(1)],
            answers: [answer(0, "7/10")],
            leaving: "m1",
            expected: .noQuorum(missing: ["m1"])
        ),
        Case(
            testDescription: "of two the log of the one that goes is needed",
            voters: [candidate(0), candidate(1)],
            answers: [answer(0, "7/10"), answer(1, "7/12")],
            leaving: "m1",
            expected: .elected("m0", from: "7/12", source: "m1", left: "m1")
        ),
        Case(
            testDescription: "with one of the others silent two would be left that cannot commit: it stays",
            voters: [candidate(0), candidate(1), candidate(2)],
            answers: [answer(0, "7/10"), answer(2, "7/12")],
            leaving: "m2",
            expected: .elected("m2", from: "7/12", source: nil, left: nil)
        ),
        Case(
            testDescription: "of four one of the others may be silent",
            voters: [candidate(0), candidate(1), candidate(2), logger(3)],
            answers: [answer(0, "7/10"), answer(1, "7/9"), answer(3, "7/12")],
            leaving: "m3",
            expected: .elected("m0", from: "7/12", source: "m3", left: "m3")
        ),
        Case(
            testDescription: "the only candidate that answers stays, and leads",
            voters: [candidate(0), candidate(1), logger(2)],
            answers: [answer(1, "7/10"), answer(2, "7/12")],
            leaving: "m1",
            expected: .elected("m1", from: "7/12", source: "m2", left: nil)
        ),
        Case(
            testDescription: "a minority takes nobody out",
            voters: [candidate(0), candidate(1), candidate(2)],
            answers: [answer(0, "7/10")],
            leaving: "m2",
            expected: .noQuorum(missing: ["m1", "m2"])
        ),
    ]

    @Test(arguments: all)
    func whoGoesAndWhoLeads(_ row: Case) {
        let election = Election(
            epoch: ElectionCase.epoch,
            voters: row.voters,
            answers: row.answers,
            previousLeader: row.previous,
            leaving: row.leaving
        )
        switch (election.decide(), row.expected) {
        case (.elected(let elected), .elected(let leader, let start, let source, let left)):
            #expect(elected.leader == leader)
            #expect(elected.start == Position(start))
            #expect(elected.source == source)
            #expect(elected.left == left)
        case (.noQuorum(let outcome), .noQuorum(let missing)): #expect(outcome.missing == missing)
        case (let outcome, _): Issue.record("\(outcome)")
        }
    }
}
