import KubernetesModel
import Planning
import XDB

/// A pod that removes a directory tree of the group from a node.
///
/// It may have to run when its group's namespace is being deleted, in which nothing can be made any more. So it has a
/// namespace of its own where the operator was given one, and no owner: an owner would have to be in the same namespace.
/// `CleanupController` deletes what outlives its group.
struct CleanupPod: Hashable, Sendable {
    /// The group.
    var group: GroupReference
    /// Where the pod runs.
    var namespace: String
    /// The name of the pod.
    var name: String
    /// Where the directory is.
    var node: String
    /// An absolute path of three parts at least: the group's own `PATH/NAMESPACE/GROUP`, or something below it.
    var directory: String
    /// The engine image, which is on the node already.
    var image: String

    /// Describes a clean-up.
    init(
        group: GroupReference,
        namespace: String,
        name: String,
        node: String,
        directory: String,
        image: String
    ) {
        self.group = group
        self.namespace = namespace
        self.name = name
        self.node = node
        self.directory = directory
        self.image = image
    }

    /// The name of a life's directory.
    private static let life = Pattern("^i[0-9]+$")

    /// Removes the directory, and those above it that are empty then.
    ///
    /// A large file is cut off piece by piece, with pauses: a file system that frees gigabytes at once keeps everybody else
    /// on the disk from syncing meanwhile, other members' commits among them. A file with a second name is somebody's copy,
    /// and stays whole.
    static let script = #"""
        cd /host || exit
        find "./$1/$2" -type f -links 1 -size +128M -exec sh -c '
          for file; do
            size=$(stat -c %s "$file")
            while size=$((size - 134217728)); [ "$size" -gt 0 ]; do truncate -s "$size" "$file"; sleep 0.05; done
          done' pieces {} +
        rm -rf -- "./$1/$2" && { rmdir -p -- "$1" 2>/dev/null || true; }
        """#

    /// The object to create; nil for a path that is too short to be one of a group.
    ///
    /// The parent directory goes too when nothing else is left in it, and of a life of a member also the group's. The names
    /// in the path reach the shell as arguments, never as a part of the script.
    var json: JSONValue? {
        let parts = directory.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard directory.hasPrefix("/"), parts.count >= 3, !parts.contains(".."), !parts.contains(".") else {
            return nil
        }
        // GROUP/MEMBER/iN, or NAMESPACE/GROUP.
        let isLife = parts.count >= 4 && parts.last.map(Self.life.matches) == true
        let parents = parts.dropLast().suffix(isLife ? 2 : 1)
        let mounted = "/" + parts.dropLast(parents.count + 1).joined(separator: "/")
        let labels = group.labels.merging([Label.cleanup: group.uid, Label.namespace: group.namespace]) { $1 }
        return [
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": [
                "name": .string(name),
                "namespace": .string(namespace),
                "labels": JSONValue(labels),
                "annotations": [Label.node: .string(node)],
            ],
            "spec": [
                "restartPolicy": "Never",
                "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "terminationGracePeriodSeconds": 0,
                "securityContext": ["seccompProfile": ["type": "RuntimeDefault"]],
                "affinity": [
                    "nodeAffinity": [
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            "nodeSelectorTerms": [
                                [
                                    "matchFields": [
                                        ["key": "metadata.name", "operator": "In", "values": [.string(node)]]
                                    ]
                                ]
                            ]
                        ]
                    ]
                ],
                // A cordoned or tainted node is cleaned as well.
                "tolerations": [["operator": "Exists"]],
                "containers": [
                    [
                        "name": "cleanup",
                        "image": .string(image),
                        "command": [
                            "sh", "-c", .string(Self.script), "cleanup",
                            .string(parents.joined(separator: "/")), .string(parts[parts.count - 1]),
                        ],
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "securityContext": [
                            "runAsUser": 0,
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": ["drop": ["ALL"], "add": ["DAC_OVERRIDE", "FOWNER"]],
                        ],
                        "volumeMounts": [["name": "host", "mountPath": "/host"]],
                    ]
                ],
                "volumes": [
                    ["name": "host", "hostPath": ["path": .string(mounted), "type": "DirectoryOrCreate"]]
                ],
            ],
        ]
    }
}
