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

    /// The server has understood what was asked, and would say no again until somebody changes the request, a rule or a
    /// right.
    public var isRefusal: Bool {
        switch status.code {
        // It is not there, has changed, comes too often, or was asked by somebody whose token is being renewed.
        case 401, 404, 408, 409, 410, 429: false
        case 403: !isNamespaceTerminating && !Self.passing.contains { status.message.contains($0) }
        case 400..<500: true
        // An admission webhook that cannot be asked, and must be.
        case 500: status.message.contains("failed calling webhook")
        default: false
        }
    }

    /// What admission says while the server starts, or while a quota is new.
    private static let passing = ["not yet ready to handle request", "status unknown for quota"]

    /// What the server said, and to what.
    public var description: String { "\(request): \(status.message) (\(status.code) \(status.reason))" }
}

extension Error {
    /// The error as the API server's, when it is one.
    public var asAPIError: APIError? { self as? APIError }
}
