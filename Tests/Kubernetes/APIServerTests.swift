import APIServerFixture
import FoundationEssentials
import KubernetesModel
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Client against a real API server", .enabled(if: APIServer.isAvailable), .timeLimit(.minutes(3)))
struct APIServerTests {
    /// A namespace of its own for each test.
    private func prepare(_ manager: String = "test") async throws -> (KubernetesClient, String) {
        let server = try await APIServer.sharedServer()
        let client = KubernetesClient(server.configuration, fieldManager: manager)
        let namespace = "test-\(UInt32.random(in: 0...UInt32.max))"
        try await client.create(["metadata": ["name": .string(namespace)]] as JSONValue, as: Namespace.self)
        return (client, namespace)
    }

    private func map(_ name: String, _ namespace: String, _ data: [String: String] = ["k": "v"]) -> JSONValue {
        [
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": ["app": "test"]],
            "data": JSONValue(data),
        ]
    }

    @Test("Who acts for another has the other's rights")
    func impersonation() async throws {
        let (_, namespace) = try await prepare()
        var configuration = try await APIServer.sharedServer().configuration
        configuration.impersonation = .init(user: "jo")
        let client = KubernetesClient(configuration, fieldManager: "test")
        let error = await #expect(throws: APIError.self) {
            try await client.find(ConfigMap.self, ObjectKey(namespace: namespace, name: "a"))
        }
        let message = error?.description ?? ""
        #expect(message.contains("User \"jo\" cannot get resource"), "\(message)")
    }

    @Test("create, get, apply, patch, update, delete")
    func life() async throws {
        let (client, namespace) = try await prepare()
        let key = ObjectKey(namespace: namespace, name: "a")
        #expect(try await client.find(ConfigMap.self, key) == nil)
        let created = try await client.create(map("a", namespace), as: ConfigMap.self)
        #expect(created.key == key)
        #expect(created.data == ["k": "v"])
        #expect(!created.metadata.uid.isEmpty)
        #expect(created.metadata.creationTimestamp != nil)
        let taken = await #expect(throws: APIError.self) {
            try await client.create(map("a", namespace), as: ConfigMap.self)
        }
        #expect(taken?.isAlreadyExists == true)
        #expect(taken?.isConflict == false)

        let applied = try await client.apply(map("a", namespace, ["k": "w", "x": "y"]), as: ConfigMap.self)
        #expect(applied.data == ["k": "w", "x": "y"])

        let patched = try await client.patch(ConfigMap.self, key, ["data": ["k": nil, "p": "q"]])
        #expect(patched.data == ["p": "q", "x": "y"])
        let stale = await #expect(throws: APIError.self) {
            try await client.patch(
                ConfigMap.self,
                key,
                ["data": ["p": "r"]],
                resourceVersion: created.metadata.resourceVersion
            )
        }
        #expect(stale?.isConflict == true)
        _ = try await client.patch(
            ConfigMap.self,
            key,
            ["data": ["p": "r"]],
            resourceVersion: patched.metadata.resourceVersion
        )

        let wrongUID = await #expect(throws: APIError.self) {
            try await client.delete(ConfigMap.self, key, DeleteOptions(uid: "other"))
        }
        #expect(wrongUID?.isConflict == true)
        try await client.delete(ConfigMap.self, key, DeleteOptions(uid: created.metadata.uid, isDryRun: true))
        #expect(try await client.find(ConfigMap.self, key) != nil)
        try await client.delete(
            ConfigMap.self,
            key,
            DeleteOptions(propagation: .foreground, gracePeriodSeconds: 0, uid: created.metadata.uid)
        )
        // Nobody collects garbage here, so that the finalizer of foreground deletion stays.
        let left = try await client.find(ConfigMap.self, key)
        #expect(left?.metadata.isBeingDeleted ?? true)
        let absent = await #expect(throws: APIError.self) {
            try await client.delete(ConfigMap.self, ObjectKey(namespace: namespace, name: "none"))
        }
        #expect(absent?.isNotFound == true)
    }

    @Test("What was applied and is applied no longer goes away")
    func removal() async throws {
        let (client, namespace) = try await prepare()
        try await client.apply(map("a", namespace, ["k": "w", "x": "y"]), as: ConfigMap.self)
        #expect(try await client.apply(map("a", namespace, ["k": "w"]), as: ConfigMap.self).data == ["k": "w"])
    }

    @Test("A dry run changes nothing, and another field manager is respected when told so")
    func managers() async throws {
        let (client, namespace) = try await prepare()
        let key = ObjectKey(namespace: namespace, name: "a")
        let tried = try await client.apply(map("a", namespace), as: ConfigMap.self, WriteOptions(isDryRun: true))
        #expect(tried.data == ["k": "v"])
        #expect(try await client.find(ConfigMap.self, key) == nil)
        _ = try await client.apply(map("a", namespace), as: ConfigMap.self)
        let server = try await APIServer.sharedServer()
        let other = KubernetesClient(server.configuration, fieldManager: "other")
        let body = map("a", namespace, ["k": "mine"])
        let error = await #expect(throws: APIError.self) {
            try await other.apply(body, as: ConfigMap.self, WriteOptions(takesOver: false))
        }
        #expect(error?.isConflict == true)
        #expect(error?.status.causes.first?.field == ".data.k")
        #expect(try await other.apply(body, as: ConfigMap.self).data == ["k": "mine"])
    }

    @Test("An invalid object is refused with its field")
    func invalid() async throws {
        let (client, namespace) = try await prepare()
        let pod: JSONValue = ["metadata": ["name": "p", "namespace": .string(namespace)], "spec": ["containers": []]]
        let error = await #expect(throws: APIError.self) { try await client.create(pod, as: Pod.self) }
        #expect(error?.isInvalid == true)
        #expect(error?.status.causes.contains { $0.field == "spec.containers" } == true)
    }

    @Test("Lists in pages, by labels and fields, of one namespace and of all")
    func lists() async throws {
        let (client, namespace) = try await prepare()
        for index in 0..<25 {
            var body = map("m-\(index)", namespace)
            body["metadata"]?["labels"] = ["parity": index % 2 == 0 ? "even" : "odd"]
            try await client.create(body, as: ConfigMap.self)
        }
        let all = try await client.list(ConfigMap.self, in: namespace, ListOptions(pageSize: 7))
        let names = Set(all.items.map(\.metadata.name))
        #expect(names.isSuperset(of: (0..<25).map { "m-\($0)" }))
        #expect(all.items.count == names.count)
        let odd = try await client.list(
            ConfigMap.self,
            ListOptions(.init(labels: ["parity": "odd"]), freshness: .notOlderThan(all.metadata.resourceVersion))
        )
        #expect(odd.items.filter { $0.metadata.namespace == namespace }.count == 12)
        let one = try await client.list(ConfigMap.self, in: namespace, ListOptions(.init(fields: "metadata.name=m-3")))
        #expect(one.items.map(\.metadata.name) == ["m-3"])
        let metadata = try await client.list(PartialObjectMetadata<ConfigMap>.self, in: namespace)
        #expect(metadata.items.count == all.items.count)
        let page = try await client.listPage(ConfigMap.self, in: namespace, ListOptions(pageSize: 5))
        #expect(page.items.count == 5)
        #expect(!page.metadata.continuation.isEmpty)
    }

    @Test("A watch goes on where a list ended")
    func watch() async throws {
        let (client, namespace) = try await prepare()
        let version = try await client.list(ConfigMap.self, in: namespace).metadata.resourceVersion
        let options = WatchOptions(.init(labels: "app=test"), resourceVersion: version, timeout: .seconds(30))
        var events = try await client.watch(ConfigMap.self, in: namespace, options).makeAsyncIterator()
        try await client.create(map("a", namespace), as: ConfigMap.self)
        try await client.apply(map("a", namespace, ["k": "w"]), as: ConfigMap.self)
        try await client.delete(ConfigMap.self, ObjectKey(namespace: namespace, name: "a"))
        var seen: [String] = []
        while seen.count < 3, let event = try await events.next() {
            switch event {
            case .added(let object): seen.append("+\(object.data["k"] ?? "")")
            case .modified(let object): seen.append("~\(object.data["k"] ?? "")")
            case .deleted: seen.append("-")
            case .bookmark: continue
            }
        }
        #expect(seen == ["+v", "~w", "-"])

        // Metadata only, from the start, until the server's timeout.
        try await client.create(map("b", namespace), as: ConfigMap.self)
        let whole = try await client.watch(
            PartialObjectMetadata<ConfigMap>.self,
            in: namespace,
            WatchOptions(.init(labels: "app=test"), timeout: .seconds(1))
        )
        var names: [String] = []
        for try await event in whole { if case .added(let object) = event { names.append(object.metadata.name) } }
        #expect(names == ["b"])
    }

    @Test("A kind of our own: its status by subresource, with a resource version")
    func customKind() async throws {
        let (client, namespace) = try await prepare()
        let definition: JSONValue = [
            "metadata": ["name": "tests.xdb-test.example"],
            "spec": [
                "group": "xdb-test.example", "scope": "Namespaced",
                "names": ["kind": "Test", "plural": "tests", "singular": "test"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
                        "schema": [
                            "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                        ],
                    ]
                ],
            ],
        ]
        try await client.apply(definition, as: CustomResourceDefinition.self)
        let key = ObjectKey(name: "tests.xdb-test.example")
        for _ in 0..<100 where try await !client.get(CustomResourceDefinition.self, key).isEstablished {
            try await Task.sleep(for: .milliseconds(50))
        }
        for _ in 0..<100 where try await !client.discovery.serves(Custom.resource) {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await client.discovery.serves(Custom.resource))

        var object = try await client.apply(
            ["metadata": ["name": "a", "namespace": .string(namespace)], "spec": ["x": 1, "unknown": ["y": [2]]]]
                as JSONValue,
            as: Custom.self
        )
        #expect(object.fields["spec"] == ["x": 1, "unknown": ["y": [2]]])
        object.fields["status"] = ["phase": "Ready"]
        object.fields["spec"] = ["x": 7]
        let updated = try await client.updateStatus(object)
        #expect(updated.fields["status"] == ["phase": "Ready"])
        // Only the status was written.
        #expect(updated.fields["spec"] == ["x": 1, "unknown": ["y": [2]]])
        let stale = object
        let conflict = await #expect(throws: APIError.self) { try await client.updateStatus(stale) }
        #expect(conflict?.isConflict == true)

        let metadata: JSONValue = ["name": "a", "namespace": .string(namespace)]
        let applied = try await client.applyStatus(
            ["metadata": metadata, "status": ["more": 1]] as JSONValue,
            as: Custom.self
        )
        #expect(applied.fields["status"] == ["phase": "Ready", "more": 1])
        let old = metadata.merging(["resourceVersion": .string(object.metadata.resourceVersion)])
        let tooOld = await #expect(throws: APIError.self) {
            try await client.applyStatus(["metadata": old, "status": ["more": 2]] as JSONValue, as: Custom.self)
        }
        #expect(tooOld?.isConflict == true)
    }

    /// An object whose fields beside metadata are kept as they are.
    struct Custom: KubernetesObject, JSONEncodable {
        static let resource = ResourceType(group: "xdb-test.example", version: "v1", kind: "Test", plural: "tests")

        var metadata = ObjectMeta()
        var fields: [String: JSONValue] = [:]

        init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "metadata": metadata = try reader.read()
                case "apiVersion", "kind": try reader.skipValue()
                default: fields[key.string] = try reader.readValue()
                }
            }
        }

        func encode(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.field("metadata", metadata)
            for (key, value) in fields { writer.field(key, value) }
            writer.endObject()
        }
    }

    @Test("What the server offers")
    func discovery() async throws {
        let (client, _) = try await prepare()
        #expect(try await client.discovery.version.major == 1)
        #expect(try await client.discovery.serves(Pod.resource))
        #expect(try await client.discovery.serves(Lease.resource))
        let old = try await client.discovery.serves(PodDisruptionBudgetV1Beta1.resource)
        let new = try await client.discovery.serves(PodDisruptionBudget.resource)
        #expect(old || new)
        let absent = ResourceType(group: "none.example", version: "v1", kind: "None", plural: "nones")
        #expect(try await !client.discovery.serves(absent))
        await client.discovery.refresh()
        #expect(try await client.discovery.serves(Pod.resource))
    }

    @Test("A lease is replaced with its version, on a connection of its own")
    func lease() async throws {
        let (client, namespace) = try await prepare()
        let own = client.isolated(limits: .init(attempts: 1, timeout: .seconds(5)))
        defer { own.close() }
        var lease = Lease(metadata: ObjectMeta(name: "l", namespace: namespace))
        lease.spec.holderIdentity = "me"
        lease.spec.leaseDurationSeconds = 15
        lease.spec.renewTime = MicroTime(.now)
        let created = try await own.create(lease, as: Lease.self)
        #expect(created.spec.holderIdentity == "me")
        var renewed = created
        renewed.spec.holderIdentity = "you"
        _ = try await own.update(renewed)
        let stale = created
        let conflict = await #expect(throws: APIError.self) { try await own.update(stale) }
        #expect(conflict?.isConflict == true)
    }

    @Test("Pods that wait have no log, and can be evicted")
    func pods() async throws {
        let (client, namespace) = try await prepare()
        let key = ObjectKey(namespace: namespace, name: "p")
        let pod: JSONValue = [
            "metadata": ["name": "p", "namespace": .string(namespace), "labels": ["app": "p"]],
            "spec": ["containers": [["name": "c", "image": "i"]]],
        ]
        try await client.apply(pod, as: Pod.self)
        #expect(try await client.get(Pod.self, key).status.phase == .pending)
        // No node has it: the server says so, or has nothing to say.
        do {
            #expect(try await client.logs(key, LogOptions(container: "c", tailLines: 5)).isEmpty)
        } catch let error as APIError {
            #expect(error.isBadRequest)
        }
        try await client.evict(key, DeleteOptions(gracePeriodSeconds: 0))
        #expect(try await client.find(Pod.self, key) == nil)
    }

    @Test("Events are made and read")
    func events() async throws {
        let (client, namespace) = try await prepare()
        var event = Event(metadata: ObjectMeta(name: "e1", namespace: namespace))
        event.eventTime = MicroTime(.now)
        event.reportingController = "xdb-operator.github.io/operator"
        event.reportingInstance = "test"
        event.action = "Electing"
        event.reason = "LeaderElected"
        event.regarding = ObjectReference(apiVersion: "v1", kind: "Namespace", namespace: namespace, name: namespace)
        event.note = "orders-1 leads"
        let created = try await client.create(event, as: Event.self)
        #expect(created.reason == "LeaderElected")
        #expect(
            created.eventTime
                == MicroTime(
                    Time(
                        seconds: event.eventTime?.time.seconds ?? 0,
                        nanoseconds: (event.eventTime?.time.nanoseconds ?? 0) / 1000 * 1000
                    )
                )
        )
    }

    @Test("A certificate says who we are")
    func clientCertificate() async throws {
        let server = try await APIServer.sharedServer()
        let client = KubernetesClient(server.certificateConfiguration, fieldManager: "test")
        #expect(try await client.get(Namespace.self, ObjectKey(name: "default")).phase == "Active")
        var request = HTTPRequest(url: server.url + "/version")
        request.tls = TLSSettings(certificateAuthority: server.certificateAuthority)
        let response = try await client.transport.send(request)
        #expect(response.head.status == 200)
    }

    @Test("Who is not known is refused, and who may not is forbidden")
    func identities() async throws {
        let server = try await APIServer.sharedServer()
        var configuration = server.configuration
        configuration.identity = .token("wrong")
        let unknown = KubernetesClient(configuration, fieldManager: "test")
        let unauthorized = await #expect(throws: APIError.self) {
            try await unknown.get(Namespace.self, ObjectKey(name: "default"))
        }
        #expect(unauthorized?.isUnauthorized == true)
        configuration.identity = .token(APIServer.nobodyToken)
        let nobody = KubernetesClient(configuration, fieldManager: "test")
        let forbidden = await #expect(throws: APIError.self) {
            try await nobody.get(Namespace.self, ObjectKey(name: "default"))
        }
        #expect(forbidden?.isForbidden == true)
    }

    @Test("A server that is not the one that we trust")
    func trust() async throws {
        let server = try await APIServer.sharedServer()
        func reason(_ change: (inout Configuration) -> Void) async -> TransportError.Reason? {
            var configuration = server.configuration
            change(&configuration)
            let client = KubernetesClient(configuration, fieldManager: "test", limits: .init(attempts: 1))
            do {
                _ = try await client.get(path: "/version")
                return nil
            } catch {
                return (error as? TransportError)?.reason
            }
        }
        #expect(await reason { _ in } == nil)
        #expect(await reason { $0.certificateAuthority = nil } != nil)
        #expect(await reason { $0.certificateAuthority = .bytes([]) } != nil)
        #expect(await reason { $0.certificateAuthority = .bytes(Array("garbage".utf8)) } != nil)
        #expect(await reason { $0.serverName = "kubernetes.default.svc" } == nil)
        #expect(await reason { $0.serverName = "other.example" } == .untrusted)
        #expect(
            await reason {
                $0.certificateAuthority = nil
                $0.skipsVerification = true
            } == nil
        )
        #expect(
            await reason {
                $0.identity = .certificate(.bytes(Array("garbage".utf8)), key: .bytes(Array("garbage".utf8)))
            } == .invalidRequest
        )
    }

    @Test("Certificates that change are used for the next requests")
    func rotation() async throws {
        let server = try await APIServer.sharedServer()
        let folder = try KubeconfigTests.Folder()
        let wrong = try folder.write("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "ca.crt")
        var configuration = server.configuration
        configuration.certificateAuthority = .file(wrong)
        let client = KubernetesClient(configuration, fieldManager: "test", limits: .init(attempts: 1))
        await #expect(throws: TransportError.self) { try await client.get(path: "/version") }
        _ = try folder.write(String(decoding: server.certificateAuthority, as: UTF8.self), "ca.crt")
        // What a minute does.
        let current = try await client.credentials.current()
        #expect(await client.credentials.renew(insteadOf: current))
        _ = try await client.get(path: "/version")
    }

    @Test("A restart of the server ends watches, and requests wait for it")
    func restart() async throws {
        let server = try await APIServer.start()
        let client = KubernetesClient(server.configuration, fieldManager: "test")
        let stream = try await client.watch(Namespace.self, WatchOptions())
        let watching = Task {
            do { for try await _ in stream {} } catch is TransportError {}
        }
        try await Task.sleep(for: .milliseconds(300))
        try await server.restart()
        try await watching.value
        #expect(try await client.list(Namespace.self).items.contains { $0.metadata.name == "default" })
        // The new server remembers nothing from before its start.
        let error = await #expect(throws: APIError.self) {
            let options = WatchOptions(resourceVersion: "1", timeout: .seconds(5))
            for try await _ in try await client.watch(Namespace.self, options) {}
        }
        #expect(error?.isGone == true)
        await server.stop()
    }
}
