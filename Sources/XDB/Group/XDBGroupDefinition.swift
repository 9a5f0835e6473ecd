public import KubernetesModel

extension XDBGroup {
    /// The custom resource definition of this kind, made from the same tables that read and check its objects.
    public static var customResourceDefinition: JSONValue {
        KindDefinition(
            resource: resource,
            singular: "xdbgroup",
            shortNames: ["xdb"],
            categories: ["all", "mariadb"],
            description:
                "A group of MariaDB servers with one leader, followers, and loggers that keep only the log and vote. A "
                + "commit succeeds when a majority of the voters has it on disk, so no commit that a client saw is lost "
                + "while a majority survives.",
            spec: Spec.schema,
            status: Status.schema,
            validations: rules.map(\.validation),
            columns: columns
        ).json
    }

    private static let columns = [
        KindDefinition.Column(
            name: "Ready",
            path: ".status.readyMembers",
            description: "Members that play their part."
        ),
        KindDefinition.Column(name: "Leader", path: ".status.leader", description: "The member that leads."),
        KindDefinition.Column(name: "Epoch", type: "integer", path: ".status.epoch", description: "The current epoch."),
        KindDefinition.Column(
            name: "Writable",
            path: #".status.conditions[?(@.type=="Writable")].status"#,
            description: "Whether a write would succeed."
        ),
        KindDefinition.Column(
            name: "Redundant",
            path: #".status.conditions[?(@.type=="FullyRedundant")].status"#,
            description: "Whether every member plays its part."
        ),
        KindDefinition.Column(
            name: "Age",
            type: "date",
            path: ".metadata.creationTimestamp",
            description: "Since it was made."
        ),
        KindDefinition.Column(
            name: "Zones",
            path: ".status.zones",
            description: "The members' zones, by ordinal.",
            isWide: true
        ),
        KindDefinition.Column(name: "Lag", path: ".status.lag", description: "The largest lag.", isWide: true),
        KindDefinition.Column(
            name: "Message",
            path: ".status.message",
            description: "What matters most now.",
            isWide: true
        ),
    ]
}
