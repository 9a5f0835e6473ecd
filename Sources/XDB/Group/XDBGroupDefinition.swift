public import KubernetesModel

extension XDBGroup {
    /// The custom resource definition of this kind, made from the same tables that read and check its objects.
    public static var customResourceDefinition: JSONValue {
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
                    "singular": "xdbgroup",
                    "shortNames": ["xdb"],
                    "categories": ["all", "mariadb"],
                ],
                "versions": [
                    [
                        "name": .string(resource.version),
                        "served": true,
                        "storage": true,
                        "subresources": ["status": [:]],
                        "additionalPrinterColumns": .array(printerColumns.map(\.json)),
                        "schema": ["openAPIV3Schema": schema.json],
                    ]
                ],
            ],
        ]
    }

    /// The schema of whole objects.
    private static var schema: Schema {
        func text(_ description: String) -> Schema {
            var schema = Schema(.string)
            schema.description = description
            return schema
        }
        var spec = Spec.schema
        spec.description = "What is wanted."
        var status = Status.schema
        status.description = "What is; written by the operator."
        var schema = Schema(
            .object([
                .init(name: "apiVersion", schema: text("The version of this kind."), isRequired: false),
                .init(name: "kind", schema: text("XDBGroup."), isRequired: false),
                .init(name: "metadata", schema: Schema(.object([])), isRequired: false),
                .init(name: "spec", schema: spec, isRequired: true),
                .init(name: "status", schema: status, isRequired: false),
            ])
        )
        schema.description =
            "A group of MariaDB servers with one leader, followers, and loggers that keep only the log and vote. A commit "
            + "succeeds when a majority of the voters has it on disk, so no commit that a client saw is lost while a "
            + "majority survives."
        schema.validations = [
            .init(
                rule: "self.metadata.name.size() <= \(maximumNameLength)",
                message:
                    "metadata.name must have at most \(maximumNameLength) characters: it becomes part of other names"
            ),
            .init(
                rule: "self.metadata.name.matches('\(namePattern)')",
                message: "metadata.name must start with a letter and have only small letters, digits and dashes"
            ),
        ]
        return schema
    }

    /// A column of `kubectl get`.
    private struct PrinterColumn {
        var name: String
        var type = "string"
        var path: String
        var description: String
        /// Shown only with `-o wide`.
        var isWide = false

        var json: JSONValue {
            var column: JSONValue = [
                "name": .string(name), "type": .string(type), "jsonPath": .string(path),
                "description": .string(description),
            ]
            if isWide { column["priority"] = 1 }
            return column
        }
    }

    private static let printerColumns = [
        PrinterColumn(name: "Ready", path: ".status.readyMembers", description: "Members that play their part."),
        PrinterColumn(name: "Leader", path: ".status.leader", description: "The member that leads."),
        PrinterColumn(name: "Epoch", type: "integer", path: ".status.epoch", description: "The current epoch."),
        PrinterColumn(
            name: "Writable",
            path: #".status.conditions[?(@.type=="Writable")].status"#,
            description: "Whether a write would succeed."
        ),
        PrinterColumn(
            name: "Redundant",
            path: #".status.conditions[?(@.type=="FullyRedundant")].status"#,
            description: "Whether every member plays its part."
        ),
        PrinterColumn(
            name: "Age",
            type: "date",
            path: ".metadata.creationTimestamp",
            description: "Since it was made."
        ),
        PrinterColumn(
            name: "Zones",
            path: ".status.zones",
            description: "The members' zones, by ordinal.",
            isWide: true
        ),
        PrinterColumn(name: "Lag", path: ".status.lag", description: "The largest lag.", isWide: true),
        PrinterColumn(name: "Message", path: ".status.message", description: "What matters most now.", isWide: true),
    ]
}
