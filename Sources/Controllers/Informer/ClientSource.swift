import Kubernetes
import KubernetesModel

/// The objects of one kind as an API server has them.
struct ClientSource<Object: KubernetesObject>: ObjectSource {
    let client: KubernetesClient
    let scope: CacheScope

    private var selection: Selection { Selection(labels: scope.selector, fields: scope.fieldSelector) }

    func offersStreamingLists() async throws -> Bool { try await client.discovery.streamsLists }

    func page(limit: Int?, continuation: String) async throws -> ObjectList<Object> {
        // The server counts 0 as no limit.
        let options = ListOptions(selection, freshness: .latest, pageSize: limit ?? 0)
        return try await client.listPage(Object.self, in: scope.namespace ?? "", options, continuing: continuation)
    }

    func watch(
        _ request: SourceWatch,
        onEvent: @escaping @Sendable (WatchEvent<Object>) async -> Void
    ) async throws {
        let options = WatchOptions(
            selection,
            resourceVersion: request.version,
            sendsInitialEvents: request.sendInitialEvents,
            timeout: .seconds(request.timeoutSeconds),
            idleTimeout: request.idleDeadline
        )
        let stream = try await client.watch(Object.self, in: scope.namespace ?? "", options)
        for try await event in stream { await onEvent(event) }
    }

    func meaning(of error: any Error) -> SourceFailure {
        if let error = error as? TransportError { return error.reason == .idleTimeout ? .silent : .other }
        guard let error = error as? APIError else { return .other }
        if error.isGone { return .expired }
        if error.isBadRequest || error.isInvalid { return .refused }
        return .other
    }
}
