import KubernetesModel
import Testing
import XDB

/// What an operation may ask for, on servers that do not check it themselves.
struct OperationRuleTests {
    struct Line: CustomTestStringConvertible {
        var testDescription: String
        var spec: JSONValue
        /// Words of the complaint; nil when there is none.
        var words: String?
    }

    static let lines = [
        Line(testDescription: "a change", spec: ["group": "orders", "changeLeader": ["to": "auto"]]),
        Line(
            testDescription: "a forced leader",
            spec: ["group": "orders", "forceLeader": ["member": "orders-1", "acceptDataLoss": true]]
        ),
        Line(
            testDescription: "the loss is not spoken of",
            spec: ["group": "orders", "forceLeader": ["member": "orders-1"]],
            words: "a person has to set acceptDataLoss to true"
        ),
        Line(
            testDescription: "the loss is not accepted",
            spec: ["group": "orders", "forceLeader": ["member": "orders-1", "acceptDataLoss": false]],
            words: "although clients saw them succeed"
        ),
        Line(
            testDescription: "nobody is named",
            spec: ["group": "orders", "forceLeader": ["acceptDataLoss": true]],
            words: "member"
        ),
        Line(
            testDescription: "room is made on the own node",
            spec: ["group": "orders", "rebuild": ["member": "orders-1", "mode": "Local", "discardFirst": true]]
        ),
        Line(
            testDescription: "no room is needed on another",
            spec: ["group": "orders", "rebuild": ["member": "orders-1", "mode": "CrossHost", "discardFirst": true]],
            words: "discardFirst makes room on the member's own node"
        ),
        Line(
            testDescription: "less than nothing in a second",
            spec: ["group": "orders", "rebuild": ["member": "orders-1", "bytesPerSecond": "-5Mi"]],
            words: "bytesPerSecond"
        ),
        Line(testDescription: "a node", spec: ["offlineNode": ["node": "n1"]]),
        Line(testDescription: "a node is back", spec: ["recoverNode": ["node": "n1", "restoreLeaders": true]]),
        Line(
            testDescription: "a balance, planned",
            spec: ["balance": ["what": "All", "namespaces": ["shop"], "bytesPerSecond": "50Mi"], "dryRun": true]
        ),
        Line(testDescription: "a balance by default", spec: ["balance": [:], "paused": true]),
        Line(testDescription: "a balance of what is not there", spec: ["balance": ["what": "Loggers"]], words: "what"),
        Line(
            testDescription: "a balance of a group",
            spec: ["group": "orders", "balance": [:]],
            words: "which concern all groups"
        ),
        Line(testDescription: "no node", spec: ["offlineNode": [:]], words: "node"),
        Line(
            testDescription: "a node of a group",
            spec: ["group": "orders", "offlineNode": ["node": "n1"]],
            words: "which concern all groups"
        ),
        Line(
            testDescription: "no group",
            spec: ["changeLeader": ["to": "auto"]],
            words: "the group must be named, but for offlineNode, recoverNode and balance"
        ),
        Line(
            testDescription: "a zone is left for another",
            spec: ["group": "orders", "migrate": ["from": ["zone": "a"], "to": ["zone": "b"]], "dryRun": true]
        ),
        Line(
            testDescription: "a member goes to a node",
            spec: ["group": "orders", "migrate": ["member": "orders-1", "node": "node4"], "paused": true]
        ),
        Line(
            testDescription: "a zone without another",
            spec: ["group": "orders", "migrate": ["from": ["zone": "a"]]],
            words: "either all members of a zone"
        ),
        Line(
            testDescription: "a member and zones",
            spec: [
                "group": "orders",
                "migrate": ["from": ["zone": "a"], "to": ["zone": "b"], "member": "orders-1", "node": "node4"],
            ],
            words: "either all members of a zone"
        ),
        Line(
            testDescription: "to where they are",
            spec: ["group": "orders", "migrate": ["from": ["zone": "a"], "to": ["zone": "a"]]],
            words: "the same zone"
        ),
        Line(
            testDescription: "a dry run of what has no plan",
            spec: ["group": "orders", "changeLeader": ["to": "auto"], "dryRun": true],
            words: "for work that is planned first: migrate or balance"
        ),
        Line(testDescription: "nothing", spec: ["group": "orders"], words: "exactly one kind of work"),
        Line(
            testDescription: "two things",
            spec: [
                "group": "orders", "changeLeader": ["to": "auto"],
                "forceLeader": ["member": "orders-1", "acceptDataLoss": true],
            ],
            words: "exactly one kind of work"
        ),
    ]

    @Test(arguments: lines)
    func isCheckedHereToo(_ line: Line) throws {
        let json: JSONValue = ["metadata": ["name": "x", "namespace": "shop"], "spec": line.spec]
        let operation = try XDBOperation(json: json.json)
        let problems = operation.problems.map(\.description).joined(separator: "; ")
        if let words = line.words {
            #expect(problems.contains(words), "\(problems)")
        } else {
            #expect(operation.problems.isEmpty, "\(problems)")
        }
    }
}
