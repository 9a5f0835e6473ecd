public import KubernetesModel

extension KubernetesClient {
    /// Reads the log of a container as it is.
    public func logs(_ pod: ObjectKey, _ options: LogOptions = LogOptions()) async throws -> String {
        let request = try Self.logRequest(pod, options)
        return String(decoding: try await send(request), as: UTF8.self)
    }

    /// Reads the log of a container as it grows, until the container ends.
    ///
    /// No data for long is nothing unusual.
    public func followLogs(_ pod: ObjectKey, _ options: LogOptions = LogOptions()) async throws -> HTTPBody {
        var request = try Self.logRequest(pod, options)
        request.query.append(("follow", "true"))
        return try await stream(request, idleTimeout: nil)
    }

    private static func logRequest(_ pod: ObjectKey, _ options: LogOptions) throws -> APIRequest {
        var request = try APIRequest(object: Pod.resource, pod, subresource: "log")
        // The kubelet sends plain text; the API server's own errors come as JSON.
        request.accept = "text/plain, application/json, */*"
        if !options.container.isEmpty { request.query.append(("container", options.container)) }
        if let lines = options.tailLines { request.query.append(("tailLines", String(lines))) }
        if let seconds = options.sinceSeconds { request.query.append(("sinceSeconds", String(seconds))) }
        if options.isPrevious { request.query.append(("previous", "true")) }
        return request
    }
}
