public import KubernetesModel

extension KubernetesClient {
    /// Watches a kind in one namespace, or in all when it is empty, until the server or the connection ends.
    ///
    /// This is one attempt: going on after its end, and listing when it is told so, is a reflector's task.
    public func watch<Object: KubernetesObject>(
        _ type: Object.Type = Object.self,
        in namespace: String = "",
        _ options: WatchOptions
    ) async throws -> WatchStream<Object> {
        var request = APIRequest(collection: type.resource, namespace: namespace)
        request.accept(type.mediaType, list: false)
        request.select(options.selection)
        request.query.append(("watch", "true"))
        request.query.append(("allowWatchBookmarks", "true"))
        request.query.append(("timeoutSeconds", String(options.timeout.components.seconds)))
        if !options.resourceVersion.isEmpty { request.query.append(("resourceVersion", options.resourceVersion)) }
        if options.sendsInitialEvents {
            request.query.append(("sendInitialEvents", "true"))
            request.query.append(("resourceVersionMatch", "NotOlderThan"))
        }
        let body = try await stream(request, idleTimeout: options.idleTimeout)
        return WatchStream(body: body, request: request.description)
    }
}
