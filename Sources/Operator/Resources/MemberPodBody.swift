import KubernetesModel
import Planning
import XDB

/// How a member's pod is written.
///
/// A pure function: what the plan wants goes in, the object to create comes out. A pod is made once and never changed
/// but for the label of its role; a change of the specification takes effect when the pod is made again.
struct MemberPodBody: Hashable, Sendable {
    /// The group.
    var group: GroupReference
    /// What the plan wants.
    var pod: MemberPod
    /// The priority class; nil for the cluster's default.
    var priorityClass: String?

    /// Describes a pod.
    init(group: GroupReference, pod: MemberPod, priorityClass: String? = nil) {
        self.group = group
        self.pod = pod
        self.priorityClass = priorityClass
    }
}

// MARK: The body

extension MemberPodBody {
    /// The user `mysql` of the engine image.
    static let user: JSONValue = 999

    static let directory = "/var/lib/xdb"
    static let runDirectory = "/run/xdb"

    /// The object to create.
    var json: JSONValue {
        JSONValue.object([
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": group.metadata(pod.name, labels: pod.labels).merging([
                "annotations": JSONValue(annotations)
            ]),
            "spec": spec,
        ]).withoutNulls
    }

    private var annotations: [String: String] {
        var annotations = pod.annotations
        // A drain must ask the disruption budget; an autoscaler must not count on moving a member.
        annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false"
        annotations[Label.revision] = pod.revision
        return annotations
    }

    private var spec: JSONValue {
        [
            "restartPolicy": "Always",
            "enableServiceLinks": false,
            "automountServiceAccountToken": false,
            // mariadbd writes out its dirty pages; the grace period of the largest buffer pools.
            "terminationGracePeriodSeconds": 60,
            "priorityClassName": priorityClass.map { .string($0) } ?? .null,
            "securityContext": Self.unprivileged,
            "nodeSelector": nodeSelector,
            "affinity": affinity,
            "topologySpreadConstraints": zoneSpread.map { [$0] } ?? .null,
            "tolerations": .array(Self.toleratingLostNodes() + tolerations),
            "initContainers": initContainers,
            "containers": [engine],
            "volumes": .array(volumes),
        ]
    }

    /// For the pod as a whole.
    static let unprivileged: JSONValue = [
        "runAsUser": user,
        "runAsGroup": user,
        "runAsNonRoot": true,
        // Claims and Secret volumes become readable to the group of the user above.
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    private var engine: JSONValue {
        [
            "name": "engine",
            "image": .string(pod.image),
            "command": .array(command.map { .string($0) }),
            "ports": .array(
                (pod.kind.hasData ? [Self.port("mysql", 3306)] : [])
                    + [Self.port("control", 7700), Self.port("replication", 7701), Self.port("health", 7703)]
            ),
            // The agent answers as long as it runs at all. It is slow to be killed, since its end is the server's.
            "livenessProbe": [
                "httpGet": ["path": "/livez", "port": "health"],
                "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6,
            ],
            "readinessProbe": [
                "httpGet": ["path": "/readyz", "port": "health"],
                "periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 2,
            ],
            "resources": pod.resources.json,
            "securityContext": Self.confined,
            "volumeMounts": .array(mounts),
        ]
    }

    private var command: [String] {
        ["xdb-agent", "init", "--", "run"] + identity + [
            "--configuration", "/etc/xdb/configuration/user.cnf",
            "--log-format", "json",
            "--log-level", "info",
        ]
    }

    /// Who an agent is and where its files are: the arguments that every one of its commands takes.
    ///
    /// Among the agents a member is called by its life, which is the name of its pod.
    var identity: [String] {
        [
            "--member", pod.name,
            "--ordinal", String(pod.ordinal),
            "--incarnation", String(pod.incarnation),
            "--group", group.name,
            "--namespace", group.namespace,
            "--kind", pod.kind.hasData ? "data" : "logger",
            "--directory", Self.directory,
            "--run-directory", Self.runDirectory,
            "--tls", "/etc/xdb/tls",
        ]
    }

    private var mounts: [JSONValue] {
        var mounts = Self.commonMounts
        if pod.kind.hasData { mounts.append(["name": "users", "mountPath": "/etc/xdb/users", "readOnly": true]) }
        return mounts
    }

    /// Where the agent finds the volumes that each of its commands needs.
    static let commonMounts: [JSONValue] = [
        ["name": "data", "mountPath": .string(directory)],
        ["name": "run", "mountPath": .string(runDirectory)],
        ["name": "tmp", "mountPath": "/tmp"],
        ["name": "tls", "mountPath": "/etc/xdb/tls", "readOnly": true],
        ["name": "configuration", "mountPath": "/etc/xdb/configuration", "readOnly": true],
    ]

    /// What is mounted there.
    var commonVolumes: [JSONValue] {
        [
            dataVolume,
            ["name": "run", "emptyDir": ["medium": "Memory", "sizeLimit": "16Mi"]],
            ["name": "tmp", "emptyDir": [:]],
            [
                "name": "tls",
                "secret": [
                    "secretName": .string(group.names.certificate(of: pod.name)), "defaultMode": Self.secretMode,
                ],
            ],
            ["name": "configuration", "configMap": ["name": .string(group.names.configuration)]],
        ]
    }

    private var volumes: [JSONValue] {
        var volumes = commonVolumes
        if pod.kind.hasData {
            volumes.append([
                "name": "users",
                "projected": [
                    "defaultMode": Self.secretMode,
                    "sources": [
                        Self.password(of: "app", in: group.names.application),
                        Self.password(of: "admin", in: group.names.administrator),
                    ],
                ],
            ])
        }
        return volumes
    }

    private var dataVolume: JSONValue {
        switch pod.data {
        case .hostPath(let directory):
            ["name": "data", "hostPath": ["path": .string(directory), "type": "DirectoryOrCreate"]]
        case .claim(let name):
            ["name": "data", "persistentVolumeClaim": ["claimName": .string(name)]]
        }
    }

    /// What has to be done before the member's user can do anything; null for nothing.
    var initContainers: JSONValue {
        switch pod.data {
        case .hostPath: [ownDirectory]
        case .claim: .null
        }
    }

    /// The kubelet makes a directory on the node for root; this container, the only one with privileges, gives it to
    /// the member.
    private var ownDirectory: JSONValue {
        [
            "name": "own-directory",
            "image": .string(pod.image),
            "command": ["install", "-d", "-o", "999", "-g", "999", "-m", "0700", .string(Self.directory)],
            "resources": pod.resources.json == .null
                ? .null : ["requests": ["cpu": "10m", "memory": "16Mi"], "limits": ["memory": "64Mi"]],
            "securityContext": [
                "runAsUser": 0,
                "runAsGroup": 0,
                "runAsNonRoot": false,
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": ["drop": ["ALL"], "add": ["CHOWN", "FOWNER", "DAC_OVERRIDE"]],
            ],
            "volumeMounts": [["name": "data", "mountPath": .string(Self.directory)]],
        ]
    }

    static let confined: JSONValue = [
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": ["drop": ["ALL"]],
    ]

    /// 0440: root's, readable to the group of the member's user.
    private static let secretMode: JSONValue = 288

    private static func port(_ name: String, _ number: JSONValue) -> JSONValue {
        ["name": .string(name), "containerPort": number]
    }

    /// A member must be able to start when somebody has removed the Secret of an account.
    ///
    /// The account itself is in the database. The group's condition tells of the Secret.
    private static func password(of account: String, in secret: String) -> JSONValue {
        [
            "secret": [
                "name": .string(secret),
                "items": [["key": "password", "path": .string(account)]],
                "optional": true,
            ]
        ]
    }
}

extension XDBGroup.ContainerResources {
    /// As in a container.
    var json: JSONValue { requests.isEmpty && limits.isEmpty ? .null : fieldJSON ?? .null }
}
