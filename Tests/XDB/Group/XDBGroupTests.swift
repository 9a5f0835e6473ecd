import KubernetesModel
import Testing

@testable import XDB

struct XDBGroupTests {
    private static let smallest = """
        {"apiVersion": "xdb-operator.github.io/v1alpha1", "kind": "XDBGroup",
         "metadata": {"name": "orders", "namespace": "shop", "uid": "u-1", "generation": 2},
         "spec": {"image": "engine:1", "storage": {"hostPath": {"path": "/var/lib/xdb"}}}}
        """

    @Test func theSmallestGroupHasTheDefaults() throws {
        let group = try XDBGroup(json: Self.smallest)
        #expect(group.problems == [])
        #expect(group.spec.members.candidates == 2)
        #expect(group.spec.members.loggers == 1)
        #expect(group.spec.failover.unreachableSeconds == 3)
        #expect(group.spec.storage.onDelete == .delete)
        #expect(!group.spec.paused)
        #expect(group.status.epoch == .none)
    }

    @Test func unknownFieldsSurviveARoundTrip() throws {
        let text = """
            {"metadata": {"name": "orders"},
             "spec": {"image": "e", "upkeep": {"mode": "Automatic"}, "storage": {"hostPath": {"path": "/a", "x": 1}},
                      "members": {"candidates": 1, "loggers": 0, "arbiters": 2}},
             "status": {"epoch": 3, "dues": [{"node": "n"}], "members": [{"name": "orders-0", "ordinal": 0,
                        "kind": "Candidate", "mood": "good"}]}}
            """
        let group = try XDBGroup(json: text)
        let json = JSONValue(group)
        #expect(json[path: "spec", "upkeep", "mode"] == "Automatic")
        #expect(json[path: "spec", "storage", "hostPath", "x"] == 1)
        #expect(json[path: "spec", "members", "arbiters"] == 2)
        #expect(json[path: "status", "dues"] == [["node": "n"]])
        #expect(json[path: "status", "members"]?[0]?["mood"] == "good")
        #expect(try XDBGroup(json: group.json) == group)
    }

    @Test func aWholeStatusSurvivesARoundTrip() throws {
        var status = XDBGroup.Status()
        status.leader = "orders-1"
        status.epoch = Epoch(rawValue: 7)
        var record = XDBGroup.EpochRecord()
        record.epoch = status.epoch
        record.leader = "orders-1"
        record.voters = ["orders-0", "orders-1", "orders-2"]
        record.start = Position(epoch: Epoch(rawValue: 6), sequence: 41)
        record.source = "orders-2"
        record.time = Time("2025-03-01T12:00:00Z")
        record.reason = "because"
        status.epochs = [record]
        var member = XDBGroup.MemberStatus()
        member.name = "orders-1"
        member.ordinal = 1
        member.role = .leader
        member.health = .healthy
        member.position = Position(epoch: Epoch(rawValue: 7), sequence: 99)
        member.lagSeconds = 5
        status.members = [member]
        status.conditions = [Condition("Ready", .true, reason: "AsWanted", message: "m", observedGeneration: 3)]
        let group = XDBGroup(metadata: ObjectMeta(name: "orders", namespace: "shop"), status: status)
        #expect(try XDBGroup(json: group.json).status == status)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var spec: JSONValue
        var path: String
        var words: String

        init(_ patch: JSONValue, _ path: String, _ words: String) {
            spec = (["image": "e", "storage": ["hostPath": ["path": "/var/lib/xdb"]]] as JSONValue).merging(patch)
            self.path = path
            self.words = words
        }

        var testDescription: String { "\(path) \(words)" }
    }

    static let cases = [
        Case(["image": nil], "spec.image", "set it"),
        Case(["image": ""], "spec.image", "set it"),
        Case(["image": 5], "spec.image", "must be a string"),
        Case(["members": ["candidates": 2, "loggers": 0]], "spec.members", "1, 3 or 5"),
        Case(["members": ["candidates": 2, "loggers": 2]], "spec.members", "1, 3 or 5"),
        Case(["members": ["candidates": 0, "loggers": 3]], "spec.members.candidates", "use 1 or more"),
        Case(["members": ["candidates": 6]], "spec.members.candidates", "use 5 or less"),
        Case(["members": ["candidates": "two"]], "spec.members.candidates", "must be an integer"),
        Case(["members": ["learners": [["name": "w", "replicas": 14]]]], "spec.members", "at most 16"),
        Case(
            ["members": ["learners": [["name": "w"], ["name": "w"]]]],
            "spec.members.learners[1]",
            "repeats the name"
        ),
        Case(["members": ["learners": [["name": "West"]]]], "spec.members.learners[0].name", "must match"),
        Case(["members": ["learners": [["replicas": 1]]]], "spec.members.learners[0].name", "set it"),
        Case(["storage": ["volumeClaim": ["size": "1Gi"]]], "spec.storage", "exactly one of"),
        Case(["storage": ["hostPath": nil]], "spec.storage", "exactly one of"),
        Case(["storage": ["hostPath": ["path": "relative"]]], "spec.storage.hostPath.path", "must match"),
        Case(["storage": ["hostPath": ["path": "/a/../b"]]], "spec.storage.hostPath.path", "must match"),
        Case(
            ["storage": ["hostPath": nil, "volumeClaim": ["size": "big"]]],
            "spec.storage.volumeClaim.size",
            "quantity"
        ),
        Case(["storage": ["hostPath": nil, "volumeClaim": ["size": 0]]], "spec.storage.volumeClaim", "more than 0"),
        Case(
            ["storage": ["hostPath": nil, "volumeClaim": ["size": "0Gi"]]],
            "spec.storage.volumeClaim",
            "more than 0"
        ),
        Case(
            ["storage": ["hostPath": nil, "volumeClaim": ["size": "-1Gi"]]],
            "spec.storage.volumeClaim.size",
            "must match"
        ),
        Case(
            ["resources": ["data": ["requests": ["cpu": 1, "memory": "2Gi"], "limits": ["memory": "1536Mi"]]]],
            "spec.resources.data.requests.memory",
            "is 2Gi, and the limit is 1536Mi"
        ),
        Case(
            ["resources": ["logger": ["requests": ["cpu": "1500m"], "limits": ["cpu": 1]]]],
            "spec.resources.logger.requests.cpu",
            "is 1500m, and the limit is 1"
        ),
        Case(["storage": ["onDelete": "Forget"]], "spec.storage.onDelete", "use one of Delete, Retain"),
        Case(["failover": ["unreachableSeconds": 0]], "spec.failover.unreachableSeconds", "use 1 or more"),
        Case(["configuration": ["sync_binlog": 0]], "spec.configuration.sync_binlog", "must not be set"),
        Case(["configuration": ["slow_query_log": true]], "spec.configuration.slow_query_log", "quotes"),
        Case(
            ["placement": ["tolerations": [["operator": "Maybe"]]]],
            "spec.placement.tolerations[0].operator",
            "use one"
        ),
    ]

    @Test(arguments: cases)
    func whatIsWrongIsNamedWithItsRemedy(_ row: Case) throws {
        let group = try XDBGroup(json: (["metadata": ["name": "orders"], "spec": row.spec] as JSONValue).json)
        let problem = try #require(group.problems.first { $0.path == row.path }, "\(group.problems)")
        #expect(problem.message.contains(row.words))
        #expect(group.problems.count == 1, "\(group.problems)")
    }

    /// What Kubernetes takes is taken: a little is more than nothing, and equal amounts are written in many ways.
    @Test(arguments: ["1", "0.5Gi", "1Ki", "100Gi"])
    func amountsThatFitAreFine(_ size: String) throws {
        var group = try XDBGroup(json: Self.smallest)
        group.spec.storage.hostPath = nil
        var claim = XDBGroup.VolumeClaim()
        claim.size = try #require(Quantity(size))
        group.spec.storage.volumeClaim = claim
        group.spec.resources.data.requests = ["cpu": Quantity(1), "memory": try #require(Quantity("1Gi"))]
        group.spec.resources.data.limits = ["memory": try #require(Quantity("1024Mi"))]
        #expect(group.problems == [])
    }

    /// The same rule, as servers evaluate it.
    @Test(arguments: [
        ("0", false), ("0Gi", false), ("+0.00Mi", false), ("0e5", false), (".0", false), ("1", true), ("0.5Gi", true),
        ("+10", true), ("100Gi", true), (".05Ti", true), ("5e3", true),
    ])
    func theRuleAboutSizesReadsThemAsTheOperatorDoes(_ text: String, _ isFine: Bool) throws {
        let expression = try #require(XDBGroup.VolumeClaim.rules.first?.expression)
        let pattern = try #require(expression.split(separator: "'").dropFirst().first)
        let size = try #require(Quantity(text))
        #expect(Pattern(String(pattern)).matches(text) == isFine)
        #expect((size > Quantity(0)) == isFine)
    }

    static let wrongNames = [
        "Orders", "1st", "a.b", "-a", "a-", "", "a\n", "\u{e4}", String(repeating: "a", count: 41),
    ]

    @Test(arguments: wrongNames)
    func namesThatWouldNotFitElsewhereAreRefused(_ name: String) throws {
        var group = try XDBGroup(json: Self.smallest)
        group.metadata.name = name
        #expect(group.problems.count == 1)
        #expect(group.problems.first?.message.contains("metadata.name must") == true)
    }

    @Test func oneAndThreeAndFiveVotersWithLearnersAreFine() throws {
        for (candidates, loggers) in [(1, 0), (2, 1), (3, 0), (1, 2), (3, 2), (5, 0), (1, 4)] {
            var group = try XDBGroup(json: Self.smallest)
            group.spec.members.candidates = candidates
            group.spec.members.loggers = loggers
            var set = XDBGroup.LearnerSet()
            set.name = "west"
            set.replicas = 11
            group.spec.members.learners = [set]
            #expect(group.problems == [])
        }
    }
}
