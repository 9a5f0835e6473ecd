import FoundationEssentials
import Testing
import XDB

@testable import Agent

@Suite struct DurableStateTests {
    static let identity = Identity(group: "uid", member: "orders-0", ordinal: 0, incarnation: 1, kind: .data)

    @Test func readsWhatItWrote() throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        #expect(try state.identity() == nil)
        #expect(try state.promise() == nil)
        try state.write(Self.identity)
        #expect(try state.identity() == Self.identity)
        let terms = Promise.LeadTerms(
            start: Position(epoch: Epoch(rawValue: 3), sequence: 17),
            source: PeerAddress(name: "orders-2", host: "10.0.0.3"),
            voters: ["orders-0", "orders-1", "orders-2"],
            learners: ["orders-3"]
        )
        for duty in [
            Promise.Duty.sealed, .resigned, .lead(terms), .follow(PeerAddress(name: "orders-1", host: "::1")),
        ] {
            let promise = Promise(epoch: Epoch(rawValue: 4), duty: duty)
            try state.write(promise)
            #expect(try state.promise() == promise)
        }
    }

    /// What was not there before is not in the files of who has none of it, so that older files are read, and newer ones
    /// by older agents.
    @Test func termsWithoutNewcomersAreWrittenAsTheyWere() throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        let terms = Promise.LeadTerms(start: .zero, source: nil, voters: ["orders-0"], learners: [])
        let promise = Promise(epoch: Epoch(rawValue: 4), duty: .lead(terms))
        try state.write(promise)
        let text = try String(contentsOf: URL(filePath: "\(directory.path)/promise.json"), encoding: .utf8)
        #expect(text.contains("voters"))
        #expect(!text.contains("newcomers") && !text.contains("votersVersion"))
        #expect(try state.promise() == promise)
    }

    /// Power fails while the new contents are written aside: the old ones are what counts.
    @Test func aTornWriteIsNotSeen() throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        let promise = Promise(epoch: Epoch(rawValue: 4), duty: .sealed)
        try state.write(promise)
        try directory.write("promise.json.new", "{\"epoch\":5,\"du")
        #expect(try state.promise() == promise)
        let next = Promise(epoch: Epoch(rawValue: 5), duty: .sealed)
        try state.write(next)
        #expect(try state.promise() == next)
    }

    @Test(arguments: ["", "{", "[]", "{\"epoch\":-1,\"duty\":{\"sealed\":{}}}", "{\"epoch\":4}", "\u{0}\u{0}\u{0}"])
    func foreignContentsAreNotGuessedAt(_ contents: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("promise.json", contents)
        let error = #expect(throws: StateError.self) { try DurableState(directory: directory.path).promise() }
        #expect(error?.reason == "StateUnreadable")
        #expect(error.map { "\($0)".contains("promise.json") } == true)
    }

    /// Who has an identity has promised something, be it nothing.
    @Test func aMissingPromiseIsLost() throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        try state.write(Self.identity)
        let error = #expect(throws: StateError.self) { try state.keptPromise() }
        #expect(error?.reason == "StateUnreadable")
        #expect(error.map { "\($0)".contains("promise.json is damaged (it is missing)") } == true)
    }

    /// Who has forgotten what it promised is not asked any more.
    @Test(arguments: [(0, true), (2, true), (3, false), (4, false)] as [(UInt32, Bool)])
    func aPromiseOlderThanTheLogIsLost(_ promised: UInt32, _ isLost: Bool) {
        let promise = Promise(epoch: Epoch(rawValue: promised), duty: .sealed)
        var log = ReplicationSnapshot()
        log.first = Position(epoch: Epoch(rawValue: 1), sequence: 1)
        log.position = Position(epoch: Epoch(rawValue: 3), sequence: 17)
        let lost = promise.contradiction(with: log, in: "/data")
        #expect((lost != nil) == isLost)
        #expect(lost.map { $0.reason == "StateUnreadable" && "\($0)".contains("/data/promise.json") } ?? !isLost)
        // A log that was made from a copy begins with what others promised.
        log.first = nil
        #expect(promise.contradiction(with: log, in: "/data") == nil)
    }

    @Test func aHugeFileIsRefused() throws {
        let directory = try TemporaryDirectory()
        try directory.write("identity.json", String(repeating: " ", count: 2 << 20))
        #expect(throws: StateError.self) { try DurableState(directory: directory.path).identity() }
    }

    @Test func aMissingDirectoryIsAnError() {
        let state = DurableState(directory: "/nonexistent/xdb")
        let error = #expect(throws: StateError.self) { try state.write(Self.identity) }
        #expect(error.map { "\($0)".contains("/nonexistent/xdb") } == true)
    }
}
