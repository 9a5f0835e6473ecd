import KubernetesModel
import Testing
import XDB

@testable import Console

/// Many things on a line each.
@Suite struct TableTests {
    private static let group = Samples.group(
        """
        leader: orders-0
        epoch: 3
        readyMembers: 2/3
        lag: 0s
        message: orders-1 is away
        epochs: [{epoch: 3, leader: orders-0, time: '2026-11-22T07:00:00Z'}]
        conditions:
        - {type: Writable, status: "True", reason: Writable}
        - {type: FullyRedundant, status: "False", reason: NodeNotReady}
        members:
        - {name: orders-0, ordinal: 0, kind: Candidate, role: Leader, health: Healthy, node: node1, zone: a}
        - {name: orders-1, ordinal: 1, kind: Candidate, health: Unhealthy, node: node9, zone: b}
        - {name: orders-2, ordinal: 2, kind: Logger, role: Logger, health: Healthy, node: node1, zone: a}
        - {name: orders-2-i2, ordinal: 2, kind: Logger, successorOf: orders-2, node: node3, zone: b}
        """
    )

    @Test func aGroupIsALine() {
        #expect(
            GroupTable.text([Self.group], namespaced: true, now: Samples.now, Style()) == """
                NAMESPACE  GROUP   MEMBERS  LEADER    EPOCH  SINCE  WRITES  LAG  MESSAGE
                shop       orders  2/3      orders-0  3      10m    yes     0s   orders-1 is away

                """
        )
    }

    @Test func nodesHaveTheirMembers() {
        let nodes = [
            Samples.node("node1", zone: "a"), Samples.node("node2", zone: "a", cordoned: true),
            Samples.node("node3", zone: "b", ready: false),
        ]
        let report = NodeReport(nodes: nodes, groups: [Self.group])
        #expect(
            report.text(namespaced: false, now: Samples.now, Style()) == """
                NODE   ZONE  STATE            MEMBERS
                node1  a     Ready            orders-0 Leader, orders-2 Logger
                node2  a     Ready, cordoned  -
                node3  b     NotReady         orders-2-i2 (new life)
                node9  b     Gone             orders-1 (Candidate)!

                ! does not play its part

                """
        )
        #expect(report.json.arrayValue?.count == 4)
    }

    @Test(arguments: [
        (true, false, NodeReport.State.offline), (true, true, .offline), (false, true, .awayAndOffline),
    ])
    func aNodeThatIsOfflineIsShownSo(_ ready: Bool, _ cordoned: Bool, _ state: NodeReport.State) {
        let node = Samples.node("node1", zone: "a", ready: ready, cordoned: cordoned, offline: true)
        #expect(NodeReport(nodes: [node], groups: []).places.first?.state == state)
    }

    /// Zones are in the members' status, too.
    @Test func whereNodesMayNotBeListedThoseOfMembersAreKnown() {
        let report = NodeReport(nodes: nil, groups: [Self.group])
        #expect(report.places.map(\.name) == ["node1", "node3", "node9"])
        #expect(report.places.allSatisfy { $0.state == .unknown })
        #expect(report.places.first?.zone == "a")
    }

    private static let operations = [
        Samples.operation(
            "orders-change-leader-a",
            "{group: orders, changeLeader: {to: orders-1}}",
            "state: Succeeded\ntype: ChangeLeader\nmember: orders-1\ndurationSeconds: '0.590'\nmessage: orders-1 takes writes"
        ),
        Samples.operation(
            "orders-1-rebuild-b",
            "{group: orders, rebuild: {member: orders-1}}",
            """
            state: Running
            type: Rebuild
            task: Copy
            member: orders-1
            startTime: '2026-11-22T07:09:30Z'
            progress: {summary: x, percent: 45, bytesDone: 471859200, bytesTotal: 1048576000, bytesPerSecond: 52428800,
              remainingSeconds: 11}
            """
        ),
    ]

    @Test func operationsAreLinesWithBars() {
        #expect(
            OperationTable.text(Self.operations, namespaced: false, now: Samples.now, Style()) == """
                OPERATION               TYPE          GROUP   MEMBER    STATE      AGE  TOOK     PROGRESS
                orders-change-leader-a  ChangeLeader  orders  orders-1  Succeeded  60s  0.590 s  orders-1 takes writes
                orders-1-rebuild-b      Rebuild       orders  orders-1  Running    60s  30s      Copy [#########...........] 45 %, 450 MiB of 1000 MiB, 50 MiB/s, 11 s left

                """
        )
    }

    @Test func theNewestOperationIsFirst() {
        var older = Self.operations[0]
        older.metadata.creationTimestamp = Samples.now.advanced(by: .seconds(-500))
        #expect(OperationTable.sorted([older, Self.operations[1]]).first == Self.operations[1])
    }

    @Test func whatIsFollowedIsALine() {
        #expect(
            ProgressLine.text(Self.operations[1], now: Samples.now)
                == "orders-1-rebuild-b: Running, Copy (30s): [#########...........] 45 %, 450 MiB of 1000 MiB, 50 MiB/s, "
                + "11 s left"
        )
        #expect(
            ProgressLine.text(Self.operations[0], now: Samples.now)
                == "orders-change-leader-a: Succeeded: orders-1 takes writes"
        )
        // Numbers that change do not make a new stage.
        var later = Self.operations[1]
        later.status.progress?.percent = 46
        #expect(ProgressLine.stage(of: later) == ProgressLine.stage(of: Self.operations[1]))
        later.status.task = "Prepare"
        #expect(ProgressLine.stage(of: later) != ProgressLine.stage(of: Self.operations[1]))
    }

    @Test func theStrongerSwitchIsNamed() {
        let manual = Samples.group("leader: orders-0", spec: "{image: e, failover: {mode: Manual}}")
        let switched = OperatorState(failoverMode: .manual)
        #expect(FailoverWords.effective(Self.group, OperatorState(failoverMode: .automatic)) == "Automatic")
        #expect(FailoverWords.effective(Self.group, switched).contains("operator's switch"))
        #expect(FailoverWords.effective(manual, OperatorState()) == "Manual (its spec)")
        #expect(FailoverWords.effective(Self.group, OperatorState()).contains("unless"))
        #expect(FailoverWords.isManual(Self.group, switched))
    }
}
