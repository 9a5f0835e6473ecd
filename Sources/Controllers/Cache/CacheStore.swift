import KubernetesModel

/// The objects of a cache and the rules by which they change: no lock, no task.
///
/// There are two sources: the watch, which is complete but late, and the answers to the program's own writes, which
/// are early but say nothing of others' writes. The rule that joins them is that no object ever goes backwards: of
/// two versions of an object the later one stays, whichever came first.
struct CacheStore<Object: KubernetesObject>: Sendable {
    /// What an index is made of.
    private let indexes: [CacheIndex<Object>]
    private(set) var objects: [ObjectKey: Object] = [:]
    private var indexed: [[String: Set<ObjectKey>]]
    /// Up to where the watch has come: whatever happened up to this version has been seen.
    private(set) var version = ResourceVersion("")
    /// Objects whose deletion we saw done ourselves, by uid, until the watch says so too.
    private var tombstones: [String: ObjectKey] = [:]

    init(indexes: [CacheIndex<Object>]) {
        self.indexes = indexes
        indexed = Array(repeating: [:], count: indexes.count)
    }

    /// Takes a complete list in place of what is here.
    mutating func replace(with list: [Object], version listed: ResourceVersion) -> [CacheChange<Object>] {
        var changes: [CacheChange<Object>] = []
        var listedKeys = Set<ObjectKey>(minimumCapacity: list.count)
        // Those tombstones that the list confirms are done with; the others still hide a stale entry of the list.
        let listedUIDs = tombstones.isEmpty ? [] : Set(list.map(\.metadata.uid))
        tombstones = tombstones.filter { listedUIDs.contains($0.key) }
        version = listed
        for object in list {
            listedKeys.insert(object.key)
            if let change = put(object) { changes.append(change) }
        }
        for (key, old) in objects where !listedKeys.contains(key) {
            // What we wrote after the moment of the list is not in it, and is there all the same.
            if ResourceVersion(old.metadata.resourceVersion).isLater(than: listed) { continue }
            if let change = take(key) { changes.append(change) }
        }
        return changes
    }

    /// Takes an addition or a modification from the watch.
    mutating func watched(_ object: Object) -> CacheChange<Object>? {
        version = version.later(ResourceVersion(object.metadata.resourceVersion))
        return put(object)
    }

    /// Takes a deletion from the watch.
    mutating func watchedDeletion(of object: Object) -> CacheChange<Object>? {
        let deletion = ResourceVersion(object.metadata.resourceVersion)
        version = version.later(deletion)
        tombstones[object.metadata.uid] = nil
        guard let cached = objects[object.key] else { return nil }
        let isSuccessor = cached.metadata.uid != object.metadata.uid
        if isSuccessor, !deletion.isLater(than: ResourceVersion(cached.metadata.resourceVersion)) { return nil }
        return take(object.key)
    }

    /// Takes the watch's word that nothing happened up to a version.
    mutating func bookmark(_ version: ResourceVersion) {
        self.version = self.version.later(version)
    }

    /// Takes the object out of the answer to a write of our own.
    mutating func wrote(_ object: Object) -> CacheChange<Object>? {
        let written = ResourceVersion(object.metadata.resourceVersion)
        // The watch is past that version and has no such object: it has been deleted since, or is none of ours.
        if objects[object.key] == nil, !written.isLater(than: version) { return nil }
        return put(object)
    }

    /// Takes note that our deletion of an object is done: the server answered that it is gone.
    mutating func deleted(_ key: ObjectKey, uid: String) -> CacheChange<Object>? {
        guard let cached = objects[key], cached.metadata.uid == uid else { return nil }
        tombstones[uid] = key
        return take(key)
    }

    /// The keys of the objects for which an index has a value; nil when there is no such index.
    func keys(index name: String, value: String) -> Set<ObjectKey>? {
        guard let position = indexes.firstIndex(where: { $0.name == name }) else { return nil }
        return indexed[position][value] ?? []
    }

    // MARK: -

    private mutating func put(_ object: Object) -> CacheChange<Object>? {
        if tombstones[object.metadata.uid] != nil { return nil }
        let key = object.key
        let old = objects[key]
        if let old {
            let new = ResourceVersion(object.metadata.resourceVersion)
            guard new.isLater(than: ResourceVersion(old.metadata.resourceVersion)) else { return nil }
            unindex(old, key)
        }
        objects[key] = object
        for (position, index) in indexes.enumerated() {
            for value in index.values(object) { indexed[position][value, default: []].insert(key) }
        }
        return old.map { .updated(old: $0, new: object) } ?? .added(object)
    }

    private mutating func take(_ key: ObjectKey) -> CacheChange<Object>? {
        guard let old = objects.removeValue(forKey: key) else { return nil }
        unindex(old, key)
        return .deleted(old)
    }

    private mutating func unindex(_ object: Object, _ key: ObjectKey) {
        for (position, index) in indexes.enumerated() {
            for value in index.values(object) {
                indexed[position][value]?.remove(key)
                if indexed[position][value]?.isEmpty == true { indexed[position][value] = nil }
            }
        }
    }
}

/// The API server's version of an object or of a list.
///
/// The versions of one kind are numbers that rise (etcd's revision), which Kubernetes promises since 1.35 and has
/// always done. A server that uses something else gives versions that cannot be compared: then what comes later is
/// taken to be later.
struct ResourceVersion: Hashable, Sendable {
    let text: String
    private let number: UInt64?

    init(_ text: String) {
        self.text = text
        number = UInt64(text)
    }

    func isLater(than other: ResourceVersion) -> Bool {
        if let number, let otherNumber = other.number { return number > otherNumber }
        return text != other.text
    }

    func later(_ other: ResourceVersion) -> ResourceVersion { other.isLater(than: self) ? other : self }
}
