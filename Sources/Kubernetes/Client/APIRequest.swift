import KubernetesModel

/// A request to the API server before it has credentials and a connection.
struct APIRequest: Sendable {
    var method = "GET"
    var path: String
    var query: [(name: String, value: String)] = []
    var accept = "application/json"
    var contentType = "application/json"
    var body: [UInt8]?
    /// For metrics.
    var resource = ""

    /// The path of a kind's collection; of all namespaces when the kind has namespaces and none is given.
    init(collection type: ResourceType, namespace: String) {
        var path = type.group.isEmpty ? "/api/\(type.version)" : "/apis/\(type.group)/\(type.version)"
        if type.isNamespaced, !namespace.isEmpty { path += "/namespaces/\(namespace.percentEncoded)" }
        self.path = "\(path)/\(type.plural)"
        self.resource = type.plural
    }

    /// The path of an object, or of one of its subresources.
    ///
    /// A name that is missing would make the request one about the whole collection, so it is an error.
    init(object type: ResourceType, _ key: ObjectKey, subresource: String = "") throws {
        guard !key.name.isEmpty, !type.isNamespaced || !key.namespace.isEmpty else {
            let message = "the object '\(key)' of \(type) has no name or no namespace"
            throw APIError(APIStatus(code: 400, reason: "BadRequest", message: message), request: "(not sent)")
        }
        self.init(collection: type, namespace: key.namespace)
        path += "/\(key.name.percentEncoded)"
        if !subresource.isEmpty { path += "/\(subresource)" }
    }

    /// Any path, for example `/version`.
    init(path: String) {
        self.path = path
    }

    /// Asks for whole objects or for metadata only.
    mutating func accept(_ type: MediaType, list: Bool) {
        switch type {
        case .json: accept = "application/json"
        case .metadata:
            accept = "application/json;as=PartialObjectMetadata\(list ? "List" : "");g=meta.k8s.io;v=v1"
        }
    }

    /// Adds the parameters of a selection.
    mutating func select(_ selection: Selection) {
        if !selection.labels.isEmpty { query.append(("labelSelector", selection.labels)) }
        if !selection.fields.isEmpty { query.append(("fieldSelector", selection.fields)) }
    }

    /// Path and query.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\($0.value.percentEncoded)" }.joined(separator: "&")
    }

    /// For errors and logs.
    var description: String { "\(method) \(path)" }

    /// Repeating it has no other effect than sending it once.
    var isIdempotent: Bool { method != "POST" }
}
