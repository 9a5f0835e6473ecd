import KubernetesModel
import Testing
import XDB

@testable import Console

/// What members have on their disks, and who is left alone.
@Suite struct PositionScreenTests {
    private static func group(_ writable: String, maintenance: String = "[]") -> XDBGroup {
        Samples.group(
            """
            leader: orders-0
            epoch: 3
            conditions:
            - {type: Writable, status: "\(writable)", reason: x, message: y}
            members:
            - {name: orders-0, ordinal: 0, kind: Candidate, node: node1, health: Unhealthy, position: 3/120}
            - {name: orders-1, ordinal: 1, kind: Candidate, node: node2, health: Healthy, position: 3/90}
            - {name: orders-2, ordinal: 2, kind: Logger, node: node3, health: Healthy, position: 3/100, incarnation: 2}
            """,
            spec: "{image: engine, maintenance: \(maintenance)}"
        )
    }

    private static func inspection(_ life: String?, _ last: UInt64, _ committed: UInt64) -> MemberInspection {
        var found = MemberInspection()
        found.member = life
        found.promised = Epoch(rawValue: 3)
        found.duty = "sealed"
        let server = ServerID(epoch: Epoch(rawValue: 3), ordinal: 0)
        found.committed = GTID(serverID: server, sequence: committed)
        found.last = GTID(serverID: server, sequence: last)
        found.tailCount = Int(last - committed)
        found.tail = last > committed ? [GTID(serverID: server, sequence: committed + 1)] : []
        return found
    }

    private static func screen(_ group: XDBGroup, _ readings: [MemberReading]) -> String {
        PositionScreen.text(GroupScene(group: group, now: Samples.now), readings, Style()).singleSpaced
    }

    private static func readings(_ group: XDBGroup, _ found: [MemberInspection?]) -> [MemberReading] {
        zip(group.status.members, found).map { MemberReading($0, $1, obstacle: $1 == nil ? "no pod" : nil) }
    }

    @Test func aMajorityIsRecovered() {
        let group = Self.group("False")
        let found = [nil, Self.inspection("orders-1", 90, 88), Self.inspection("orders-2-i2", 100, 100)]
        let text = Self.screen(group, Self.readings(group, found))
        #expect(text.contains("orders-0 Candidate 3/120 the status, seen last: no pod"), "\(text)")
        #expect(text.contains("orders-1 Candidate 3/90 3/88 2 3 sealed 1 its disk"), "\(text)")
        #expect(text.contains("2 of 3 voters can be read, and 2 are a majority"), "\(text)")
        #expect(text.contains("the most advanced of them end at 3/100 (orders-2)"), "\(text)")
        #expect(text.contains("orders-1 has 0-48-89 to 0-48-90 (2 transactions)"), "\(text)")
        #expect(text.contains("kubectl xdb recover-group orders --wait"), "\(text)")
    }

    /// An empty directory, or another's, counts for nothing.
    @Test(arguments: [nil, "orders-2"])
    func withoutAMajorityTheWayThatLosesLeastIsNamed(_ life: String?) {
        let group = Self.group("False")
        let found = [nil, Self.inspection("orders-1", 90, 90), Self.inspection(life, 100, 100)]
        let text = Self.screen(group, Self.readings(group, found))
        #expect(text.contains("its disk, which is not orders-2-i2's"), "\(text)")
        #expect(text.contains("1 of 3 voters can be read, and 2 are a majority"), "\(text)")
        #expect(text.contains("bring back orders-0 (node node1) and orders-2 (node node3)"), "\(text)")
        #expect(text.contains("kubectl xdb force-leader orders orders-1 --accept-data-loss"), "\(text)")
        #expect(!text.contains("recover-group"), "\(text)")
    }

    @Test func aGroupThatWritesNeedsNothing() {
        let group = Self.group("True")
        #expect(
            Self.screen(group, Self.readings(group, [nil, nil, nil])).contains("Next nothing: the group takes writes")
        )
    }

    @Test func programsGetWhatWasRead() throws {
        let group = Self.group("False")
        let json = try PositionDocument.json(Self.readings(group, [nil, Self.inspection("orders-1", 90, 88), nil]))
        #expect(json[0]?["seen"] == "3/120")
        #expect(json[0]?["obstacle"] == "no pod")
        #expect(json[1]?[path: "inspection", "last"] == "0-48-90")
        #expect(json[1]?[path: "inspection", "tailCount"] == 2)
    }

    @Test func aRecoveryShowsWhoIsMissing() {
        let operation = Samples.operation(
            "orders-recover-x",
            "{group: orders, recoverGroup: {}}",
            """
            state: Running
            task: Answers
            message: 1 of 3 voters answers with their data
            positions:
            - {member: orders-0, position: 3/120, message: node node1 is not ready}
            - {member: orders-1, counts: true, position: 3/90, committed: 3/88, promised: 3, since: '2026-11-22T07:09:00Z'}
            """
        )
        let text = OperationScreen.text(operation, now: Samples.now, Style()).singleSpaced
        #expect(text.contains("Asked for orders is to be brought back from what its members have"), "\(text)")
        #expect(text.contains("orders-0 3/120 - - no: node node1 is not ready"), "\(text)")
        #expect(text.contains("orders-1 3/90 3/88 3 for 60s"), "\(text)")
    }

    // MARK: Who is left alone

    @Test func whoIsTakenOutIsNamedOnce() throws {
        let group = Self.group("True", maintenance: "[orders-2]")
        let member = { (index: Int) in group.status.members[index] }
        #expect(MaintenanceWish(takingOut: member(1), of: group).list == ["orders-2", "orders-1"])
        #expect(MaintenanceWish(takingOut: member(2), of: group).list == ["orders-2"])
        #expect(MaintenanceWish(puttingBack: member(2), to: group).list.isEmpty)
        #expect(MaintenanceWish(puttingBack: member(1), to: group).list == ["orders-2"])
    }

    @Test func whatItMeansForTheMajorityIsSaid() {
        let group = Self.group("True")
        let leader = MaintenanceWish(takingOut: group.status.members[0], of: group).words.joined(separator: ". ")
        #expect(leader.contains("hands over"), "\(leader)")
        #expect(leader.contains("orders-1 and orders-2 are the majority"), "\(leader)")
        let follower = MaintenanceWish(takingOut: group.status.members[1], of: group).words.joined(separator: ". ")
        #expect(follower.contains("WITHOUT IT THERE IS NO MAJORITY"), "\(follower)")
        #expect(follower.contains("only orders-2 does"), "\(follower)")
    }
}
