public import KubernetesModel

extension KubernetesClient {
    /// Reads an object.
    public func get<Object: KubernetesObject>(_ type: Object.Type = Object.self, _ key: ObjectKey) async throws
        -> Object
    {
        var request = try APIRequest(object: type.resource, key)
        request.accept(type.mediaType, list: false)
        return try Object(json: try await send(request))
    }

    /// Reads an object; nil when there is none.
    public func find<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        _ key: ObjectKey
    ) async throws -> Object? {
        do {
            return try await get(type, key)
        } catch let error as APIError where error.isNotFound {
            return nil
        }
    }

    /// Reads all objects of a kind, page by page: of one namespace, or of all when it is empty.
    ///
    /// Starts again when the server has forgotten the version of the list between two pages.
    public func list<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        in namespace: String = "",
        _ options: ListOptions = ListOptions()
    ) async throws -> ObjectList<Object> {
        var result = ObjectList<Object>()
        var hasStartedAgain = false
        while true {
            do {
                let page = try await listPage(type, in: namespace, options, continuing: result.metadata.continuation)
                result.items.append(contentsOf: page.items)
                // Continued pages have the version of the first one.
                result.metadata = page.metadata
                if page.metadata.continuation.isEmpty { return result }
            } catch let error as APIError where error.isGone && !hasStartedAgain && !result.items.isEmpty {
                hasStartedAgain = true
                result = ObjectList()
            }
        }
    }

    /// Reads one page of a list; `continuing` is what the page before said.
    public func listPage<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        in namespace: String = "",
        _ options: ListOptions = ListOptions(),
        continuing: String = ""
    ) async throws -> ObjectList<Object> {
        var request = APIRequest(collection: type.resource, namespace: namespace)
        request.accept(type.mediaType, list: true)
        request.select(options.selection)
        request.query.append(("limit", String(options.pageSize)))
        if continuing.isEmpty {
            switch options.freshness {
            case .latest: break
            case .any: request.query.append(("resourceVersion", "0"))
            case .notOlderThan(let version):
                request.query.append(("resourceVersion", version))
                request.query.append(("resourceVersionMatch", "NotOlderThan"))
            }
        } else {
            request.query.append(("continue", continuing))
        }
        return try ObjectList(json: try await send(request))
    }

    /// Reads an object of any kind as a tree.
    public func get(_ resource: ResourceType, _ key: ObjectKey) async throws -> JSONValue {
        try JSONValue(json: try await send(try APIRequest(object: resource, key)))
    }

    /// Reads any path of the server, for example `/version`.
    public func get(path: String) async throws -> [UInt8] {
        try await send(APIRequest(path: path))
    }
}
