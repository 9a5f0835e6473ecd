import KubernetesModel
import Planning
import XDB

/// How a Job of a rebuild is written: the agent's program at work on the directory of a member's new life.
///
/// Its pod goes where the member's pod is to go, by the same rules, and has what that one has of volumes. It is no
/// member: Services, the disruption budget and the observation of members pass it over.
struct RebuildJobBody: Hashable, Sendable {
    /// The group.
    var group: GroupReference
    /// What the plan wants.
    var job: RebuildJob

    /// How often a pod that fails is made again.
    ///
    /// A Job that is run again goes on where it was. Whether another one is to be made is for the plan to say.
    private static let retries: JSONValue = 4

    /// For how long a pod stays on a node that is away, in seconds: the operator has decided long before.
    private static let patience = 3600

    /// Describes a Job.
    init(group: GroupReference, job: RebuildJob) {
        self.group = group
        self.job = job
    }

    /// The object to create; nil for a copy from nobody.
    var json: JSONValue? {
        guard let command else { return nil }
        return JSONValue.object([
            "apiVersion": .string(Job.resource.apiVersion),
            "kind": .string(Job.resource.kind),
            "metadata": group.metadata(job.name, labels: labels),
            "spec": [
                "backoffLimit": Self.retries,
                "template": [
                    "metadata": [
                        "labels": JSONValue(group.labels.merging(labels) { $1 }),
                        "annotations": ["cluster-autoscaler.kubernetes.io/safe-to-evict": "false"],
                    ],
                    "spec": spec(command),
                ],
            ],
        ]).withoutNulls
    }

    /// As the member's pod, whose place it looks for.
    private var member: MemberPodBody { MemberPodBody(group: group, pod: job.pod) }

    private var labels: [String: String] {
        job.pod.labels.merging([
            Label.member: job.pod.member,
            Label.incarnation: String(job.pod.incarnation),
            Label.job: job.stage.rawValue,
        ]) { $1 }
    }

    private func spec(_ command: [String]) -> JSONValue {
        [
            "restartPolicy": "Never",
            "enableServiceLinks": false,
            "automountServiceAccountToken": false,
            "securityContext": MemberPodBody.unprivileged,
            "nodeSelector": member.nodeSelector,
            "affinity": member.affinity,
            "topologySpreadConstraints": member.zoneSpread.map { [$0] } ?? .null,
            "tolerations": .array(
                MemberPodBody.toleratingLostNodes(seconds: Self.patience) + member.tolerations
            ),
            "initContainers": member.initContainers,
            "containers": [
                [
                    "name": "rebuild",
                    "image": .string(job.pod.image),
                    "command": .array(command.map { .string($0) }),
                    "resources": resources.json,
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "securityContext": MemberPodBody.confined,
                    "volumeMounts": .array(MemberPodBody.commonMounts),
                ]
            ],
            "volumes": .array(member.commonVolumes),
        ]
    }

    private var command: [String]? {
        var command =
            ["xdb-agent", "rebuild", job.stage.rawValue] + member.identity
            + ["--group-uid", group.uid, "--log-format", "json"]
        if job.stage == .copy {
            guard let source = job.source else { return nil }
            command += ["--source-name", source.name, "--source-host", source.host]
            if let limit = job.bytesPerSecond { command += ["--bytes-per-second", String(limit)] }
        }
        return command
    }

    /// Little, so that a place is found, and never more than the member's own: a Job that asked for what the members do not
    /// ask for would go before them on a busy node, where other members commit, and outlive them when memory runs out.
    private var resources: XDBGroup.ContainerResources {
        var resources = XDBGroup.ContainerResources()
        let members = job.pod.resources
        resources.limits = members.limits
        for (name, text) in ["cpu": "50m", "memory": "128Mi"] {
            // Where only a limit is given, that is the request, too.
            guard let request = Quantity(text), let own = members.requests[name] ?? members.limits[name] else {
                continue
            }
            resources.requests[name] = min(own, request)
        }
        return resources
    }
}

extension Label {
    /// Marks the Jobs of rebuilds and their pods; its value is the stage.
    static let job = "\(XDBGroup.resource.group)/job"
}

extension Pod {
    /// The Job that it belongs to, by the label that Kubernetes gives it.
    var jobName: String? {
        metadata.labels["batch.kubernetes.io/job-name"] ?? metadata.labels["job-name"]
    }

    /// The group that its Job works for; nil for pods that are no Job's of ours.
    var groupOfJob: ObjectKey? {
        guard metadata.labels[Label.job] != nil, let group = metadata.labels[Label.group] else { return nil }
        return ObjectKey(namespace: metadata.namespace, name: group)
    }
}
