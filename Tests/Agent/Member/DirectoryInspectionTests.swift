import FoundationEssentials
import Testing
import XDB

@testable import Agent

/// What a member's directory tells without an agent.
@Suite struct DirectoryInspectionTests {
    private static let promise = Promise(
        epoch: Epoch(rawValue: 4),
        duty: .follow(PeerAddress(name: "orders-1", host: "10.0.0.2"))
    )

    @Test func whoseItIsAndWhatWasPromised() throws {
        let directory = try TemporaryDirectory()
        let state = DurableState(directory: directory.path)
        try state.write(DurableStateTests.identity)
        try state.write(Self.promise)
        let found = DirectoryInspection.look(at: directory.path)
        #expect(found.member == "orders-0" && found.group == "uid" && found.incarnation == 1)
        #expect(found.promised == Epoch(rawValue: 4) && found.duty == "follow orders-1")
        #expect(found.last == nil && found.committed == nil && !found.hasData)
        #expect(found.problems.isEmpty, "\(found.problems)")
        #expect(try directory.names() == ["identity.json", "promise.json"], "nothing is made")
    }

    @Test func anEmptyDirectoryIsNobodys() throws {
        let directory = try TemporaryDirectory()
        let found = DirectoryInspection.look(at: directory.path)
        #expect(found.member == nil)
        #expect(found.problems.count == 1 && found.problems[0].contains("no member's identity"))
    }

    @Test func whatIsDamagedOrMissingIsTold() throws {
        let directory = try TemporaryDirectory()
        try DurableState(directory: directory.path).write(DurableStateTests.identity)
        try directory.write("promise.json", "{")
        try directory.write("committed", "0-64-17\n")
        let found = DirectoryInspection.look(at: directory.path)
        #expect(found.member == "orders-0")
        #expect(found.committed == GTID("0-64-17"))
        #expect(found.problems.contains { $0.contains("promise.json is damaged") })
        #expect(
            found.problems.contains { $0.contains("4/17 is noted as committed: its end is lost") },
            "\(found.problems)"
        )
    }

    /// The program prints what the plugin reads.
    @Test func itGoesThroughJSON() throws {
        let directory = try TemporaryDirectory()
        try DurableState(directory: directory.path).write(DurableStateTests.identity)
        try DurableState(directory: directory.path).write(Self.promise)
        let found = DirectoryInspection.look(at: directory.path)
        let text = try JSONEncoder().encode(found)
        #expect(try JSONDecoder().decode(MemberInspection.self, from: text) == found)
    }
}
