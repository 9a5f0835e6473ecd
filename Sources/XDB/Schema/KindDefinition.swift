import KubernetesModel

/// What a custom resource definition says of one of our kinds, besides what every one of them says.
struct KindDefinition {
    /// A column of `kubectl get`.
    struct Column {
        var name: String
        var type = "string"
        var path: String
        var description: String
        /// Shown only with `-o wide`.
        var isWide = false

        fileprivate var json: JSONValue {
            var column: JSONValue = [
                "name": .string(name), "type": .string(type), "jsonPath": .string(path),
                "description": .string(description),
            ]
            if isWide { column["priority"] = 1 }
            return column
        }
    }

    var resource: ResourceType
    var singular: String
    var shortNames: [String]
    var categories: [String]
    /// For `kubectl explain`.
    var description: String
    var spec: Schema
    var status: Schema
    var validations: [Schema.Validation] = []
    var columns: [Column]

    /// The custom resource definition.
    var json: JSONValue {
        [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(resource.plural).\(resource.group)")],
            "spec": [
                "group": .string(resource.group),
                "scope": "Namespaced",
                "names": [
                    "kind": .string(resource.kind),
                    "listKind": .string("\(resource.kind)List"),
                    "plural": .string(resource.plural),
                    "singular": .string(singular),
                    "shortNames": .array(shortNames.map { .string($0) }),
                    "categories": .array(categories.map { .string($0) }),
                ],
                "versions": [
                    [
                        "name": .string(resource.version),
                        "served": true,
                        "storage": true,
                        "subresources": ["status": [:]],
                        "additionalPrinterColumns": .array(columns.map(\.json)),
                        "schema": ["openAPIV3Schema": schema.json],
                    ]
                ],
            ],
        ]
    }

    /// The schema of whole objects.
    private var schema: Schema {
        func text(_ description: String) -> Schema {
            var schema = Schema(.string)
            schema.description = description
            return schema
        }
        var spec = spec
        spec.description = "What is wanted."
        var status = status
        status.description = "What is; written by the operator."
        var schema = Schema(
            .object([
                .init(name: "apiVersion", schema: text("The version of this kind."), isRequired: false),
                .init(name: "kind", schema: text("\(resource.kind)."), isRequired: false),
                .init(name: "metadata", schema: Schema(.object([])), isRequired: false),
                .init(name: "spec", schema: spec, isRequired: true),
                .init(name: "status", schema: status, isRequired: false),
            ])
        )
        schema.description = description
        schema.validations = validations
        return schema
    }
}
