public import KubernetesModel

/// An object of our API whose fields are declared once, in a table.
///
/// Reading, writing, defaults, checks and the schema of the custom resource definition all come from that table, so
/// they cannot disagree.
public protocol Structure: FieldValue {
    /// The value that an empty object stands for; fields marked `.defaulted` get their default from here.
    init()

    /// All fields that we know.
    static var fields: [Field<Self>] { get }

    /// What must hold between fields.
    static var rules: [Rule<Self>] { get }

    /// Fields that we do not know, kept as they came: a newer operator or another program may have written them.
    var unknown: [String: JSONValue] { get set }
}

extension Structure {
    /// Most structures have no rules.
    public static var rules: [Rule<Self>] { [] }

    /// An object of the table's fields.
    public static var schema: Schema { makeSchema() }

    /// The same, for a type that keeps it, since its values are checked often.
    static func makeSchema() -> Schema {
        var schema = Schema(
            .object(fields.map { Schema.Property(name: $0.name, schema: $0.schema(), isRequired: $0.isRequired) })
        )
        schema.validations = rules.map(\.validation)
        return schema
    }

    /// Reads the known fields, and keeps the others.
    public static func read(_ json: JSONValue, at path: String, problems: inout [FieldProblem]) -> Self? {
        guard var values = json.objectValue else { return mismatch(at: path, &problems) }
        var structure = Self()
        for field in fields {
            guard let value = values.removeValue(forKey: field.name), value != .null else { continue }
            field.read(&structure, value, path.field(field.name), &problems)
        }
        structure.unknown = values
        return structure
    }

    /// The known fields laid over the unknown ones.
    public var fieldJSON: JSONValue? {
        var values = unknown
        for field in Self.fields { values[field.name] = field.write(self) }
        return .object(values)
    }

    /// What the rules here and in the structures inside say.
    public func ruleProblems(at path: String) -> [FieldProblem] {
        Self.fields.flatMap { $0.ruleProblems(self, path.field($0.name)) }
            + Self.rules.filter { !$0.holds(self) }.map { FieldProblem(path, $0.message) }
    }

    /// Everything that is wrong, by schema and by rules, for servers that check neither.
    ///
    /// Rules are about values that fit the schema, here as there.
    public func problems(at path: String) -> [FieldProblem] {
        let problems = Self.schema.problems(in: fieldJSON ?? [:], at: path)
        return problems.isEmpty ? ruleProblems(at: path) : problems
    }
}

/// One field of a structure: where it is in the type, what it is called in JSON, and what may be in it.
public struct Field<Owner: Structure>: Sendable {
    /// The name in JSON.
    public let name: String
    /// True when an object without it is refused.
    public let isRequired: Bool
    let schema: @Sendable () -> Schema
    let read: @Sendable (inout Owner, JSONValue, String, inout [FieldProblem]) -> Void
    let write: @Sendable (Owner) -> JSONValue?
    let ruleProblems: @Sendable (Owner, String) -> [FieldProblem]

    /// Declares a field.
    public init<Value: FieldValue>(
        _ name: String,
        _ path: any WritableKeyPath<Owner, Value> & Sendable,
        _ limits: Limit...,
        description: String
    ) {
        self.name = name
        self.isRequired = limits.contains(.required)
        self.schema = {
            var schema = Value.schema
            schema.description = description
            for limit in limits { limit.apply(to: &schema) }
            // A default of an object is written empty: its own fields have theirs.
            if limits.contains(.defaulted) {
                if case .object = schema.shape {
                    schema.defaultValue = [:]
                } else {
                    schema.defaultValue = Owner()[keyPath: path].fieldJSON
                }
            }
            return schema
        }
        self.read = { owner, json, place, problems in
            if let value = Value.read(json, at: place, problems: &problems) { owner[keyPath: path] = value }
        }
        self.write = { $0[keyPath: path].fieldJSON }
        self.ruleProblems = { $0[keyPath: path].ruleProblems(at: $1) }
    }
}

/// What a field adds to the schema of its type.
public enum Limit: Hashable, Sendable {
    /// An object without the field is refused.
    case required
    /// The server fills in the value that the type's `init()` has.
    case defaulted
    case range(ClosedRange<Int>)
    case minimum(Int)
    case length(ClosedRange<Int>)
    case pattern(String)
    case count(atMost: Int)
    case list(Schema.ListType)
    /// The limits of every element of a list or value of a map.
    case each(length: ClosedRange<Int>)

    func apply(to schema: inout Schema) {
        switch self {
        case .required, .defaulted: break
        case .range(let range):
            schema.minimum = range.lowerBound
            schema.maximum = range.upperBound
        case .minimum(let value): schema.minimum = value
        case .length(let range):
            schema.minimumLength = range.lowerBound
            schema.maximumLength = range.upperBound
        case .pattern(let pattern): schema.pattern = Pattern(pattern)
        case .count(let count): schema.maximumCount = count
        case .list(let type): schema.listType = type
        case .each(let range):
            switch schema.shape {
            case .array(var element):
                Limit.length(range).apply(to: &element)
                schema.shape = .array(of: element)
            case .map(var value):
                Limit.length(range).apply(to: &value)
                schema.shape = .map(of: value)
            default: break
            }
        }
    }
}

/// What must hold between the fields of a structure, or of a whole object: once for servers that know the Common
/// Expression Language, and once in Swift for those that do not.
///
/// `hack/cel/check` holds one against the other.
public struct Rule<Owner>: Sendable {
    /// The rule as the server evaluates it; `self` is the structure or the object.
    public let expression: String
    /// What must hold and what to do, in words.
    public let message: String
    /// The same rule in Swift.
    ///
    /// A rule about a change (`oldSelf`) holds here; it is checked against recorded state.
    public let holds: @Sendable (Owner) -> Bool

    /// Declares a rule over the fields of one value.
    public init(_ expression: String, _ message: String, holds: @escaping @Sendable (Owner) -> Bool) {
        self.expression = expression
        self.message = message
        self.holds = holds
    }

    /// Declares a rule about a change, which only the server can see.
    public init(change expression: String, _ message: String) {
        self.init(expression, message) { _ in true }
    }

    /// The rule as a custom resource definition has it.
    var validation: Schema.Validation { Schema.Validation(rule: expression, message: message) }
}
