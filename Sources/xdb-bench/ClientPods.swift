import Foundation
import Kubernetes
import KubernetesModel
import Logging

/// The pods of the client bench, on an API server where nobody else makes any.
struct ClientPods {
    /// The label that a change sets.
    static let label = "bench-change"

    private static let concurrency = 8

    private let count: Int
    private let deployer: KubernetesClient
    private let kubelet: KubernetesClient

    init(_ configuration: Configuration, count: Int) {
        self.count = count
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        deployer = KubernetesClient(configuration, fieldManager: "kube-controller-manager", logger: logger)
        kubelet = KubernetesClient(configuration, fieldManager: "kubelet", logger: logger)
    }

    func close() {
        deployer.close()
        kubelet.close()
    }

    /// Makes them and writes their status, as a controller and a kubelet do.
    func create() async throws {
        try await forEach { index in
            try await deployer.create(Self.pod(index), as: Pod.self)
            try await kubelet.patch(Pod.self, Self.key(index), Self.status(index), subresource: "status")
        }
    }

    /// Changes a label of each.
    func change(to value: Int) async throws {
        let patch: JSONValue = ["metadata": ["labels": [Self.label: .string(String(value))]]]
        try await forEach { index in try await deployer.patch(Pod.self, Self.key(index), patch) }
    }

    /// The bytes of a pod in an answer.
    func averageSize() async throws -> Int {
        let sample = min(count, 100)
        let bytes = try await deployer.get(path: "/api/v1/namespaces/default/pods?limit=\(sample)").count
        return bytes / sample
    }

    private func forEach(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for worker in 0..<Self.concurrency {
                tasks.addTask { [count] in
                    for index in stride(from: worker, to: count, by: Self.concurrency) { try await body(index) }
                }
            }
            try await tasks.waitForAll()
        }
    }

    private static func key(_ index: Int) -> ObjectKey { ObjectKey(namespace: "default", name: "pod-\(index)") }

    private static func list(_ count: Int, _ element: (Int) -> JSONValue) -> JSONValue {
        .array((0..<count).map(element))
    }

    /// A pod as clusters have them: a container with an environment, volumes and probes.
    private static func pod(_ index: Int) -> JSONValue {
        let probe: JSONValue = ["httpGet": ["path": "/healthz", "port": 8080], "periodSeconds": 10]
        let container: JSONValue = [
            "name": "main",
            "image": .string("registry.example.com/team/service:1.2.\(index % 10)"),
            "command": ["/bin/service"],
            "args": ["--config=/etc/service/config.yaml", "--log=info"],
            "ports": [["containerPort": 8080, "protocol": "TCP"]],
            "env": list(14) {
                ["name": .string("VARIABLE_\($0)"), "value": .string("a value of the variable \($0)")]
            },
            "resources": ["limits": ["cpu": "1", "memory": "1Gi"], "requests": ["cpu": "100m", "memory": "128Mi"]],
            "volumeMounts": list(4) {
                ["name": .string("volume-\($0)"), "mountPath": .string("/var/lib/data/\($0)"), "readOnly": true]
            },
            "livenessProbe": probe,
            "readinessProbe": probe,
        ]
        let owner: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true, "blockOwnerDeletion": true,
            "name": .string("service-\(index % 100)-7d4b9c8f6"), "uid": "11111111-2222-3333-4444-555555555555",
        ]
        return [
            "metadata": [
                "name": .string("pod-\(index)"), "namespace": "default", "generateName": "pod-",
                "labels": [
                    "app": .string("service-\(index % 100)"), "pod-template-hash": "7d4b9c8f6", "version": "v1",
                    "tier": "backend",
                ],
                "annotations": ["prometheus.io/scrape": "true", "kubernetes.io/config.source": "api"],
                "ownerReferences": [owner],
            ],
            "spec": [
                "containers": [container],
                "volumes": list(4) {
                    ["name": .string("volume-\($0)"), "configMap": ["name": .string("map-\($0)")]]
                },
                "nodeName": .string("node-\(index % 50)"),
            ],
        ]
    }

    private static func status(_ index: Int) -> JSONValue {
        let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map { type -> JSONValue in
            ["type": .string(type), "status": "True", "lastTransitionTime": "2025-03-01T12:00:05Z"]
        }
        let container: JSONValue = [
            "name": "main",
            "state": ["running": ["startedAt": "2025-03-01T12:00:02Z"]],
            "lastState": [:],
            "ready": true,
            "started": true,
            "restartCount": 0,
            "image": "registry.example.com/team/service:1.2.3",
            "imageID": "registry.example.com/team/service@sha256:0123456789abcdef0123456789abcdef0123456789abcdef",
            "containerID": .string("containerd://0123456789abcdef0123456789abcdef0123456789abcdef\(index)"),
        ]
        return [
            "status": [
                "phase": "Running", "qosClass": "Burstable", "hostIP": .string("10.0.0.\(index % 50)"),
                "podIP": .string("10.1.\(index / 250).\(index % 250)"), "startTime": "2025-03-01T12:00:00Z",
                "conditions": .array(conditions), "containerStatuses": [container],
            ]
        ]
    }
}
