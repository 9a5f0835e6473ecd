import KubernetesModel
import Testing
import XDB

@testable import Console

/// What a balance plans and does, as it is shown.
@Suite struct BalanceTests {
    private static let plan = """
        plan:
          summary: '1 move (200 MiB to copy), 2 changes of leader: members node1 3 -> 2; leaders node1 3 -> 1'
          bytes: 209715200
          moves:
          - {member: shop/orders-1, kind: Candidate, fromNode: node1, fromZone: a, toNode: node2, toZone: a,
             bytes: 209715200, state: Running, message: Copy}
          handovers:
          - {group: shop/orders, from: orders-0, fromNode: node1, to: orders-1, toNode: node2, state: Pending}
          - {group: web/cart, from: cart-0, fromNode: node1, to: cart-2, toNode: node3, state: Succeeded,
             message: cart-2 leads epoch 4}
          nodes:
          - {node: node1, zone: a, leadersBefore: 3, leadersAfter: 1, membersBefore: 3, membersAfter: 2}
          - {node: node2, zone: a, leadersBefore: 0, leadersAfter: 1, membersBefore: 1, membersAfter: 2}
          - {node: node3, leadersBefore: 1, leadersAfter: 1, membersBefore: 2, membersAfter: 2,
             message: 'it is offline, gets nothing and counts for nothing'}
          leftAlone:
          - {group: shop/stock, reason: it is paused (spec.paused)}
          - {group: web/users, reason: user-1 is being rebuilt}
          remarks: ['leaders are not within 1 of each other']
        """

    @Test func aDryRunIsItsPlan() throws {
        let operation = Samples.operation("balance-plan-a", "{balance: {what: All}, dryRun: true}", Self.plan)
        #expect(
            PlanScreen.text(try #require(operation.status.plan), Style()) == """
                1 move (200 MiB to copy), 2 changes of leader: members node1 3 -> 2; leaders node1 3 -> 1

                  MOVE  MEMBER         KIND       FROM            TO              COPY
                  1     shop/orders-1  Candidate  node1 (zone a)  node2 (zone a)  200 MiB  Copy

                  LEADER OF    FROM              TO
                  shop/orders  orders-0 (node1)  orders-1 (node2)
                  web/cart     cart-0 (node1)    cart-2 (node3)    cart-2 leads epoch 4

                  NODE   ZONE  LEADERS  MEMBERS
                  node1  a     3 -> 1   3 -> 2
                  node2  a     0 -> 1   1 -> 2
                  node3  -     1        2        it is offline, gets nothing and counts for nothing

                  Limits      leaders are not within 1 of each other
                  Left alone  shop/stock: it is paused (spec.paused)
                              web/users: user-1 is being rebuilt

                """
        )
    }

    @Test func oneOfLeadersAloneHasNoTableOfMoves() throws {
        let operation = Samples.operation(
            "balance-plan-a",
            "{balance: {}}",
            "plan: {summary: x, nodes: [{node: node1, zone: a, leadersBefore: 1, leadersAfter: 1, membersAfter: 1}]}"
        )
        #expect(
            PlanScreen.text(try #require(operation.status.plan), Style()) == """
                x

                  NODE   ZONE  LEADERS  MEMBERS
                  node1  a     1        0 -> 1

                """
        )
    }

    @Test func oneThatGoesOnTellsHowFarItIs() {
        let operation = Samples.operation(
            "balance-a",
            "{balance: {what: All, namespaces: [shop, web], bytesPerSecond: 5Mi}}",
            """
            state: Running
            type: Balance
            task: MoveMembers
            startTime: '2026-11-22T07:09:30Z'
            message: '0 of 1 member moved, 1 of 2 leaders changed; shop/orders-1: Copy'
            progress: {summary: 1 of 3 changes, bytesDone: 0, movesDone: 1, movesTotal: 3}
            \(Self.plan)
            """
        )
        let screen = OperationScreen.text(operation, now: Samples.now, Style(), width: 200)
        #expect(
            screen.contains(
                "the members and leaders of the groups of namespace shop and web are to be spread over the nodes, at most 5Mi/s"
            ),
            "\(screen)"
        )
        #expect(screen.contains("Progress    1 of 3 changes"), "\(screen)")
        #expect(screen.contains("let it rest after what goes on: kubectl xdb pause balance-a"), "\(screen)")
        #expect(screen.contains("cart-2 (node3)    Succeeded  cart-2 leads epoch 4"), "\(screen)")
        #expect(
            ProgressLine.text(operation, now: Samples.now)
                == "balance-a: Running, MoveMembers (30s): 0 of 1 member moved, 1 of 2 leaders changed; shop/orders-1: Copy"
        )
    }

    @Test(arguments: [true, false])
    func itIsMadeWhereTheOperatorIs(_ isDryRun: Bool) throws {
        var balance = XDBOperation.Balance()
        balance.what = .all
        let request = OperationRequest.balance(balance, in: "xdb-system", isDryRun: isDryRun, timeout: 60)
        let body = try request.body()
        #expect(body[path: "metadata", "namespace"] == "xdb-system")
        #expect(body[path: "metadata", "generateName"] == (isDryRun ? "balance-plan-" : "balance-"))
        #expect(body[path: "spec", "balance", "what"] == "All")
        #expect(body[path: "spec", "group"] == nil)
        #expect(body[path: "spec", "dryRun"] == .bool(isDryRun))
        #expect(body[path: "spec", "timeoutSeconds"] == 60)
    }
}
