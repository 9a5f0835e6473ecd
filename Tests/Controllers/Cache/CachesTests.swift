import KubernetesModel
import Testing

@testable import Controllers

@Suite struct CachesTests {
    private func map(_ name: String, _ version: String = "1", in namespace: String = "ns") -> ConfigMap {
        var metadata = ObjectMeta(name: name, namespace: namespace)
        metadata.resourceVersion = version
        metadata.uid = "uid-\(name)"
        metadata.labels = ["name": name]
        return ConfigMap(metadata: metadata)
    }

    @Test func `a read of a kind that is not cached is an error`() {
        let caches = Caches()
        #expect(throws: CacheError.notCached(ConfigMap.resource)) {
            try caches.get(ConfigMap.self, ObjectKey(namespace: "ns", name: "a"))
        }
    }

    @Test func `a read before the first list is an error, and so is one out of scope`() throws {
        let caches = Caches()
        let cache = Cache<ConfigMap>(scope: CacheScope(namespace: "ns"))
        caches.add(cache)
        #expect(throws: CacheError.notSynced(ConfigMap.resource)) { try caches.list(ConfigMap.self) }
        cache.replace(with: [map("b"), map("a")], version: "5")
        #expect(try caches.list(ConfigMap.self).map(\.metadata.name) == ["a", "b"])
        #expect(try caches.list(ConfigMap.self, labels: ["name": "b"]).map(\.metadata.name) == ["b"])
        #expect(throws: CacheError.outOfScope(ConfigMap.resource, namespace: "other")) {
            try caches.list(ConfigMap.self, namespace: "other")
        }
        #expect(throws: CacheError.noIndex(ConfigMap.resource, "owner")) {
            try caches.list(ConfigMap.self, ownedBy: "uid")
        }
    }

    @Test func `own writes outside of the scope are not kept`() throws {
        let cache = Cache<ConfigMap>(scope: CacheScope(namespace: "ns", labels: ["name": "a"]))
        cache.replace(with: [], version: "5")
        cache.wrote(map("a", "6", in: "other"))
        cache.wrote(map("b", "7"))
        #expect(cache.count == 0)
        cache.wrote(map("a", "8"))
        #expect(cache.count == 1)
    }

    @Test func `handlers see what is there, what comes, and which of it is the first list`() {
        let cache = Cache<ConfigMap>()
        let seen = Shared<[String]>([])
        cache.onChange { change, isInitial in
            seen.change { $0.append("\(change.object.metadata.name) \(isInitial)") }
        }
        cache.replace(with: [map("a")], version: "5")
        cache.wrote(map("b", "6"))
        cache.watched(map("b", "6"))
        #expect(seen.value == ["a true", "b false"])
    }

    @Test func `waiting for the first list ends with it, and with cancellation`() async throws {
        let cache = Cache<ConfigMap>()
        let waiting = Task { try await cache.waitForSync() }
        let cancelled = Task { try await cache.waitForSync() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        cache.replace(with: [], version: "1")
        try await waiting.value
    }

    @Test func `the scope's labels are part of the selector`() {
        #expect(CacheScope(labels: ["b": "2", "a": "1"], labelSelector: "c in (3)").selector == "a=1,b=2,c in (3)")
    }
}
