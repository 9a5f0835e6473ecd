import Testing
import XDB

@testable import Agent

/// What a request means after what was promised.
@Suite struct AdmissionTests {
    static let leader = PeerAddress(name: "orders-1", host: "10.0.0.2")
    static let voters = ["orders-0", "orders-1", "orders-2"]

    static func epoch(_ number: UInt32) -> Epoch { Epoch(rawValue: number) }

    static func terms(_ source: PeerAddress? = nil) -> Promise.LeadTerms {
        Promise.LeadTerms(start: .zero, source: source, voters: voters, learners: [])
    }

    static func request(
        _ number: UInt32,
        source: PeerAddress? = nil,
        voters: [String] = voters,
        version: Int? = nil
    ) -> LeadRequest {
        var request = LeadRequest(epoch: epoch(number), start: .zero, source: source, voters: voters, learners: [])
        request.votersVersion = version
        return request
    }

    static func lead(
        _ request: LeadRequest,
        _ promise: Promise,
        kind: AgentConfiguration.Kind = .data
    ) -> Admission {
        Admission.lead(request, promise, member: "orders-0", kind: kind)
    }

    static func follow(_ number: UInt32, _ leader: PeerAddress, _ promise: Promise) -> Admission {
        Admission.follow(FollowRequest(epoch: epoch(number), leader: leader), promise, member: "orders-0")
    }

    static func reason(_ admission: Admission) -> String? {
        if case .refuse(let error) = admission { error.reason } else { nil }
    }

    @Test func seals() {
        let promise = Promise(epoch: Self.epoch(5), duty: .follow(Self.leader))
        #expect(Self.reason(Admission.seal(Self.epoch(4), promise)) == "EpochTooOld")
        #expect(Self.reason(Admission.seal(.none, promise)) == "InvalidEpoch")
        #expect(Self.reason(Admission.seal(.max, promise)) == "InvalidEpoch")
        #expect(Admission.seal(Self.epoch(5), promise) == .already)
        let next = Promise(epoch: Self.epoch(6), duty: .sealed)
        #expect(Admission.seal(Self.epoch(6), promise) == .accept(next, enters: true))
    }

    @Test func leads() {
        let sealed = Promise(epoch: Self.epoch(5), duty: .sealed)
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        #expect(Self.lead(Self.request(5), sealed) == .accept(leads, enters: false))
        #expect(Self.lead(Self.request(5), leads) == .already)
        #expect(Self.reason(Self.lead(Self.request(4), leads)) == "EpochTooOld")
        #expect(Self.reason(Self.lead(Self.request(5, voters: ["orders-0"]), leads)) == "VotersTooOld")
        #expect(Self.reason(Self.lead(Self.request(5), sealed, kind: .logger)) == "NotACandidate")
        #expect(Self.reason(Self.lead(Self.request(5, voters: ["orders-1"]), sealed)) == "NotAVoter")
        let resigned = Promise(epoch: Self.epoch(5), duty: .resigned)
        #expect(Self.reason(Self.lead(Self.request(5), resigned)) == "Resigned")
        #expect(
            Self.lead(Self.request(6), resigned)
                == .accept(Promise(epoch: Self.epoch(6), duty: .lead(Self.terms())), enters: true)
        )
        let moved = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms(Self.leader)))
        #expect(Self.lead(Self.request(5, source: Self.leader), leads) == .accept(moved, enters: false))
        var learned = Self.request(5)
        learned.learners = ["orders-3"]
        var terms = Self.terms()
        terms.learners = ["orders-3"]
        let taught = Promise(epoch: Self.epoch(5), duty: .lead(terms))
        #expect(Self.lead(learned, leads) == .accept(taught, enters: false), "learners come and go in an epoch")
        #expect(Self.lead(learned, taught) == .already)
        let follows = Promise(epoch: Self.epoch(5), duty: .follow(Self.leader))
        #expect(Self.reason(Self.lead(Self.request(5), follows)) == "EpochConflict")
    }

    @Test func follows() {
        let sealed = Promise(epoch: Self.epoch(5), duty: .sealed)
        let follows = Promise(epoch: Self.epoch(5), duty: .follow(Self.leader))
        #expect(Self.follow(5, Self.leader, sealed) == .accept(follows, enters: false))
        #expect(Self.follow(5, Self.leader, follows) == .already)
        let moved = PeerAddress(name: "orders-1", host: "10.0.0.9")
        #expect(
            Self.follow(5, moved, follows)
                == .accept(Promise(epoch: Self.epoch(5), duty: .follow(moved)), enters: false)
        )
        let other = PeerAddress(name: "orders-2", host: "10.0.0.2")
        #expect(Self.reason(Self.follow(5, other, follows)) == "EpochConflict")
        #expect(
            Self.follow(6, other, follows) == .accept(Promise(epoch: Self.epoch(6), duty: .follow(other)), enters: true)
        )
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        #expect(Self.reason(Self.follow(5, Self.leader, leads)) == "EpochConflict")
        #expect(Self.reason(Self.follow(4, Self.leader, leads)) == "EpochTooOld")
        let itself = PeerAddress(name: "orders-0", host: "10.0.0.1")
        #expect(Self.reason(Self.follow(6, itself, leads)) == "FollowsItself")
    }

    /// In an epoch that is led already, one voter may give its place to its next life.
    @Test func oneVoterIsReplaced() {
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        let renewed = ["orders-0", "orders-1-i2", "orders-2"]
        var terms = Self.terms()
        terms.voters = renewed
        terms.newcomers = ["orders-1-i2"]
        terms.votersVersion = 1
        let replaced = Promise(epoch: Self.epoch(5), duty: .lead(terms))
        #expect(Self.lead(Self.request(5, voters: renewed, version: 1), leads) == .accept(replaced, enters: false))
        #expect(Self.lead(Self.request(5, voters: renewed, version: 1), replaced) == .already)
        // The order of the names means nothing: the seats keep theirs.
        let shuffled = ["orders-2", "orders-1-i2", "orders-0"]
        #expect(Self.lead(Self.request(5, voters: shuffled, version: 1), leads) == .accept(replaced, enters: false))
        #expect(Self.lead(Self.request(5, voters: shuffled, version: 1), replaced) == .already)
        // It may be replaced again, by the life after it or by the one before.
        terms.voters = ["orders-0", "orders-1-i3", "orders-2"]
        terms.newcomers = ["orders-1-i3"]
        terms.votersVersion = 2
        #expect(
            Self.lead(Self.request(5, voters: terms.voters, version: 2), replaced)
                == .accept(Promise(epoch: Self.epoch(5), duty: .lead(terms)), enters: false)
        )
        // Another seat after it: both are remembered.
        terms.voters = ["orders-0", "orders-1-i2", "orders-2-i2"]
        terms.newcomers = ["orders-1-i2", "orders-2-i2"]
        #expect(
            Self.lead(Self.request(5, voters: terms.voters, version: 2), replaced)
                == .accept(Promise(epoch: Self.epoch(5), duty: .lead(terms)), enters: false)
        )
        // A newer epoch begins with whom it names, and nobody is new in it.
        var fresh = Self.terms()
        fresh.voters = renewed
        #expect(
            Self.lead(Self.request(6, voters: renewed), replaced)
                == .accept(Promise(epoch: Self.epoch(6), duty: .lead(fresh)), enters: true)
        )
    }

    /// Who has read an older record does not change the voters back, nor change them to anything.
    @Test func votersOfAnOlderVersionAreRefused() {
        var terms = Self.terms()
        terms.votersVersion = 3
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(terms))
        let renewed = ["orders-0", "orders-1-i2", "orders-2"]
        for version in [nil, 0, 2, 3] {
            let request = Self.request(5, voters: renewed, version: version)
            #expect(Self.reason(Self.lead(request, leads)) == "VotersTooOld")
        }
        #expect(Self.reason(Self.lead(Self.request(5, version: 2), leads)) == "VotersTooOld")
        #expect(Self.lead(Self.request(5, version: 3), leads) == .already)
        // The same ones by a newer record: that is remembered.
        terms.votersVersion = 4
        let newer = Promise(epoch: Self.epoch(5), duty: .lead(terms))
        #expect(Self.lead(Self.request(5, version: 4), leads) == .accept(newer, enters: false))
    }

    @Test(arguments: [
        ["orders-0", "orders-1-i2", "orders-2-i2"], ["orders-0", "orders-1"],
        ["orders-0", "orders-1", "orders-2", "orders-3"], ["orders-0", "orders-1", "orders-1"],
        ["orders-0", "orders-1-i2", "orders-1-i2"], ["orders-0", "orders-0", "orders-2"],
    ])
    func otherVotersAreRefused(_ voters: [String]) {
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        #expect(Self.reason(Self.lead(Self.request(5, voters: voters, version: 1), leads)) == "EpochConflict")
    }

    @Test func theLeadersOwnSeatIsNotReplaced() {
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        let request = Self.request(5, voters: ["orders-0-i2", "orders-1", "orders-2"], version: 1)
        #expect(Self.reason(Self.lead(request, leads)) == "NotAVoter")
    }

    @Test func nobodyIsReplacedWithAnotherStart() {
        let leads = Promise(epoch: Self.epoch(5), duty: .lead(Self.terms()))
        var request = Self.request(5, voters: ["orders-0", "orders-1-i2", "orders-2"], version: 1)
        request.start = Position(epoch: Self.epoch(4), sequence: 9)
        #expect(Self.reason(Self.lead(request, leads)) == "EpochConflict")
    }
}
