import Kubernetes
import KubernetesModel

/// Events on an API server.
struct ClientEventSink: EventSink {
    let client: KubernetesClient

    func create(_ event: Event) async throws {
        do {
            _ = try await client.create(event, as: Event.self)
        } catch let error as APIError where error.isAlreadyExists {
            // The answer to an attempt before this one was lost.
        }
    }

    func setSeries(namespace: String, name: String, _ series: Event.Series) async throws {
        let key = ObjectKey(namespace: namespace, name: name)
        _ = try await client.patch(Event.self, key, ["series": JSONValue(series)])
    }

    func isGone(_ error: any Error) -> Bool { error.asAPIError?.isNotFound ?? false }
}
