public import Kubernetes
public import KubernetesModel

/// Writes objects, and puts the answers into the caches: the next reconcile sees what this one wrote, although the
/// watch has not told it yet.
public struct ObjectWriter: Sendable {
    /// Where it writes to; writes made with it directly are seen only when the watch tells them.
    public let client: KubernetesClient
    private let caches: Caches

    /// A writer through the client.
    public init(client: KubernetesClient, caches: Caches) {
        self.client = client
        self.caches = caches
    }

    /// Makes an object; `APIError.isAlreadyExists` when the name is taken.
    @discardableResult
    public func create<Object: KubernetesObject>(
        _ body: some JSONEncodable & Sendable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        seen(try await client.create(body, as: type, options), options)
    }

    /// Writes the fields of the body by server-side apply, making the object if it is not there.
    @discardableResult
    public func apply<Object: KubernetesObject>(
        _ body: some JSONEncodable & Sendable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        seen(try await client.apply(body, as: type, options), options)
    }

    /// Writes fields of the status by server-side apply.
    ///
    /// With a resource version in the body's metadata it is a conflict when the object has changed.
    @discardableResult
    public func applyStatus<Object: KubernetesObject>(
        _ body: some JSONEncodable & Sendable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        seen(try await client.applyStatus(body, as: type, options), options)
    }

    /// Replaces the status of an object; a conflict when the object has changed since it was read.
    @discardableResult
    public func updateStatus<Object: KubernetesObject & JSONEncodable>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        seen(try await client.updateStatus(object, options), options)
    }

    /// Changes fields by a JSON merge patch; with a resource version a conflict when the object has changed.
    @discardableResult
    public func patch<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        _ key: ObjectKey,
        _ patch: JSONValue,
        resourceVersion: String? = nil,
        subresource: String = "",
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        let written = try await client.patch(
            type,
            key,
            patch,
            resourceVersion: resourceVersion,
            subresource: subresource,
            options
        )
        return seen(written, options)
    }

    /// Deletes an object; nothing to do when there is none.
    ///
    /// With a `uid` in the options only that very object.
    public func delete<Object: KubernetesObject>(
        _ type: Object.Type,
        _ key: ObjectKey,
        _ options: DeleteOptions = DeleteOptions()
    ) async throws {
        do {
            try await client.delete(type, key, options)
        } catch let error as APIError where error.isNotFound {
            // As it should be.
        }
        guard !options.isDryRun, let cached = try? caches.get(type, key) else { return }
        // It may be gone, or wait for its finalizers or for the kubelet: the cache takes what is true now.
        if let left = try await client.find(type, key), left.metadata.uid == cached.metadata.uid {
            caches.wrote(left)
        } else {
            caches.deleted(type, key, uid: cached.metadata.uid)
        }
    }

    // MARK: Finalizers

    /// Adds a finalizer, so that the object is not gone before `removeFinalizer`.
    ///
    /// Nothing to do when it is there.
    @discardableResult
    public func addFinalizer<Object: KubernetesObject>(_ finalizer: String, to object: Object) async throws -> Object {
        guard let patch = FinalizerPatch.adding(finalizer, to: object.metadata) else { return object }
        return try await self.patch(
            Object.self,
            object.key,
            patch,
            resourceVersion: object.metadata.resourceVersion
        )
    }

    /// Removes a finalizer; when it was the last of an object that is being deleted, the object goes.
    ///
    /// Nothing to do when it is not there, or when the object is gone.
    public func removeFinalizer<Object: KubernetesObject>(_ finalizer: String, from object: Object) async throws {
        guard let patch = FinalizerPatch.removing(finalizer, from: object.metadata) else { return }
        do {
            let left = try await client.patch(
                Object.self,
                object.key,
                patch,
                resourceVersion: object.metadata.resourceVersion
            )
            if left.metadata.isBeingDeleted, left.metadata.finalizers.isEmpty {
                caches.deleted(Object.self, object.key, uid: object.metadata.uid)
            } else {
                caches.wrote(left)
            }
        } catch let error as APIError where error.isNotFound {
            caches.deleted(Object.self, object.key, uid: object.metadata.uid)
        }
    }

    private func seen<Object: KubernetesObject>(_ object: Object, _ options: WriteOptions) -> Object {
        if !options.isDryRun { caches.wrote(object) }
        return object
    }
}

/// The merge patches that change an object's finalizers.
///
/// The whole list is written, so they go with the resource version of the object that they were made from.
enum FinalizerPatch {
    static func adding(_ finalizer: String, to metadata: ObjectMeta) -> JSONValue? {
        // A finalizer cannot be added to what is being deleted; the server says so, and rightly.
        guard !metadata.finalizers.contains(finalizer) else { return nil }
        return patch(metadata.finalizers + [finalizer])
    }

    static func removing(_ finalizer: String, from metadata: ObjectMeta) -> JSONValue? {
        guard metadata.finalizers.contains(finalizer) else { return nil }
        return patch(metadata.finalizers.filter { $0 != finalizer })
    }

    private static func patch(_ finalizers: [String]) -> JSONValue {
        ["metadata": ["finalizers": .array(finalizers.map { .string($0) })]]
    }
}
