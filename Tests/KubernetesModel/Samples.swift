/// Objects as an API server writes them.
enum Samples {
    static let pod = """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"orders-0","namespace":"default",
        "uid":"7f5f8f6e-0000-4000-8000-000000000001","resourceVersion":"4711","creationTimestamp":"2025-03-01T12:00:00Z",
        "deletionTimestamp":null,"labels":{"app":"orders","role":"leader"},
        "ownerReferences":[{"apiVersion":"xdb-operator.github.io/v1alpha1","kind":"XDBGroup","name":"orders",
        "uid":"u1","controller":true,"blockOwnerDeletion":true}],"finalizers":["a/b"],
        "managedFields":[{"manager":"kubectl","operation":"Apply","fieldsV1":{"f:metadata":{"f:labels":{".":{}}}}}]},
        "spec":{"nodeName":"host-1","containers":[{"name":"engine","image":"localhost/xdb-engine:dev",
        "args":["a","b"],"resources":{"limits":{"cpu":"1"}}}],
        "volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"orders-0"}},
        {"name":"host","hostPath":{"path":"/var/lib/xdb","type":""}},{"name":"x","emptyDir":{}}],
        "tolerations":[{"key":"k","operator":"Exists"}]},
        "status":{"phase":"Running","podIP":"10.0.0.7","hostIP":"192.168.0.1","startTime":"2025-03-01T12:00:01Z",
        "conditions":[{"type":"Ready","status":"False","lastProbeTime":null,"lastTransitionTime":"2025-03-01T12:00:05Z",
        "reason":"ContainersNotReady","message":"containers with unready status: [engine]"}],
        "containerStatuses":[{"name":"engine","ready":false,"restartCount":3,
        "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}},
        "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2025-03-01T12:00:04Z"}}}]}}
        """

    static let lease = """
        {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"xdb-operator","namespace":"xdb",
        "resourceVersion":"7"},"spec":{"holderIdentity":"pod-1","leaseDurationSeconds":15,
        "acquireTime":"2025-03-01T12:00:00.000001Z","renewTime":"2025-03-01T12:00:10.123456Z","leaseTransitions":2}}
        """
}
