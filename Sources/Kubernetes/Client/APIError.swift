public import KubernetesModel

/// The API server said no.
///
/// What it said is inside.
public struct APIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the API server said.
    public var status: APIStatus
    /// The method and the path of the request.
    public var request: String

    /// An error of a request.
    public init(_ status: APIStatus, request: String) {
        self.status = status
        self.request = request
    }

    /// The object, or the kind, is not there.
    public var isNotFound: Bool { status.code == 404 }
    /// The name is taken.
    public var isAlreadyExists: Bool { status.code == 409 && status.reason == "AlreadyExists" }
    /// The object has changed since it was read, or another field manager owns a field.
    public var isConflict: Bool { status.code == 409 && status.reason != "AlreadyExists" }
    /// The resource version, or the page of the list, is too old: list again.
    public var isGone: Bool { status.code == 410 }
    /// The object breaks a rule; the causes name the fields.
    public var isInvalid: Bool { status.code == 422 }
    /// The request is malformed.
    public var isBadRequest: Bool { status.code == 400 }
    /// The credentials are not accepted.
    public var isUnauthorized: Bool { status.code == 401 }
    /// RBAC or an admission rule forbids it.
    public var isForbidden: Bool { status.code == 403 }
    /// Too many requests; for an eviction: the disruption budget forbids it now.
    public var isTooManyRequests: Bool { status.code == 429 }
    /// The server did not finish in time, so that nobody knows whether it did what was asked.
    public var isTimeout: Bool { status.code == 504 }
    /// The namespace is being deleted, so that nothing can be made in it.
    public var isNamespaceTerminating: Bool {
        isForbidden && status.causes.contains { $0.reason == "NamespaceTerminating" }
    }

    /// What the server said, and to what.
    public var description: String { "\(request): \(status.message) (\(status.code) \(status.reason))" }
}

extension Error {
    /// The error as the API server's, when it is one.
    public var asAPIError: APIError? { self as? APIError }
}
