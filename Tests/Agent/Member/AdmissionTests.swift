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

    static func request(_ number: UInt32, source: PeerAddress? = nil, voters: [String] = voters) -> LeadRequest {
        LeadRequest(epoch: epoch(number), start: .zero, source: source, voters: voters, learners: [])
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
        #expect(Self.reason(Self.lead(Self.request(5, voters: ["orders-0"]), leads)) == "EpochConflict")
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
}
