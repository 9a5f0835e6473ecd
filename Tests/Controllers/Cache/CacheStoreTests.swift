import KubernetesModel
import Testing

@testable import Controllers

@Suite struct CacheStoreTests {
    typealias Store = CacheStore<ConfigMap>

    private func map(_ name: String, _ version: Int, uid: String? = nil, labels: [String: String] = [:]) -> ConfigMap {
        var metadata = ObjectMeta(name: name, namespace: "ns")
        metadata.resourceVersion = String(version)
        metadata.uid = uid ?? "uid-\(name)"
        metadata.labels = labels
        return ConfigMap(metadata: metadata)
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "ns", name: name) }

    private func versions(_ store: Store) -> [String: String] {
        Dictionary(uniqueKeysWithValues: store.objects.map { ($0.key.name, $0.value.metadata.resourceVersion) })
    }

    private func listed(_ objects: ConfigMap..., version: Int = 10) -> Store {
        var store = Store(indexes: [.label("app"), .owner])
        _ = store.replace(with: objects, version: ResourceVersion(String(version)))
        return store
    }

    @Test func `an own write is there before the watch tells it, and the watch's older word does not undo it`() {
        var store = listed(map("a", 5))
        #expect(store.wrote(map("a", 20)) != nil)
        #expect(store.watched(map("a", 15)) == nil)
        #expect(versions(store) == ["a": "20"])
        #expect(store.watched(map("a", 20)) == nil, "the same version is no change")
        #expect(store.watched(map("a", 21)) != nil)
    }

    @Test func `an answer that comes after later news is ignored`() {
        var store = listed(map("a", 5))
        _ = store.watched(map("a", 21))
        #expect(store.wrote(map("a", 20)) == nil)
        #expect(versions(store) == ["a": "21"])
    }

    @Test func `an answer does not bring back what was deleted since`() {
        var store = listed(map("a", 5))
        _ = store.watchedDeletion(of: map("a", 30))
        #expect(store.wrote(map("a", 20)) == nil)
        #expect(store.objects.isEmpty)
    }

    @Test func `a list that is older than an own write keeps the write`() {
        var store = listed(map("a", 5))
        _ = store.wrote(map("a", 40))
        _ = store.wrote(map("new", 41))
        let changes = store.replace(with: [map("a", 5), map("b", 30)], version: ResourceVersion("35"))
        #expect(versions(store) == ["a": "40", "b": "30", "new": "41"])
        #expect(changes.count == 1)
    }

    @Test func `a list removes what is not in it`() {
        var store = listed(map("a", 5), map("b", 6))
        let changes = store.replace(with: [map("b", 6)], version: ResourceVersion("50"))
        #expect(versions(store) == ["b": "6"])
        guard case .deleted(let gone)? = changes.first else { return #expect(Bool(false), "a deletion was expected") }
        #expect(gone.key == key("a"))
    }

    @Test func `an own deletion is not undone by the watch's older word`() {
        var store = listed(map("a", 5))
        #expect(store.deleted(key("a"), uid: "uid-a") != nil)
        #expect(store.watched(map("a", 12)) == nil)
        #expect(store.objects.isEmpty)
        #expect(store.watchedDeletion(of: map("a", 13)) == nil)
        #expect(store.watched(map("a", 14, uid: "another")) != nil, "a successor of the same name is another object")
    }

    @Test func `an own deletion of an object that has a successor does nothing`() {
        var store = listed(map("a", 5, uid: "second"))
        #expect(store.deleted(key("a"), uid: "first") == nil)
        #expect(versions(store) == ["a": "5"])
    }

    @Test func `the late deletion of a predecessor leaves the successor that we made`() {
        var store = listed(map("a", 5, uid: "first"))
        _ = store.deleted(key("a"), uid: "first")
        _ = store.wrote(map("a", 30, uid: "second"))
        #expect(store.watchedDeletion(of: map("a", 25, uid: "first")) == nil)
        #expect(versions(store) == ["a": "30"])
    }

    @Test func `indexes follow every change`() {
        var store = listed(map("a", 5, labels: ["app": "x"]), map("b", 6, labels: ["app": "x"]))
        #expect(store.keys(index: "label:app", value: "x") == [key("a"), key("b")])
        _ = store.watched(map("a", 11, labels: ["app": "y"]))
        #expect(store.keys(index: "label:app", value: "x") == [key("b")])
        #expect(store.keys(index: "label:app", value: "y") == [key("a")])
        _ = store.watchedDeletion(of: map("a", 12))
        #expect(store.keys(index: "label:app", value: "y") == [])
        #expect(store.keys(index: "unknown", value: "y") == nil)
    }

    /// A server's history, told by the watch in order, and by answers to writes at any time after they happened:
    /// the cache never goes backwards and ends as the server.
    @Test(arguments: 0..<200)
    func `ends as the server whatever the order of the news`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var server: [String: ConfigMap] = [:]
        var history: [(object: ConfigMap, isDeletion: Bool)] = []
        var version = 10
        for _ in 0..<60 {
            version += 1
            let name = "m\(Int.random(in: 0..<5, using: &random))"
            if let old = server[name], Int.random(in: 0..<3, using: &random) == 0 {
                server[name] = nil
                history.append((map(name, version, uid: old.metadata.uid), true))
            } else {
                let object = map(name, version, uid: server[name]?.metadata.uid ?? "uid-\(version)")
                server[name] = object
                history.append((object, false))
            }
        }
        var store = listed()
        var told = 0
        var shown: [ObjectKey: UInt64] = [:]
        while told < history.count {
            // An answer comes after its write; the watch may be anywhere before or behind it.
            let happened = min(history.count, told + Int.random(in: 1...8, using: &random))
            if Bool.random(using: &random), let write = history[..<happened].randomElement(using: &random) {
                if write.isDeletion {
                    _ = store.deleted(write.object.key, uid: write.object.metadata.uid)
                } else if !history[..<happened].contains(where: {
                    $0.isDeletion && $0.object.metadata.uid == write.object.metadata.uid
                }) {
                    _ = store.wrote(write.object)
                }
            } else {
                let news = history[told]
                told += 1
                _ = news.isDeletion ? store.watchedDeletion(of: news.object) : store.watched(news.object)
            }
            for (key, object) in store.objects {
                let now = UInt64(object.metadata.resourceVersion) ?? 0
                #expect(now >= shown[key, default: 0], "went backwards")
                shown[key] = now
            }
        }
        #expect(versions(store) == server.mapValues(\.metadata.resourceVersion))
    }
}
