// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel

/// An XDB-style set of MariaDB members: what the user wants (`spec`) and what is (`status`).
///
/// Reading is lenient: a document with fields of the wrong type is still seen, with the complaints in `problems`.
public struct XDBGroup: KubernetesObject, Hashable {
    public static let resource = ResourceType(
        group: "xdb-operator.github.io",
        version: "v1alpha1",
        kind: "XDBGroup",
        plural: "xdbgroups"
    )

    public var metadata: ObjectMeta
    /// What the user wants.
    public var spec: Spec
    /// What is; written by the operator alone.
    public var status: Status
    /// What could not be read.
    public private(set) var readingProblems: [FieldProblem] = []

    /// Makes a group.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: Spec = Spec(), status: Status = Status()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    public init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "spec": spec = Spec.read(try reader.read(), at: "spec", problems: &readingProblems) ?? Spec()
            case "status": status = Status.read(try reader.read(), at: "status", problems: &readingProblems) ?? Status()
            default: try reader.skipValue()
            }
        }
    }

    /// Everything that is wrong with the spec and the name: what the schema of the custom resource definition, its
    /// rules and the list of forbidden options refuse.
    public var problems: [FieldProblem] {
        var problems = readingProblems.filter { $0.path.hasPrefix("spec") }
        // What could not be read is missing, and must not be complained about twice.
        if problems.isEmpty { problems = spec.problems(at: "spec") }
        problems += ownRuleProblems
        problems += spec.resources.data.excesses(at: "spec.resources.data")
        problems += spec.resources.logger.excesses(at: "spec.resources.logger")
        problems += spec.configuration.sorted { $0.key < $1.key }.compactMap { option, value in
            ServerOption.refusal(of: option, value: value.description).map {
                FieldProblem("spec.configuration.\(option)", $0)
            }
        }
        return problems
    }

    /// Names of groups become parts of the names of Services (`NAME-followers`) and pods (`NAME-15-i999`), and of DNS
    /// labels and label values, none of which may be longer than 63 characters.
    static let rules: [Rule<Self>] = [
        Rule(
            "self.metadata.name.size() <= 40",
            "metadata.name must have at most 40 characters: it becomes part of other names"
        ) { $0.metadata.name.unicodeScalars.count <= 40 },
        Rule(
            "self.metadata.name.matches('\(namePattern.text)')",
            "metadata.name must start with a letter and have only small letters, digits and dashes"
        ) { namePattern.matches($0.metadata.name) },
    ]
    private static let namePattern = Pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$")

    /// What the rules about whole objects say.
    var ownRuleProblems: [FieldProblem] {
        Self.rules.filter { !$0.holds(self) }.map { FieldProblem("", $0.message) }
    }
}

extension XDBGroup: JSONEncodable {
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("apiVersion", Self.resource.apiVersion)
        writer.field("kind", Self.resource.kind)
        writer.field("metadata", metadata)
        writer.field("spec", spec.fieldJSON)
        writer.field("status", status.fieldJSON)
        writer.endObject()
    }
}
