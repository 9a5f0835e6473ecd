public import KubernetesModel

extension XDBOperation {
    /// The custom resource definition of this kind, made from the same tables that read and check its objects.
    public static var customResourceDefinition: JSONValue {
        KindDefinition(
            resource: resource,
            singular: "xdboperation",
            shortNames: ["xop"],
            categories: ["mariadb"],
            description:
                "One piece of work on an XDBGroup, or on a node for all groups, and the record of it. People make them to ask for something; the "
                + "operator makes them to record what it did by itself. It always ends Succeeded, Failed or Cancelled.",
            spec: Spec.schema,
            status: Status.schema,
            columns: columns
        ).json
    }

    private static let columns = [
        KindDefinition.Column(name: "Type", path: ".status.type", description: "The kind of work."),
        KindDefinition.Column(name: "Group", path: ".spec.group", description: "The group that it is about."),
        KindDefinition.Column(name: "Member", path: ".status.member", description: "The member that it is about."),
        KindDefinition.Column(name: "State", path: ".status.state", description: "How far it is."),
        KindDefinition.Column(name: "Task", path: ".status.task", description: "What is being done now."),
        KindDefinition.Column(
            name: "Progress",
            path: ".status.progress.summary",
            description: "How far work that moves data is."
        ),
        KindDefinition.Column(
            name: "Started",
            type: "date",
            path: ".status.startTime",
            description: "Since it began."
        ),
        KindDefinition.Column(name: "Duration", path: ".status.durationSeconds", description: "Seconds that it took."),
        KindDefinition.Column(
            name: "Node",
            path: ".status.node",
            description: "The node that it is about.",
            isWide: true
        ),
        KindDefinition.Column(
            name: "Message",
            path: ".status.message",
            description: "Why it waits, or how it ended.",
            isWide: true
        ),
    ]
}
