import Testing
import XDB

@testable import Planning

/// One election, written as a table row: voters with what they answer.
struct ElectionCase: Sendable, CustomTestStringConvertible {
    var title: String
    var voters: [Voter]
    var answers: [SealAnswer]
    var zones: [String] = []
    var previous: String?
    var expected: Expectation

    enum Expectation: Sendable {
        case leader(String, from: String, source: String?, ElectionRule)
        case noQuorum(missing: [String])
        case refused(containing: String)
    }

    var testDescription: String { title }

    static let epoch = Epoch(rawValue: 8)

    /// Candidates 0 and 1 and the logger 2: the usual group.
    static let three = [candidate(0, zone: "a"), candidate(1, zone: "b"), logger(2, zone: "a")]

    static func candidate(_ ordinal: Int, zone: String? = nil, refusal: String? = nil) -> Voter {
        Voter(name: "m\(ordinal)", ordinal: ordinal, kind: .candidate, zone: zone, refusal: refusal)
    }

    static func logger(_ ordinal: Int, zone: String? = nil) -> Voter {
        Voter(name: "m\(ordinal)", ordinal: ordinal, kind: .logger, zone: zone)
    }

    static func answer(
        _ ordinal: Int,
        _ position: String,
        committed: String = "0/0",
        first: String? = "1/1",
        epoch: Epoch = epoch
    ) -> SealAnswer {
        SealAnswer(
            member: "m\(ordinal)",
            epoch: epoch,
            position: Position(position) ?? .zero,
            committed: Position(committed) ?? .zero,
            first: first.flatMap { Position($0) }
        )
    }

    static let all: [ElectionCase] = [
        ElectionCase(
            title: "an empty group elects its lowest ordinal",
            voters: three,
            answers: [answer(0, "0/0", first: nil), answer(1, "0/0", first: nil), answer(2, "0/0", first: nil)],
            expected: .leader("m0", from: "0/0", source: nil, .lowestOrdinal)
        ),
        ElectionCase(
            title: "a group of one elects its member",
            voters: [candidate(0)],
            answers: [answer(0, "7/3")],
            expected: .leader("m0", from: "7/3", source: nil, .onlyCandidate)
        ),
        ElectionCase(
            title: "the most advanced candidate wins against zone, previous leader and ordinal",
            voters: three,
            answers: [answer(0, "7/10"), answer(1, "7/11"), answer(2, "7/11")],
            zones: ["a"],
            previous: "m0",
            expected: .leader("m1", from: "7/11", source: nil, .mostAdvanced)
        ),
        ElectionCase(
            title: "a shorter log of a newer epoch beats a longer one of an older epoch",
            voters: three,
            answers: [answer(0, "6/900"), answer(1, "7/11"), answer(2, "7/11")],
            expected: .leader("m1", from: "7/11", source: nil, .mostAdvanced)
        ),
        ElectionCase(
            title: "a lone candidate pulls the rest from the logger that is ahead",
            voters: three,
            answers: [answer(1, "7/11"), answer(2, "7/30", committed: "7/29")],
            expected: .leader("m1", from: "7/30", source: "m2", .onlyCandidate)
        ),
        ElectionCase(
            title: "the more advanced of two candidates pulls the rest from the logger",
            voters: three,
            answers: [answer(0, "7/12"), answer(1, "7/11"), answer(2, "7/30")],
            expected: .leader("m0", from: "7/30", source: "m2", .mostAdvanced)
        ),
        ElectionCase(
            title: "a candidate that may not lead still serves as the source",
            voters: [candidate(0, refusal: "its server refuses to start"), candidate(1), logger(2)],
            answers: [answer(0, "7/30"), answer(1, "7/11"), answer(2, "7/12")],
            expected: .leader("m1", from: "7/30", source: "m0", .onlyCandidate)
        ),
        ElectionCase(
            title: "the previous leader is pulled from only when nobody else has as much",
            voters: [candidate(0, refusal: "its server refuses to start"), candidate(1), logger(2)],
            answers: [answer(0, "7/30"), answer(1, "7/11"), answer(2, "7/30")],
            previous: "m0",
            expected: .leader("m1", from: "7/30", source: "m2", .onlyCandidate)
        ),
        ElectionCase(
            title: "a source whose log starts too late is of no use",
            voters: three,
            answers: [answer(1, "7/11"), answer(2, "7/30", first: "7/13")],
            expected: .refused(containing: "m1: its log ends at 7/11")
        ),
        ElectionCase(
            title: "a source whose log starts right behind the candidate's end serves",
            voters: three,
            answers: [answer(1, "7/11"), answer(2, "7/30", first: "7/12")],
            expected: .leader("m1", from: "7/30", source: "m2", .onlyCandidate)
        ),
        ElectionCase(
            title: "among equals the first preferred zone with a contender wins",
            voters: three,
            answers: [answer(0, "7/11"), answer(1, "7/11"), answer(2, "7/11")],
            zones: ["c", "b", "a"],
            previous: "m0",
            expected: .leader("m1", from: "7/11", source: nil, .preferredZone)
        ),
        ElectionCase(
            title: "among equals in zone the previous leader wins",
            voters: [candidate(0, zone: "a"), candidate(1, zone: "a"), logger(2)],
            answers: [answer(0, "7/11"), answer(1, "7/11")],
            zones: ["a"],
            previous: "m1",
            expected: .leader("m1", from: "7/11", source: nil, .previousLeader)
        ),
        ElectionCase(
            title: "one answer of three is no majority",
            voters: three,
            answers: [answer(1, "7/11")],
            expected: .noQuorum(missing: ["m0", "m2"])
        ),
        ElectionCase(
            title: "two answers of five are no majority",
            voters: [candidate(0), candidate(1), candidate(2), logger(3), logger(4)],
            answers: [answer(1, "7/11"), answer(3, "7/11")],
            expected: .noQuorum(missing: ["m0", "m2", "m4"])
        ),
        ElectionCase(
            title: "the same voter twice counts once",
            voters: three,
            answers: [answer(1, "7/11"), answer(1, "7/11")],
            expected: .noQuorum(missing: ["m0", "m2"])
        ),
        ElectionCase(
            title: "answers of another epoch and of members that do not vote count for nothing",
            voters: three,
            answers: [answer(0, "7/9"), answer(1, "7/9", epoch: Epoch(rawValue: 7)), answer(9, "7/99")],
            expected: .noQuorum(missing: ["m1", "m2"])
        ),
        ElectionCase(
            title: "loggers alone elect nobody",
            voters: [candidate(0), logger(1), logger(2)],
            answers: [answer(1, "7/11"), answer(2, "7/11")],
            expected: .refused(containing: "only loggers answered")
        ),
        ElectionCase(
            title: "a log that already has the epoch asks for a newer one",
            voters: three,
            answers: [answer(0, "8/1"), answer(1, "7/11")],
            expected: .refused(containing: "8/1")
        ),
        ElectionCase(
            title: "a commit that no answering log has stops the election",
            voters: three,
            answers: [answer(0, "7/10"), answer(2, "7/9", committed: "7/12")],
            expected: .refused(containing: "m2 knows that 7/12 is committed")
        ),
    ]
}

struct ElectionTests {
    @Test(arguments: ElectionCase.all)
    func decides(_ row: ElectionCase) {
        let election = Election(
            epoch: ElectionCase.epoch,
            voters: row.voters,
            answers: row.answers,
            preferredZones: row.zones,
            previousLeader: row.previous
        )
        switch (election.decide(), row.expected) {
        case (.elected(let elected), .leader(let name, let start, let source, let rule)):
            #expect(elected.leader == name)
            #expect(elected.start.description == start)
            #expect(elected.source == source)
            #expect(elected.rule == rule)
            #expect(elected.ballots.map(\.voter) == row.voters.map(\.name))
        case (.noQuorum(let noQuorum), .noQuorum(let missing)):
            #expect(noQuorum.missing == missing)
            #expect(noQuorum.needed > 0)
        case (.refused(let refusal), .refused(let text)):
            #expect(refusal.sentence.contains(text))
        case (let outcome, let expected):
            Issue.record("\(outcome) instead of \(expected)")
        }
    }

    struct NewcomerCase: CustomTestStringConvertible {
        var testDescription: String
        var isLogger = false
        /// What m0, the only voter, answers.
        var voter: String? = "7/10"
        /// What m1 answers, which gets a vote and is wished for.
        var newcomer: String?
        /// The leader with the one that it pulls from; nil when there is no majority.
        var expected: (leader: String, source: String?)? = ("m0", nil)
    }

    static let newcomers = [
        NewcomerCase(testDescription: "a silent newcomer gets no vote"),
        NewcomerCase(
            testDescription: "a newcomer with all of the log may lead",
            newcomer: "7/10",
            expected: ("m1", nil)
        ),
        NewcomerCase(testDescription: "one that lacks a part pulls it", newcomer: "7/8", expected: ("m1", "m0")),
        NewcomerCase(testDescription: "one with more than the voters votes, and follows", newcomer: "7/12"),
        NewcomerCase(testDescription: "a logger votes", isLogger: true, newcomer: "7/10"),
        NewcomerCase(testDescription: "its answer is no voter's", voter: nil, newcomer: "7/10", expected: nil),
    ]

    @Test(arguments: newcomers)
    func aNewcomersAnswerCountsForNothingButItsVote(_ row: NewcomerCase) {
        let outcome = Election(
            epoch: ElectionCase.epoch,
            voters: [ElectionCase.candidate(0)],
            answers: [row.voter.map { ElectionCase.answer(0, $0) }, row.newcomer.map { ElectionCase.answer(1, $0) }]
                .compactMap(\.self),
            wished: "m1",
            joining: row.isLogger ? ElectionCase.logger(1) : ElectionCase.candidate(1)
        ).decide()
        guard let expected = row.expected else {
            #expect(outcome == .noQuorum(NoQuorum(voters: 1, answered: [], missing: ["m0"])))
            return
        }
        guard case .elected(let elected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(elected.leader == expected.leader)
        #expect(elected.source == expected.source)
        #expect(elected.start.description == "7/10")
        #expect(elected.joined == row.newcomer.map { _ in "m1" })
    }

    @Test func theOrderOfTheAnswersDoesNotMatter() {
        for row in ElectionCase.all {
            var election = Election(epoch: ElectionCase.epoch, voters: row.voters, answers: row.answers)
            let outcome = election.decide()
            election.answers.reverse()
            #expect(election.decide() == outcome, "\(row.title)")
        }
    }

    @Test func theSentencesTellTheStory() {
        let elected = Election(
            epoch: ElectionCase.epoch,
            voters: ElectionCase.three,
            answers: [ElectionCase.answer(1, "7/11"), ElectionCase.answer(2, "7/30")]
        ).decide()
        guard case .elected(let elected) = elected else {
            Issue.record("\(elected)")
            return
        }
        #expect(
            elected.sentence == "m1 leads epoch 8 from 7/30: it is the only candidate that answered and may lead; "
                + "it completes its log from m2 (m0 silent, m1 7/11, m2 7/30)"
        )
        let noQuorum = NoQuorum(voters: 5, answered: ["m0"], missing: ["m1", "m2", "m3", "m4"])
        #expect(
            noQuorum.sentence == "1 of 5 voters answered and 3 are needed: m1, m2, m3, m4 did not; "
                + "bring back their pods or nodes (2 of them would be enough)"
        )
    }
}
