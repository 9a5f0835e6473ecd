import KubernetesModel
import XDB

@testable import Controllers
@testable import Operator
@testable import Planning

/// A group in the middle of a rebuild: `orders-1` in its first life, its successor beside it, and `orders-2` in its
/// third life.
enum Rebuilding {
    static func group() -> XDBGroup {
        var metadata = ObjectMeta(name: "orders", namespace: "default")
        metadata.uid = orders.uid
        var group = XDBGroup(metadata: metadata)
        group.status.members = [
            member("orders-0"), member("orders-1"), member("orders-1-i2", incarnation: 2, successorOf: "orders-1"),
            member("orders-2", incarnation: 3),
        ]
        return group
    }

    private static func member(
        _ name: String,
        incarnation: Int = 1,
        successorOf: String? = nil
    ) -> XDBGroup.MemberStatus {
        var member = XDBGroup.MemberStatus()
        member.name = name
        member.incarnation = incarnation
        member.successorOf = successorOf
        return member
    }

    static func observation() -> GroupObservation {
        var observation = GroupObservation(group: group(), now: Time(seconds: 0))
        observation.pods = [
            pod("orders-0", "orders-0", 1, "10.0.0.1"), pod("orders-1", "orders-1", 1, "10.0.0.2"),
            pod("orders-1-i2", "orders-1", 2, "10.0.0.3"), pod("orders-2-i3", "orders-2", 3, "10.0.0.4"),
        ]
        return observation
    }

    private static func pod(_ name: String, _ member: String, _ incarnation: Int, _ ip: String) -> PodObservation {
        var pod = PodObservation(name: name, uid: "uid-of-\(name)", member: member, incarnation: incarnation)
        pod.ip = ip
        return pod
    }

    /// Where the successor of `orders-1` gets its data.
    static func job(_ stage: RebuildJob.Stage, _ change: (inout RebuildJob) -> Void = { _ in }) -> RebuildJob {
        var job = RebuildJob(
            name: "orders-1-i2-\(stage.rawValue)",
            stage: stage,
            pod: MemberPod(
                name: "orders-1-i2",
                member: "orders-1",
                ordinal: 1,
                incarnation: 2,
                kind: .candidate,
                data: .hostPath("/var/lib/xdb/default/orders/orders-1/i2"),
                placement: .free(zones: ["a", "b"], isSpreadRequired: true),
                avoidedNodes: ["node2"],
                nodeSelector: [:],
                tolerations: [],
                image: "localhost/xdb-engine:dev",
                resources: XDBGroup.ContainerResources(),
                spread: "voters",
                labels: [Label.member: "orders-1", Label.incarnation: "2", Label.spread: "voters"],
                revision: "r1"
            )
        )
        if stage == .copy { job.source = PeerAddress(name: "orders-2-i3", host: "10.0.0.4") }
        change(&job)
        return job
    }

    /// A pod of a Job, as Kubernetes has it.
    static func pod(
        of job: String,
        _ suffix: String = "x7k2p",
        owner: String = "uid-of-job",
        created: Int64 = 1_700_000_000,
        _ change: (inout Pod) -> Void = { _ in }
    ) -> Pod {
        var metadata = ObjectMeta(name: "\(job)-\(suffix)", namespace: "default")
        metadata.uid = "uid-of-\(job)-\(suffix)"
        metadata.resourceVersion = "7"
        metadata.creationTimestamp = Time(seconds: created)
        metadata.labels = orders.labels.merging([Label.job: "copy", Label.member: "orders-1", "job-name": job]) { $1 }
        metadata.ownerReferences = [OwnerReference(apiVersion: "batch/v1", kind: "Job", name: job, uid: owner)]
        var pod = Pod(metadata: metadata)
        change(&pod)
        return pod
    }

    /// A Job of the group.
    static func job(named name: String, uid: String = "uid-of-job", owner: String = orders.uid) -> Job {
        var metadata = ObjectMeta(name: name, namespace: "default")
        metadata.uid = uid
        metadata.resourceVersion = "6"
        metadata.labels = orders.labels
        metadata.ownerReferences = [
            OwnerReference(apiVersion: XDBGroup.resource.apiVersion, kind: "XDBGroup", name: "orders", uid: owner)
        ]
        return Job(metadata: metadata)
    }

    /// What an operator knows that watches these.
    static func caches(
        groups: [XDBGroup] = [],
        jobs: [Job] = [],
        pods: [Pod] = [],
        nodes: [Node] = [],
        operations: [XDBOperation] = []
    ) -> Caches {
        let caches = Caches()
        add(groups, to: caches)
        add(jobs, [.owner], to: caches)
        add(pods, [.owner, .cleanup, .job], to: caches)
        add(nodes, to: caches)
        add([PersistentVolumeClaim](), to: caches)
        add(operations, [.group], to: caches)
        add([StorageClass](), to: caches)
        return caches
    }

    private static func add<Object: KubernetesObject>(
        _ objects: [Object],
        _ indexes: [CacheIndex<Object>] = [],
        to caches: Caches
    ) {
        let cache = Cache<Object>(indexes: indexes)
        cache.replace(with: objects, version: "10")
        caches.add(cache)
    }
}
