import KubernetesModel
import Testing
import XDB

@testable import Operator
@testable import Planning

@Suite struct RebuildJobBodyTests {
    private func body(
        _ stage: RebuildJob.Stage,
        _ change: (inout RebuildJob) -> Void = { _ in }
    ) throws -> JSONValue {
        try #require(RebuildJobBody(group: orders, job: Rebuilding.job(stage, change)).json)
    }

    private func pod(_ body: JSONValue) throws -> JSONValue { try #require(body[path: "spec", "template"]) }

    @Test func copyToAnotherNode() throws {
        try expectGolden(try body(.copy) { $0.bytesPerSecond = 50 << 20 }, "job-copy")
    }

    @Test func prepareWhereTheCopyIs() throws {
        let body = try body(.prepare) {
            $0.pod.placement = .pinned(node: "node3")
            $0.pod.data = .claim("data-orders-1-i2")
            $0.pod.nodeSelector = ["disk": "fast"]
            var toleration = XDBGroup.Toleration()
            toleration.key = "db"
            toleration.operator = .exists
            $0.pod.tolerations = [toleration]
        }
        try expectGolden(body, "job-prepare")
    }

    @Test func nothingIsCopiedFromNobody() {
        let job = Rebuilding.job(.copy) { $0.source = nil }
        #expect(RebuildJobBody(group: orders, job: job).json == nil)
    }

    @Test(arguments: RebuildJob.Stage.allCases)
    func whateverItDoesItIsForThisLife(_ stage: RebuildJob.Stage) throws {
        let containers = try pod(try body(stage))[path: "spec", "containers"]
        let command = try #require(containers?[0]?["command"]?.arrayValue).compactMap(\.stringValue)
        #expect(command.prefix(3) == ["xdb-agent", "rebuild", stage.rawValue])
        func value(_ option: String) -> String? { command.firstIndex(of: option).map { command[$0 + 1] } }
        #expect(value("--member") == "orders-1-i2")
        #expect(value("--incarnation") == "2")
        #expect(value("--group-uid") == orders.uid)
        #expect(value("--source-name") == (stage == .copy ? "orders-2-i3" : nil))
        #expect(value("--bytes-per-second") == nil)
    }

    /// A Service that led to a Job's pod would lead nowhere, and a drain that counted it would take a voter too many.
    @Test func neitherServicesNorTheDisruptionBudgetTakeItForAMember() throws {
        let labels = try #require(try pod(try body(.copy))[path: "metadata", "labels"]?.objectValue)
        let member = try #require(
            MemberPodBody(group: orders, pod: Rebuilding.job(.copy).pod).json[path: "metadata", "labels"]?.objectValue
        )
        for service in [orders.leaderServiceBody, orders.followersServiceBody] {
            let selector = try #require(service[path: "spec", "selector"]?.objectValue)
            #expect(!selector.allSatisfy { labels[$0] == $1 })
        }
        let budget = orders.disruptionBudgetBody(apiVersion: "policy/v1", minimumAvailable: 2)
        let selector = try #require(budget[path: "spec", "selector"])
        var follower = member
        follower[Label.role] = "Follower"
        #expect(selects(selector, follower))
        #expect(!selects(selector, member), "a new life that does not vote yet")
        #expect(!selects(selector, labels))
    }

    /// It counts where members are spread over zones, as the member will.
    @Test func itsZoneIsChosenAsTheMembersWouldBe() throws {
        let pod = try pod(try body(.copy))
        let labels = try #require(pod[path: "metadata", "labels"]?.objectValue)
        let spread = try #require(pod[path: "spec", "topologySpreadConstraints"]?[0])
        #expect(spread["whenUnsatisfiable"] == "DoNotSchedule")
        #expect(selects(try #require(spread["labelSelector"]), labels))
    }

    /// A member's requests, its limits, and the Job's requests.
    @Test(
        arguments: [
            ([:], [:], [:]),
            (["cpu": "2", "memory": "8Gi"], [:], ["cpu": "50m", "memory": "128Mi"]),
            (["memory": "8Gi"], ["memory": "8Gi"], ["memory": "128Mi"]),
            (["cpu": "20m", "memory": "8Gi"], [:], ["cpu": "20m", "memory": "128Mi"]),
            ([:], ["memory": "2Gi"], ["memory": "128Mi"]),
            ([:], ["memory": "64Mi", "cpu": "10m"], ["cpu": "10m", "memory": "64Mi"]),
        ] as [([String: String], [String: String], [String: String])]
    )
    func asksForLittleAndForNothingThatTheMembersDoNotAskFor(
        _ own: [String: String],
        _ limits: [String: String],
        _ requests: [String: String]
    ) throws {
        let body = try body(.prepare) {
            $0.pod.resources.limits = limits.compactMapValues(Quantity.init)
            $0.pod.resources.requests = own.compactMapValues(Quantity.init)
        }
        let resources = try pod(body)[path: "spec", "containers"]?[0]?["resources"]
        #expect(resources?["requests"] ?? .null == (requests.isEmpty ? .null : JSONValue(requests)))
        #expect(resources?["limits"] ?? .null == (limits.isEmpty ? .null : JSONValue(limits)))
    }

    /// Kubernetes' rules for label selectors, as far as they are used here.
    private func selects(_ selector: JSONValue, _ labels: [String: JSONValue]) -> Bool {
        (selector["matchLabels"]?.objectValue ?? [:]).allSatisfy { labels[$0] == $1 }
            && (selector["matchExpressions"]?.arrayValue ?? []).allSatisfy { rule in
                let value = rule["key"]?.stringValue.flatMap { labels[$0] }
                switch rule["operator"]?.stringValue {
                case "Exists": return value != nil
                case "DoesNotExist": return value == nil
                case "In": return value.map { rule["values"]?.arrayValue?.contains($0) == true } ?? false
                case "NotIn": return value.map { rule["values"]?.arrayValue?.contains($0) == false } ?? true
                default: return false
                }
            }
    }
}
