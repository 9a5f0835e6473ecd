import KubernetesModel
import Testing
import XDB

@testable import Console

/// What is asked for, with which names, and how it ends.
@Suite struct RequestTests {
    private static let group = Samples.group(
        """
        leader: orders-0
        members:
        - {name: orders-0, ordinal: 0, kind: Candidate, role: Leader, health: Healthy}
        - {name: orders-1, ordinal: 1, kind: Candidate, role: Follower, health: Healthy, incarnation: 3}
        - {name: orders-2, ordinal: 2, kind: Logger, role: Logger, health: Healthy}
        - {name: orders-2-i2, ordinal: 2, kind: Logger, successorOf: orders-2, incarnation: 2}
        """
    )
    private static let key = ObjectKey(namespace: "shop", name: "orders")

    @Test(arguments: [
        ("1", "orders-1"), ("orders-2", "orders-2"), ("orders-1-i3", "orders-1"), ("orders-2-i2", "orders-2-i2"),
    ])
    func membersAreFoundByNameNumberAndLife(_ word: String, _ name: String) throws {
        #expect(try MemberChoice.member(word, of: Self.group).name == name)
    }

    @Test func whoIsNoMemberIsToldWhoIs() {
        let complaint = Complaint("orders-7 is no candidate of orders; there are orders-0 and orders-1", .notFound)
        #expect(throws: complaint) {
            try MemberChoice.member("7", of: Self.group, where: { $0.kind == .candidate }, called: "candidate")
        }
    }

    @Test func theOperationIsNamedAfterItsWork() throws {
        let body = try OperationRequest.changeLeader(of: Self.key, to: nil, timeout: 30).body()
        #expect(body["metadata"] == ["generateName": "orders-change-leader-", "namespace": "shop"])
        #expect(body[path: "spec", "changeLeader", "to"] == "auto")
        #expect(body[path: "spec", "timeoutSeconds"] == 30)
        #expect(body["status"] == nil)
    }

    @Test func workOnANodeIsMadeWhereTheOperatorIs() throws {
        let offline = try OperationRequest.offline("node1", force: false, in: "xdb-system", timeout: nil).body()
        #expect(offline["metadata"] == ["generateName": "node1-offline-", "namespace": "xdb-system"])
        #expect(offline[path: "spec", "offlineNode", "node"] == "node1")
        #expect(offline[path: "spec", "group"] == nil)
        let recovery = OperationRequest.recover("node1", restoreLeaders: true, in: "xdb-system", timeout: 60)
        #expect(try recovery.body()[path: "spec", "recoverNode", "restoreLeaders"] == true)
        #expect(
            OperationScreen.wish(of: recovery.operation)
                == "node1 is to be back in service, and who led there is to lead again"
        )
    }

    @Test func theRecoveryOfAGroupIsOne() throws {
        let body = try OperationRequest.recovery(of: Self.key, timeout: nil).body()
        #expect(body["metadata"] == ["generateName": "orders-recover-", "namespace": "shop"])
        #expect(body[path: "spec", "recoverGroup"] == [:])
    }

    /// An old server does not know these rules, and would take the operation.
    @Test func whatARuleForbidsIsNotSent() {
        var rebuild = XDBOperation.Rebuild()
        rebuild.member = "orders-1"
        rebuild.mode = .local
        rebuild.node = "node4"
        #expect(throws: Complaint.self) { try OperationRequest.rebuild(of: Self.key, rebuild, timeout: nil).body() }
        #expect(throws: Complaint.self) {
            try OperationRequest.forceLeader(of: Self.key, member: "orders-1", acceptsLoss: false, timeout: nil).body()
        }
    }

    @Test(arguments: [
        (XDBOperation.State.succeeded, false, Outcome.done), (.failed, false, .failed), (.cancelled, false, .failed),
        (.cancelled, true, .done), (.succeeded, true, .failed),
    ])
    func theEndIsTheExitCode(_ state: XDBOperation.State, _ isCancelled: Bool, _ status: Outcome) {
        var operation = XDBOperation()
        operation.spec.cancel = isCancelled
        operation.status.state = state
        #expect(OperationResult.outcome(of: operation) == status)
        operation.status.state = .running
        #expect(OperationResult.outcome(of: operation) == nil)
    }

    @Test func theClientRunsInTheRightPodWithoutAPasswordInItsWords() throws {
        let leader = try SQLSession(.leader, of: Self.group, account: .application, arguments: ["-e", "SELECT 1"])
        let words = leader.command(options: ["--context", "c"], isTerminal: false)
        #expect(words.prefix(7) == ["kubectl", "--context", "c", "--namespace", "shop", "exec", "-i"])
        #expect(words[7] == "orders-0")
        #expect(words.suffix(3) == ["mariadb", "-e", "SELECT 1"])
        #expect(words.contains { $0.contains("cat /etc/xdb/users/app") })
        let follower = try SQLSession(.follower, of: Self.group, account: .administrator, arguments: [])
        #expect(follower.pod == "orders-1-i3")
        #expect(follower.command(options: [], isTerminal: true).contains("-it"))
        #expect(throws: Complaint.self) {
            try SQLSession(.member("2"), of: Self.group, account: .application, arguments: [])
        }
    }
}
