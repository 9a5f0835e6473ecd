import KubernetesModel
import Testing
import XDB

@testable import Console

/// What is planned, and how far it is.
@Suite struct PlanTests {
    private static let plan = """
        plan:
          summary: 3 moves, 400 MiB to copy, one change of leader
          changeLeader: 'after the move of orders-1, orders-0 hands over to orders-1: the one pause of writes'
          zones: [{of: voters, before: [a], after: [b]}]
          moves:
          - {member: orders-2, kind: Logger, fromNode: node1, fromZone: a, toNode: node4, toZone: b, bytes: 0,
             state: Succeeded, message: orders-2 has a new life on node4}
          - {member: orders-1, kind: Candidate, fromNode: node2, fromZone: a, toZone: b, bytes: 209715200, state: Running,
             message: Copy}
          - {member: orders-0, kind: Candidate, fromNode: node3, fromZone: a, toZone: b, state: Pending, message: a copy}
        """

    @Test func aDryRunIsItsPlan() throws {
        let operation = Samples.operation("orders-migrate-plan-a", "{group: orders}", "state: Succeeded\n\(Self.plan)")
        #expect(
            PlanScreen.text(try #require(operation.status.plan), Style()) == """
                3 moves, 400 MiB to copy, one change of leader

                  MOVE  MEMBER    KIND       FROM            TO                COPY
                  1     orders-2  Logger     node1 (zone a)  node4 (zone b)    none     orders-2 has a new life on node4
                  2     orders-1  Candidate  node2 (zone a)  a node of zone b  200 MiB  Copy
                  3     orders-0  Candidate  node3 (zone a)  a node of zone b  unknown  a copy

                  Leader      after the move of orders-1, orders-0 hands over to orders-1: the one pause of writes
                  Zones       spec.placement.zones: a -> b

                """
        )
    }

    @Test func oneThatGoesOnHasABarAndItsMoves() {
        let operation = Samples.operation(
            "orders-migrate-a",
            "{group: orders, migrate: {from: {zone: a}, to: {zone: b}}, paused: true}",
            """
            state: Running
            type: Migrate
            task: Copy
            member: orders-1
            startTime: '2026-11-22T07:09:30Z'
            message: '1 of 3 have moved; orders-1: Copy'
            progress: {summary: x, percent: 25, movesDone: 1, movesTotal: 3, bytesDone: 104857600, bytesTotal: 419430400,
              bytesPerSecond: 52428800, remainingSeconds: 6}
            \(Self.plan)
            """
        )
        #expect(
            ProgressLine.text(operation, now: Samples.now)
                == "orders-migrate-a: Running, Copy (30s): [#####...............] 25 %, 1 of 3 moves, 100 MiB of 400 MiB, "
                + "50 MiB/s, 6 s left"
        )
        let screen = OperationScreen.text(operation, now: Samples.now, Style())
        #expect(screen.contains("orders is to move from zone a to zone b; it is paused"), "\(screen)")
        #expect(screen.contains("kubectl xdb resume orders-migrate-a"), "\(screen)")
        #expect(
            screen.contains("2     orders-1  Candidate  node2 (zone a)  a node of zone b  200 MiB  Running"),
            "\(screen)"
        )
    }

    @Test func theOperationIsNamedAfterWhatMoves() throws {
        let key = ObjectKey(namespace: "shop", name: "orders")
        var migrate = XDBOperation.Migrate()
        migrate.from = .init(zone: "a")
        migrate.to = .init(zone: "b")
        let plan = try OperationRequest.migrate(of: key, migrate, isDryRun: true, timeout: nil).body()
        #expect(plan[path: "metadata", "generateName"] == "orders-migrate-plan-")
        #expect(plan[path: "spec", "dryRun"] == true)
        migrate.member = "orders-1"
        #expect(throws: Complaint.self) {
            try OperationRequest.migrate(of: key, migrate, isDryRun: false, timeout: nil).body()
        }
    }
}
