import KubernetesModel
import Testing

@Suite("Built-in kinds")
struct KindsTests {
    @Test("A pod")
    func pod() throws {
        let pod = try Pod(json: Samples.pod)
        #expect(pod.spec.nodeName == "host-1")
        #expect(pod.spec.containers == [Pod.Container(name: "engine", image: "localhost/xdb-engine:dev")])
        #expect(pod.spec.volumes.map(\.claimName) == ["orders-0", nil, nil])
        #expect(pod.spec.volumes.map(\.hostPath) == [nil, "/var/lib/xdb", nil])
        #expect(pod.status.phase == .running)
        #expect(pod.status.podIP == "10.0.0.7")
        #expect(!pod.isReady)
        let container = try #require(pod.status.containerStatuses.first)
        #expect(container.restartCount == 3)
        #expect(container.state == .waiting(reason: "CrashLoopBackOff", message: "back-off"))
        #expect(
            container.lastState
                == .terminated(exitCode: 137, reason: "OOMKilled", message: "", at: Time("2025-03-01T12:00:04Z"))
        )
    }

    @Test("A lease survives a round trip")
    func lease() throws {
        let lease = try Lease(json: Samples.lease)
        #expect(lease.spec.holderIdentity == "pod-1")
        #expect(lease.spec.renewTime?.time.microseconds == "2025-03-01T12:00:10.123456Z")
        #expect(try Lease(json: lease.json) == lease)
        #expect(JSONValue(lease)["kind"] == "Lease")
    }

    @Test("A secret says nothing of its content")
    func secret() throws {
        let secret = try Secret(
            json:
                #"{"metadata":{"name":"s","namespace":"n"},"type":"Opaque","data":{"password":"aHVudGVyMg==","e":""}}"#
        )
        #expect(secret.text("password") == "hunter2")
        #expect(secret.text("e") == "")
        #expect("\(secret)" == #"Secret(n/s, keys: ["e", "password"])"#)
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("104"))
        #expect(!dumped.contains("hunter2"))
    }

    @Test("A node")
    func node() throws {
        let node = try Node(
            json: #"""
                {"metadata":{"name":"h","labels":{"topology.kubernetes.io/zone":"a"}},"spec":{"unschedulable":true,
                "taints":[{"key":"k","effect":"NoSchedule"}]},"status":{"conditions":[{"type":"Ready","status":"Unknown",
                "reason":"NodeStatusUnknown","message":"","lastHeartbeatTime":"2025-03-01T12:00:04Z"}],
                "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"allocatable":{"memory":"8Gi"}}}
                """#
        )
        #expect(node.zone == "a")
        #expect(!node.isReady)
        #expect(node.spec.isUnschedulable)
        #expect(node.spec.taints.first?.key == "k")
        #expect(node.status.allocatable["memory"]?.value == 8 << 30)
    }

    @Test("An event survives a round trip")
    func event() throws {
        var event = Event(metadata: ObjectMeta(name: "e", namespace: "n"))
        event.eventTime = MicroTime(Time(seconds: 5, nanoseconds: 7000))
        event.series = Event.Series(count: 3, lastObservedTime: MicroTime(Time(seconds: 6)))
        event.reason = "Elected"
        event.note = "orders-1 leads"
        event.type = .warning
        event.regarding = ObjectReference(kind: "XDBGroup", namespace: "n", name: "orders")
        #expect(try Event(json: event.json) == event)
    }

    @Test("Both versions of a disruption budget")
    func budget() throws {
        let text =
            #"{"metadata":{"name":"b"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"a":"b"}}},"status":{"disruptionsAllowed":1}}"#
        let budget = try PodDisruptionBudget(json: text)
        #expect(budget.spec.maxUnavailable == .int(1))
        #expect(budget.spec.matchLabels == ["a": "b"])
        #expect(try PodDisruptionBudgetV1Beta1(json: text).budget == budget)
    }

    @Test("Parts of a spec that are kept as single values")
    func parts() throws {
        let definition = try CustomResourceDefinition(
            json: #"""
                {"metadata":{"name":"x"},"spec":{"group":"g","versions":[{"name":"v1","served":true,"storage":true,
                "schema":{}}]},"status":{"conditions":[{"type":"Established","status":"True"}]}}
                """#
        )
        #expect(definition.isEstablished)
        #expect(definition.versions.map(\.name) == ["v1"])
        let claim = try PersistentVolumeClaim(
            json:
                #"{"metadata":{},"spec":{"resources":{"requests":{"storage":"1Gi"}},"storageClassName":"fast"},"status":{"phase":"Bound"}}"#
        )
        #expect(claim.spec.requests["storage"]?.value == 1 << 30)
        let deployment = try Deployment(json: #"{"metadata":{},"spec":{"replicas":2},"status":{"readyReplicas":1}}"#)
        #expect(deployment.replicas == 2)
        #expect(try Namespace(json: #"{"metadata":{},"status":{"phase":"Active"}}"#).phase == "Active")
    }

    @Test("A job, which ends in one of two ways", arguments: [("Complete", true), ("Failed", false)])
    func job(condition: String, isComplete: Bool) throws {
        let job = try Job(
            json: #"""
                {"metadata":{"name":"j","uid":"1","ownerReferences":[{"kind":"XDBGroup","name":"g","uid":"2"}]},
                "spec":{"backoffLimit":4,"template":{"spec":{}}},"status":{"failed":2,
                "conditions":[{"type":"\#(condition)","status":"True"}]}}
                """#
        )
        #expect(job.metadata.isOwned(by: "2"))
        #expect(job.isComplete == isComplete)
        #expect(job.isFailed == !isComplete)
        #expect(job.status.failed == 2)
        #expect(try !Job(json: #"{"metadata":{},"status":{}}"#).isFailed)
    }

    @Test("A list, whose items may be null")
    func list() throws {
        let list = try ObjectList<Pod>(
            json:
                #"{"metadata":{"resourceVersion":"7","continue":"abc","remainingItemCount":3},"items":[\#(Samples.pod)]}"#
        )
        #expect(list.items.count == 1)
        #expect(list.metadata.continuation == "abc")
        #expect(try ObjectList<Pod>(json: #"{"metadata":{},"items":null}"#).items.isEmpty)
    }

    @Test("A refusal with its causes")
    func status() throws {
        let status = try APIStatus(
            json: #"""
                {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"Invalid",
                "details":{"name":"orders","kind":"XDBGroup","causes":[{"reason":"FieldValueInvalid","message":"m",
                "field":"spec.x"}],"retryAfterSeconds":2},"code":422}
                """#
        )
        #expect(status.code == 422)
        #expect(status.causes.map(\.field) == ["spec.x"])
        #expect(status.retryAfterSeconds == 2)
    }
}
