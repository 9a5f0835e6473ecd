// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel

/// A type that a field of our kinds can have.
public protocol FieldValue: Hashable, Sendable {
    /// What the field's JSON looks like, before the field adds limits of its own.
    static var schema: Schema { get }

    /// Reads the value. What does not fit is added to the problems, with nil or a partial value as the result: one bad
    /// field must not hide the others, nor stop the operator from seeing the object.
    static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Self?

    /// The value as JSON; nil when the field is to be left out.
    var fieldJSON: JSONValue? { get }

    /// What the rules of the structures inside say.
    func ruleProblems(at path: String) -> [FieldProblem]
}

extension FieldValue {
    /// Plain values have no rules.
    public func ruleProblems(at path: String) -> [FieldProblem] { [] }

    /// The complaint about JSON of the wrong type.
    static func mismatch(at path: String, _ problems: inout [FieldProblem]) -> Self? {
        problems += schema.problems(in: .null, at: path)
        return nil
    }
}

extension String: FieldValue {
    public static var schema: Schema { Schema(.string) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> String? {
        json.stringValue ?? mismatch(at: path, &problems)
    }

    public var fieldJSON: JSONValue? { .string(self) }
}

extension Bool: FieldValue {
    public static var schema: Schema { Schema(.boolean) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Bool? {
        json.boolValue ?? mismatch(at: path, &problems)
    }

    public var fieldJSON: JSONValue? { .bool(self) }
}

extension Int: FieldValue {
    public static var schema: Schema {
        var schema = Schema(.integer)
        schema.format = "int64"
        return schema
    }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Int? {
        json.integerValue.map { Int($0) } ?? mismatch(at: path, &problems)
    }

    public var fieldJSON: JSONValue? { .int(self) }
}

extension Epoch: FieldValue {
    public static var schema: Schema {
        var schema = Schema(.integer)
        schema.format = "int64"
        schema.minimum = 0
        return schema
    }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Epoch? {
        json.integerValue.flatMap { UInt32(exactly: $0) }.map { Epoch(rawValue: $0) } ?? mismatch(at: path, &problems)
    }

    public var fieldJSON: JSONValue? { .int(rawValue) }
}

extension Position: FieldValue {
    public static var schema: Schema { Schema(.string) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Position? {
        if let position = json.stringValue.flatMap({ Position($0) }) { return position }
        problems.append(FieldProblem(path, "is not a position; it must be EPOCH/SEQUENCE"))
        return nil
    }

    public var fieldJSON: JSONValue? { .string(description) }
}

extension Time: FieldValue {
    public static var schema: Schema {
        var schema = Schema(.string)
        schema.format = "date-time"
        return schema
    }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Time? {
        if let time = json.stringValue.flatMap({ Time($0) }) { return time }
        problems.append(FieldProblem(path, "is not a time; it must be like 2025-03-01T12:00:00Z"))
        return nil
    }

    public var fieldJSON: JSONValue? { .string(description) }
}

extension MicroTime: FieldValue {
    public static var schema: Schema { Time.schema }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> MicroTime? {
        Time.read(json, at: path, problems: &problems).map { MicroTime($0) }
    }

    public var fieldJSON: JSONValue? { JSONValue(self) }
}

extension Quantity: FieldValue {
    public static var schema: Schema {
        var schema = Schema(.integerOrString)
        schema.pattern = Pattern(#"^[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$"#)
        return schema
    }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Quantity? {
        let text = json.stringValue ?? json.integerValue.map { String($0) }
        if let quantity = text.flatMap({ Quantity($0) }) { return quantity }
        problems.append(FieldProblem(path, "is not a quantity; write an amount with a unit, for example 100Gi or 500m"))
        return nil
    }

    public var fieldJSON: JSONValue? { .string(description) }
}

extension Condition: FieldValue {
    public static var schema: Schema {
        func text(_ description: String) -> Schema {
            var schema = Schema(.string)
            schema.description = description
            return schema
        }
        var status = text("True, False or Unknown.")
        status.values = ["True", "False", "Unknown"]
        var time = Time.schema
        time.description = "When the status changed last."
        var generation = Int.schema
        generation.description = "The metadata.generation that this was found for."
        return Schema(
            .object([
                .init(name: "type", schema: text("The aspect, in CamelCase."), isRequired: true),
                .init(name: "status", schema: status, isRequired: true),
                .init(name: "reason", schema: text("Why, for programs, in CamelCase."), isRequired: true),
                .init(name: "message", schema: text("Why, and what to do, for people."), isRequired: false),
                .init(name: "observedGeneration", schema: generation, isRequired: false),
                .init(name: "lastTransitionTime", schema: time, isRequired: false),
            ])
        )
    }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Condition? {
        do {
            return try json.decoded()
        } catch {
            problems.append(FieldProblem(path, "is not a condition: \(error)"))
            return nil
        }
    }

    public var fieldJSON: JSONValue? { JSONValue(self) }
}

/// A field whose text is one of a few words.
public protocol FieldChoice: FieldValue, RawRepresentable<String>, CaseIterable {}

extension FieldChoice {
    /// A string that is one of the cases.
    public static var schema: Schema {
        var schema = Schema(.string)
        schema.values = allCases.map(\.rawValue)
        return schema
    }

    /// Reads the case of this name.
    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Self? {
        if let value = json.stringValue.flatMap({ Self(rawValue: $0) }) { return value }
        problems += schema.problems(in: json, at: path)
        return nil
    }

    /// The name of the case.
    public var fieldJSON: JSONValue? { .string(rawValue) }
}

extension Optional: FieldValue where Wrapped: FieldValue {
    public static var schema: Schema { Wrapped.schema }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Wrapped?? {
        json == .null ? .some(nil) : Wrapped.read(json, at: path, problems: &problems).map { .some($0) }
    }

    public var fieldJSON: JSONValue? { self?.fieldJSON }

    public func ruleProblems(at path: String) -> [FieldProblem] { self?.ruleProblems(at: path) ?? [] }
}

extension Array: FieldValue where Element: FieldValue {
    public static var schema: Schema { Schema(.array(of: Element.schema)) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> [Element]? {
        guard let values = json.arrayValue else { return mismatch(at: path, &problems) }
        return values.enumerated().compactMap { Element.read($1, at: path.element($0), problems: &problems) }
    }

    /// Empty lists are left out.
    public var fieldJSON: JSONValue? { isEmpty ? nil : .array(compactMap(\.fieldJSON)) }

    public func ruleProblems(at path: String) -> [FieldProblem] {
        enumerated().flatMap { $1.ruleProblems(at: path.element($0)) }
    }
}

extension Dictionary: FieldValue where Key == String, Value: FieldValue {
    public static var schema: Schema { Schema(.map(of: Value.schema)) }

    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> [String: Value]? {
        guard let values = json.objectValue else { return mismatch(at: path, &problems) }
        var read: [String: Value] = [:]
        for (key, value) in values {
            read[key] = Value.read(value, at: path.field(key), problems: &problems)
        }
        return read
    }

    /// Empty maps are left out.
    public var fieldJSON: JSONValue? { isEmpty ? nil : .object(compactMapValues(\.fieldJSON)) }

    public func ruleProblems(at path: String) -> [FieldProblem] {
        self.sorted { $0.key < $1.key }.flatMap { $1.ruleProblems(at: path.field($0)) }
    }
}
