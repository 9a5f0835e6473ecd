import KubernetesModel
import Testing

@testable import XDB

/// Draws objects that fit a schema, of few words, so that values often meet.
struct RandomObjects {
    private var generator: SeededGenerator
    private static let words = ["a", "b", "orders-1", "/var/lib/xdb", "0", "1", "500m", "1Gi", "2e3"]
    /// How likely a field is there that need not be; drawn for each object anew, so that there are sparse ones and full ones.
    private var density = 0.5

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// An object of this schema; with `rulesOnly` it has no more than what rules are about.
    mutating func object(of schema: Schema, rulesOnly: Bool = false) -> JSONValue {
        density = rulesOnly ? 0 : pick([0.1, 0.5, 0.9])
        return value(of: schema)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &generator)]
    }

    private mutating func value(of schema: Schema) -> JSONValue {
        switch schema.shape {
        case .boolean:
            return .bool(pick([true, false]))
        case .integer, .number:
            let least = schema.minimum ?? -1
            return .int(Int.random(in: least...min(schema.maximum ?? .max, least + 15), using: &generator))
        case .string where schema.format == "date-time":
            return pick(["2025-03-01T12:00:00Z", "2025-03-01T12:00:01Z"])
        case .string:
            return word(of: schema)
        case .integerOrString:
            return pick([word(of: schema), .integer(0), .integer(1), .integer(2000)])
        case .anyObject:
            return [:]
        case .array(let element):
            var seen: Set<JSONValue> = []
            let values = (0..<count(of: schema)).map { _ in value(of: element) }
            return .array(values.filter { seen.insert(schema.listType.identity(of: $0)).inserted })
        case .map(let element):
            let keys = (0..<count(of: schema)).map { _ in pick(["a", "b", "cpu", "memory"]) }
            return .object(Dictionary(keys.map { ($0, value(of: element)) }, uniquingKeysWith: { $1 }))
        case .object(let properties):
            var fields: [String: JSONValue] = [:]
            for property in properties {
                let likelihood = property.schema.hasRules ? max(density, 0.5) : density
                guard property.isRequired || Double.random(in: 0..<1, using: &generator) < likelihood else { continue }
                fields[property.name] = value(of: property.schema)
            }
            return .object(fields)
        }
    }

    private mutating func word(of schema: Schema) -> JSONValue {
        let fitting = (schema.values + Self.words).filter { schema.problems(in: .string($0), at: "").isEmpty }
        guard !fitting.isEmpty else {
            Issue.record("no word fits '\(schema.description)': add one to the words")
            return .null
        }
        return .string(pick(fitting))
    }

    private mutating func count(of schema: Schema) -> Int {
        Int.random(in: 0...min(3, schema.maximumCount ?? 3), using: &generator)
    }
}

extension Schema.ListType? {
    /// What must not be in the list twice.
    fileprivate func identity(of element: JSONValue) -> JSONValue {
        if case .map(let key)? = self { element[key] ?? .null } else { element }
    }
}

extension Schema {
    /// The rules here and further inside.
    var allRules: [Validation] {
        let inner: [Validation] =
            switch shape {
            case .array(let element): element.allRules
            case .map(let value): value.allRules
            case .object(let properties): properties.flatMap(\.schema.allRules)
            default: []
            }
        return validations + inner
    }

    var hasRules: Bool { !allRules.isEmpty }
}
