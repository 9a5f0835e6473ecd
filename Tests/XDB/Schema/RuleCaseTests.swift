import Foundation
import KubernetesModel
import Testing

@testable import XDB

/// Objects, with what the rules in Swift say of each: `hack/cel/check` has the expressions in the custom resource
/// definitions evaluated on the same objects, and compares.
struct RuleCaseTests {
    /// A kind with rules.
    struct Kind: Sendable {
        var resource: ResourceType
        var spec: Schema
        var status: Schema
        /// The rules about whole objects.
        var rules: [Schema.Validation] = []
        /// What the rules in Swift refuse of an object.
        var refusals: @Sendable (JSONValue) throws -> [FieldProblem]

        /// An object as a user would write it: without defaults.
        func object(_ fields: JSONValue) -> JSONValue {
            let names: JSONValue = [
                "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind),
                "metadata": ["name": "orders", "namespace": "shop"],
            ]
            return names.merging(fields)
        }

        /// The server evaluates rules only on what fits the schema.
        func fits(_ object: JSONValue) -> Bool {
            spec.problems(in: object["spec"] ?? .null, at: "spec").isEmpty
                && status.problems(in: object["status"] ?? [:], at: "status").isEmpty
        }
    }

    /// One object, as it is made, or as it replaces an old one.
    struct Case {
        var object: JSONValue
        var old: JSONValue = .null
        var refusals: [String]

        init(_ kind: Kind, _ object: JSONValue, replacing old: JSONValue = .null, refused change: String? = nil) throws
        {
            self.object = object
            self.old = old
            refusals = try kind.refusals(object).map(\.description) + [change].compactMap(\.self)
        }

        var json: JSONValue {
            ["object": object, "old": old, "refusals": .array(refusals.map { .string($0) })]
        }
    }

    static let group = Kind(
        resource: XDBGroup.resource,
        spec: XDBGroup.Spec.schema,
        status: XDBGroup.Status.schema,
        rules: XDBGroup.rules.map(\.validation)
    ) {
        let group = try XDBGroup(json: $0.json)
        return group.spec.ruleProblems(at: "spec") + group.status.ruleProblems(at: "status") + group.ownRuleProblems
    }

    static let operation = Kind(
        resource: XDBOperation.resource,
        spec: XDBOperation.Spec.schema,
        status: XDBOperation.Status.schema
    ) {
        let operation = try XDBOperation(json: $0.json)
        return operation.spec.ruleProblems(at: "spec") + operation.status.ruleProblems(at: "status")
    }

    /// With `XDB_RULE_CASES` in the environment the test writes the cases into the file of this name, one in a line.
    @Test func everyRuleIsBroken() throws {
        var lines = ""
        for (kind, written, changes) in [
            (Self.group, Self.writtenGroups, RuleChange.groups),
            (Self.operation, Self.writtenOperations, RuleChange.operations),
        ] {
            var cases = try written.map { kind.object($0) }.filter { kind.fits($0) }.map { try Case(kind, $0) }
            cases += try changes.map { change in
                let old = kind.object(change.old)
                #expect(kind.fits(old.merging(change.patch)), "\(change)")
                return try Case(kind, old.merging(change.patch), replacing: old, refused: change.refusal)
            }
            cases += try randomCases(of: kind)
            for rule in kind.rules + kind.spec.allRules + kind.status.allRules {
                let isBroken = cases.contains { $0.refusals.contains { $0.hasSuffix(rule.message) } }
                #expect(isBroken, "nothing breaks this rule; add a row, or a word to the random objects: \(rule)")
            }
            lines += cases.map { $0.json.description + "\n" }.joined()
        }
        if let file = ProcessInfo.processInfo.environment["XDB_RULE_CASES"] {
            try Data(lines.utf8).write(to: URL(filePath: file))
        }
    }

    /// What the other tests have, as far as it fits the schema.
    private static let writtenGroups: [JSONValue] =
        XDBGroupTests.cases.map { .object(["spec": $0.spec]) }
        + XDBGroupTests.wrongNames.map {
            .object(["metadata": .object(["name": .string($0)]), "spec": RuleChange.onHosts])
        }
        + (0..<11).map { .object(["spec": RuleChange.onHosts.merging(members(withLearnersIn: $0))]) }
    /// Three voters and as many sets of learners as there may be, one of which is too large.
    private static func members(withLearnersIn large: Int) -> JSONValue {
        let sets = (0..<11).map { JSONValue.object(["name": "s\($0)", "replicas": $0 == large ? 14 : 0]) }
        return ["members": ["learners": .array(sets)]]
    }
    private static let writtenOperations: [JSONValue] = OperationRuleTests.lines.map { .object(["spec": $0.spec]) }

    /// Objects at random, of which half are written again as they are: no rule about changes may refuse that.
    private func randomCases(of kind: Kind) throws -> [Case] {
        var random = RandomObjects(seed: 1)
        return try (0..<300).map { _ in
            var object = kind.object(["spec": random.object(of: kind.spec)])
            if kind.status.hasRules { object["status"] = random.object(of: kind.status, rulesOnly: true) }
            #expect(kind.fits(object), "\(object)")
            return try Case(kind, object, replacing: random.pick([.null, object]))
        }
    }
}
