import KubernetesModel
import Testing
import XDB

@testable import Operator
@testable import Planning

let orders = GroupReference(name: "orders", namespace: "default", uid: "b4d4")

@Suite struct MemberPodBodyTests {
    static func body(_ change: (inout MemberPod) -> Void = { _ in }) -> JSONValue {
        var pod = MemberPod(
            name: "orders-0",
            member: "orders-0",
            ordinal: 0,
            incarnation: 1,
            kind: .candidate,
            data: .hostPath("/var/lib/xdb/default/orders/orders-0/i1"),
            placement: .free(zones: [], isSpreadRequired: false),
            nodeSelector: [:],
            tolerations: [],
            image: "localhost/xdb-engine:dev",
            resources: XDBGroup.ContainerResources(),
            spread: "voters",
            labels: [Label.member: "orders-0", Label.spread: "voters"],
            revision: "r1"
        )
        change(&pod)
        return MemberPodBody(group: orders, pod: pod, priorityClass: "xdb-member").json
    }

    @Test func candidateOnItsFirstDay() throws {
        try expectGolden(Self.body(), "pod-candidate")
    }

    @Test func loggerInNamedZones() throws {
        let body = Self.body {
            $0.kind = .logger
            $0.placement = .free(zones: ["a", "b"], isSpreadRequired: true)
            $0.resources.requests = ["cpu": Quantity("50m") ?? Quantity(0)]
        }
        try expectGolden(body, "pod-logger")
    }

    @Test func laterIncarnationOnAClaim() throws {
        let body = Self.body {
            $0.incarnation = 2
            $0.name = "orders-0-i2"
            $0.data = .claim("data-orders-0-i2")
            $0.nodeSelector = ["disk": "fast"]
            var toleration = XDBGroup.Toleration()
            toleration.key = "db"
            toleration.operator = .exists
            $0.tolerations = [toleration]
        }
        try expectGolden(body, "pod-claim")
    }

    @Test func membersWithDataStayOnTheirNode() throws {
        let spec = try #require(Self.body { $0.placement = .pinned(node: "node1") }["spec"])
        let terms = spec[path: "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]?[
            "nodeSelectorTerms"
        ]
        #expect(terms == [["matchFields": [["key": "metadata.name", "operator": "In", "values": ["node1"]]]]])
        #expect(spec["topologySpreadConstraints"] == nil)
    }

    @Test(arguments: [[], ["a"]] as [[String]])
    func whoMovesAwayIsNotPutBack(zones: [String]) {
        let body = Self.body {
            $0.placement = .free(zones: zones, isSpreadRequired: true)
            $0.avoidedNodes = ["node1", "node4"]
        }
        let term = body[path: "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]?[
            "nodeSelectorTerms"
        ]?[0]
        // The API server takes one value of a field at a time.
        #expect(
            term?["matchFields"] == [
                ["key": "metadata.name", "operator": "NotIn", "values": ["node1"]],
                ["key": "metadata.name", "operator": "NotIn", "values": ["node4"]],
            ]
        )
        let expressions = term?["matchExpressions"]?.arrayValue ?? []
        #expect(expressions.first == ["key": .string(Label.offline), "operator": "DoesNotExist"])
        #expect(expressions.count == (zones.isEmpty ? 1 : 2))
    }

    /// The pod itself is counted, and so are all others but the one that it replaces.
    @Test func zonesAreCountedWithoutTheLifeThatGoes() throws {
        func selector(_ former: String?) throws -> JSONValue {
            let body = Self.body { $0.formerLife = former }
            return try #require(body[path: "spec", "topologySpreadConstraints"]?[0]?["labelSelector"])
        }
        #expect(try selector(nil)["matchExpressions"] == nil)
        let expected: JSONValue = [["key": .string(Label.life), "operator": "NotIn", "values": ["orders-0"]]]
        #expect(try selector("orders-0")["matchExpressions"] == expected)
        #expect(try selector("orders-0")["matchLabels"] == selector(nil)["matchLabels"])
    }

    @Test func whatAPodIsMadeFromStandsInItsAnnotations() throws {
        let body = Self.body {
            $0.annotations = [Label.image: "engine:2", Label.restart: "uid-7"]
            $0.labels[Label.incarnation] = "1"
        }
        let annotations = try #require(body[path: "metadata", "annotations"])
        #expect(annotations[Label.image]?.stringValue == "engine:2")
        #expect(annotations[Label.restart]?.stringValue == "uid-7")
        #expect(annotations[Label.revision]?.stringValue == "r1")
        let pod = try #require(PodObservation(body.merging(["metadata": ["uid": "u"]]).decoded(as: Pod.self)))
        #expect(pod.image == "engine:2")
        #expect(pod.restart == "uid-7")
        #expect(pod.resources == nil)
    }

    @Test func noContainerOfTheMemberHasPrivilegesOrSecretsInItsEnvironment() throws {
        let spec = try #require(Self.body()["spec"])
        #expect(spec[path: "securityContext", "runAsNonRoot"] == true)
        for container in spec["containers"]?.arrayValue ?? [] {
            let context = try #require(container["securityContext"])
            #expect(context["allowPrivilegeEscalation"] == false)
            #expect(context["readOnlyRootFilesystem"] == true)
            #expect(context[path: "capabilities"] == ["drop": ["ALL"]])
            #expect(container["env"] == nil)
        }
    }
}
