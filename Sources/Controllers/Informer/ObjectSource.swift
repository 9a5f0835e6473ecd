import Kubernetes
import KubernetesModel

/// Where a reflector gets the objects of one kind from: the API server, or a test.
protocol ObjectSource<Object>: Sendable {
    associatedtype Object: KubernetesObject

    /// True when the server starts a watch with a complete list on request.
    func offersStreamingLists() async throws -> Bool

    /// One page of a complete list. An empty `continuation` asks for the first, one in the answer for the next.
    /// Without a limit everything comes as one page.
    func page(limit: Int?, continuation: String) async throws -> ObjectList<Object>

    /// Hands over what happens after a version until the stream ends. Events that are whole only: a line that was
    /// cut off with the connection never arrives.
    func watch(
        _ request: SourceWatch,
        onEvent: @escaping @Sendable (WatchEvent<Object>) async -> Void
    ) async throws

    /// What an error of the two means for what to do next.
    func meaning(of error: any Error) -> SourceFailure
}

/// How to watch.
struct SourceWatch: Hashable, Sendable {
    /// The version to go on from; empty for a streaming list.
    var version: String
    /// Start with a complete list, ended by a bookmark.
    var sendInitialEvents: Bool
    /// When the server ends the watch.
    var timeoutSeconds: Int
    /// When we end it because nothing came.
    var idleDeadline: Duration
}

/// What a failed list or watch means.
enum SourceFailure: Equatable, Sendable {
    /// 410: the version or the continuation is too old.
    case expired
    /// The request was refused as such: what it asked for is not known there.
    case refused
    /// Nothing came until the idle deadline.
    case silent
    /// Try again later.
    case other
}
