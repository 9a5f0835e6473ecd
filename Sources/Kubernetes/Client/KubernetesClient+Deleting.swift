public import KubernetesModel

extension KubernetesClient {
    /// Deletes an object, or asks for it when finalizers hold it.
    ///
    /// Throws `APIError.isNotFound` when there is none, and `isConflict` when a precondition does not hold.
    public func delete<Object: KubernetesObject>(
        _ type: Object.Type,
        _ key: ObjectKey,
        _ options: DeleteOptions = DeleteOptions()
    ) async throws {
        try await delete(type.resource, key, options)
    }

    /// Deletes an object of any kind.
    public func delete(_ resource: ResourceType, _ key: ObjectKey, _ options: DeleteOptions) async throws {
        var request = try APIRequest(object: resource, key)
        request.method = "DELETE"
        request.body = options.json.json
        _ = try await send(request)
    }

    /// Asks a pod to go, as its disruption budget allows.
    ///
    /// `APIError.isTooManyRequests` says that it does not now.
    public func evict(_ pod: ObjectKey, _ options: DeleteOptions = DeleteOptions()) async throws {
        let version = try await discoveryCache.evictionVersion(self)
        var request = try APIRequest(object: Pod.resource, pod, subresource: "eviction")
        request.method = "POST"
        let body: JSONValue = [
            "apiVersion": "policy/\(version)",
            "kind": "Eviction",
            "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace)],
            "deleteOptions": options.json,
        ]
        request.body = body.json
        _ = try await send(request)
    }
}

extension DeleteOptions {
    fileprivate var json: JSONValue {
        let preconditions: JSONValue = [
            "uid": JSONValue(uid),
            "resourceVersion": JSONValue(resourceVersion),
        ]
        let body: JSONValue = [
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": .string(propagation.rawValue),
            "gracePeriodSeconds": JSONValue(gracePeriodSeconds),
            "preconditions": uid == nil && resourceVersion == nil ? nil : preconditions,
            "dryRun": isDryRun ? ["All"] : nil,
        ]
        return body.withoutNulls
    }
}
