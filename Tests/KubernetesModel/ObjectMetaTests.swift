import KubernetesModel
import Testing

@Suite("Object metadata")
struct ObjectMetaTests {
    @Test("It survives a round trip, without managed fields")
    func roundTrip() throws {
        let pod = try Pod(json: Samples.pod)
        #expect(try ObjectMeta(json: pod.metadata.json) == pod.metadata)
        #expect(!String(decoding: pod.metadata.json, as: UTF8.self).contains("managedFields"))
        #expect(pod.metadata.controller?.name == "orders")
        #expect(pod.metadata.isOwned(by: "u1"))
        #expect(!pod.metadata.isBeingDeleted)
    }

    @Test("Absent and empty fields are not written")
    func empty() {
        #expect(String(decoding: ObjectMeta(name: "a").json, as: UTF8.self) == #"{"name":"a"}"#)
    }

    @Test("Only metadata of a kind")
    func partial() throws {
        let pod = try PartialObjectMetadata<Pod>(json: Samples.pod)
        #expect(pod.key == ObjectKey(namespace: "default", name: "orders-0"))
        #expect(PartialObjectMetadata<Pod>.resource == Pod.resource)
        #expect(PartialObjectMetadata<Pod>.mediaType == .metadata)
    }
}
