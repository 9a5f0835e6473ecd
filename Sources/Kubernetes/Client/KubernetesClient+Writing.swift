public import KubernetesModel

extension KubernetesClient {
    /// Makes an object; `APIError.isAlreadyExists` when the name is taken.
    @discardableResult
    public func create<Object: KubernetesObject>(
        _ body: some JSONEncodable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        let body = Self.completed(JSONValue(body), type.resource)
        var request = APIRequest(collection: type.resource, namespace: Self.key(body).namespace)
        request.method = "POST"
        write(body, options, &request)
        return try Object(json: try await send(request))
    }

    /// Writes the fields of the body by server-side apply, making the object if it is not there.
    ///
    /// The name and the namespace are those in the body's metadata; `apiVersion` and `kind` are filled in. Fields that
    /// this field manager had applied before and that the body no longer has are removed.
    @discardableResult
    public func apply<Object: KubernetesObject>(
        _ body: some JSONEncodable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try Object(json: try await apply(JSONValue(body), type.resource, "", options))
    }

    /// Writes fields of the status by server-side apply.
    ///
    /// With a resource version in the body's metadata it is a conflict when the object has changed.
    @discardableResult
    public func applyStatus<Object: KubernetesObject>(
        _ body: some JSONEncodable,
        as type: Object.Type = Object.self,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try Object(json: try await apply(JSONValue(body), type.resource, "status", options))
    }

    /// Writes an object of any kind by server-side apply.
    @discardableResult
    public func apply(
        _ body: JSONValue,
        resource: ResourceType,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> JSONValue {
        try JSONValue(json: try await apply(body, resource, "", options))
    }

    /// Replaces an object as a whole; a conflict when it has changed since it was read.
    @discardableResult
    public func update<Object: KubernetesObject & JSONEncodable>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try await update(object, "", options)
    }

    /// Replaces the status of an object; a conflict when the object has changed since it was read.
    @discardableResult
    public func updateStatus<Object: KubernetesObject & JSONEncodable>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try await update(object, "status", options)
    }

    /// Changes fields by a JSON merge patch (RFC 7396): null removes.
    ///
    /// With a resource version it is a conflict when the object has changed.
    @discardableResult
    public func patch<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        _ key: ObjectKey,
        _ patch: JSONValue,
        resourceVersion: String? = nil,
        subresource: String = "",
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        var body = patch
        if let resourceVersion {
            body = body.merging(["metadata": ["resourceVersion": .string(resourceVersion)]])
        }
        var request = try APIRequest(object: type.resource, key, subresource: subresource)
        request.method = "PATCH"
        request.contentType = "application/merge-patch+json"
        write(body, options, &request)
        return try Object(json: try await send(request))
    }

    private func apply(
        _ body: JSONValue,
        _ resource: ResourceType,
        _ subresource: String,
        _ options: WriteOptions
    ) async throws -> [UInt8] {
        let body = Self.completed(body, resource)
        var request = try APIRequest(object: resource, Self.key(body), subresource: subresource)
        request.method = "PATCH"
        // YAML by name; JSON is YAML.
        request.contentType = "application/apply-patch+yaml"
        write(body, options, &request)
        request.query.append(("force", options.takesOver ? "true" : "false"))
        return try await send(request)
    }

    private func update<Object: KubernetesObject & JSONEncodable>(
        _ object: Object,
        _ subresource: String,
        _ options: WriteOptions
    ) async throws -> Object {
        var request = try APIRequest(object: Object.resource, object.key, subresource: subresource)
        request.method = "PUT"
        write(Self.completed(JSONValue(object), Object.resource), options, &request)
        return try Object(json: try await send(request))
    }

    private func write(_ body: JSONValue, _ options: WriteOptions, _ request: inout APIRequest) {
        request.body = body.json
        request.query.append(("fieldManager", fieldManager))
        if options.isDryRun { request.query.append(("dryRun", "All")) }
    }

    /// The body with its kind.
    private static func completed(_ body: JSONValue, _ resource: ResourceType) -> JSONValue {
        var body = body
        body["apiVersion"] = .string(resource.apiVersion)
        body["kind"] = .string(resource.kind)
        return body
    }

    private static func key(_ body: JSONValue) -> ObjectKey {
        ObjectKey(
            namespace: body[path: "metadata", "namespace"]?.stringValue ?? "",
            name: body[path: "metadata", "name"]?.stringValue ?? ""
        )
    }
}
