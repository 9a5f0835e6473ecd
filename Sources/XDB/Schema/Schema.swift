// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel

/// The part of OpenAPI that structural schemas of custom resources are written in.
///
/// One value serves three ends: it is rendered into the custom resource definition, it fills in defaults, and it finds
/// what is wrong with a document on servers that do not check everything themselves.
public struct Schema: Hashable, Sendable {
    /// What JSON is expected.
    public indirect enum Shape: Hashable, Sendable {
        case string
        case integer
        case number
        case boolean
        /// A quantity or an option's value: `500`, `"1G"`.
        case integerOrString
        /// Any object; nothing inside is checked or dropped.
        case anyObject
        case array(of: Schema)
        case map(of: Schema)
        case object([Property])
    }

    /// A named field of an object.
    public struct Property: Hashable, Sendable {
        public var name: String
        public var schema: Schema
        public var isRequired: Bool
    }

    /// A rule in the Common Expression Language, evaluated by servers from 1.25 on.
    public struct Validation: Hashable, Sendable {
        public var rule: String
        public var message: String
    }

    /// How the elements of a list are told apart when two writers change it.
    public enum ListType: Hashable, Sendable {
        case atomic
        case set
        case map(key: String)
    }

    public var shape: Shape
    /// For `kubectl explain`.
    public var description = ""
    public var defaultValue: JSONValue?
    public var minimum: Int?
    public var maximum: Int?
    public var minimumLength: Int?
    public var maximumLength: Int?
    /// For strings, what must be found in them; anchored by itself.
    public var pattern: Pattern?
    /// For strings, the only values.
    public var values: [String] = []
    public var maximumCount: Int?
    public var listType: ListType?
    public var format: String?
    public var validations: [Validation] = []

    /// A schema without limits.
    public init(_ shape: Shape) {
        self.shape = shape
    }

    /// The schema as a custom resource definition has it.
    public var json: JSONValue {
        var fields: [String: JSONValue] = [:]
        if !description.isEmpty { fields["description"] = .string(description) }
        fields["default"] = defaultValue
        fields["minimum"] = minimum.map { .int($0) }
        fields["maximum"] = maximum.map { .int($0) }
        fields["minLength"] = minimumLength.map { .int($0) }
        fields["maxLength"] = maximumLength.map { .int($0) }
        fields["pattern"] = pattern.map { .string($0.text) }
        fields["format"] = format.map { .string($0) }
        if !values.isEmpty { fields["enum"] = .array(values.map { .string($0) }) }
        switch shape {
        case .string: fields["type"] = "string"
        case .integer: fields["type"] = "integer"
        case .number: fields["type"] = "number"
        case .boolean: fields["type"] = "boolean"
        case .integerOrString: fields["x-kubernetes-int-or-string"] = true
        case .anyObject:
            fields["type"] = "object"
            fields["x-kubernetes-preserve-unknown-fields"] = true
        case .array(let element):
            fields["type"] = "array"
            fields["items"] = element.json
            fields["maxItems"] = maximumCount.map { .int($0) }
        case .map(let value):
            fields["type"] = "object"
            fields["additionalProperties"] = value.json
            fields["maxProperties"] = maximumCount.map { .int($0) }
        case .object(let properties):
            fields["type"] = "object"
            fields["properties"] = .object(
                Dictionary(properties.map { ($0.name, $0.schema.json) }, uniquingKeysWith: { $1 })
            )
            let required = properties.filter(\.isRequired).map(\.name)
            if !required.isEmpty { fields["required"] = .array(required.map { .string($0) }) }
        }
        switch listType {
        case nil: break
        case .atomic: fields["x-kubernetes-list-type"] = "atomic"
        case .set: fields["x-kubernetes-list-type"] = "set"
        case .map(let key):
            fields["x-kubernetes-list-type"] = "map"
            fields["x-kubernetes-list-map-keys"] = [.string(key)]
        }
        if !validations.isEmpty {
            fields["x-kubernetes-validations"] = .array(
                validations.map { ["rule": .string($0.rule), "message": .string($0.message)] }
            )
        }
        return .object(fields)
    }
}
